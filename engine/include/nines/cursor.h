// Cursors: how a store hands out one server's results and day summaries.
//
// Threads: each cursor from one thread at a time. One that outlives its store returns `closed`.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include <nines/result.h>
#include <nines/segment.h>
#include <nines/summary.h>
#include <nines/types.h>

namespace nines {

/// Times of a server whose stored results cannot be read: whether there are any is not known.
struct Hole {
  Window window;
  Error error;  ///< `corruption`, with the key
};

/// One server's results in a window, segment by segment. Within a location times ascend from segment to segment; where
/// a server has several locations their segments alternate.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// The next segment, or null at the end. Its spans are valid until the next call on this cursor.
  ///
  /// After `corruption`, which names the key, the cursor stands behind what is damaged: another call goes on there, and
  /// holes() has the times that were passed over. Other errors come again: `io` and `unavailable` may pass with a new
  /// cursor; `closed` does not, nor `not_found`: the server was removed meanwhile, and what was read may be a part of
  /// its results.
  [[nodiscard]] virtual Result<const Segment*> next() = 0;
  /// The damaged stretches that were met so far, ascending.
  [[nodiscard]] virtual std::span<const Hole> holes() const noexcept { return {}; }
  [[nodiscard]] virtual const ScanCost& cost() const noexcept = 0;

  /// Calls `visit(segment)` for each segment that is left. Stops at the first error, of the cursor or of a visit that
  /// returns a Result<void>, and returns it.
  template <class Visit>
  [[nodiscard]] Result<void> for_each(Visit&& visit);
};

/// One server's day summaries, ascending; days without results are left out.
class DayCursor {
 public:
  virtual ~DayCursor() = default;
  /// The next day, or null at the end. Valid until the next call. A day without a stored summary is computed from its
  /// results (and stored, when the store is writable and the day is over). `corruption` is the error of one day, whose
  /// results cannot be read: another call goes on with the days behind it. Other errors as Cursor::next().
  [[nodiscard]] virtual Result<const DaySummary*> next() = 0;
  [[nodiscard]] virtual std::span<const Hole> holes() const noexcept { return {}; }
  [[nodiscard]] virtual const ScanCost& cost() const noexcept = 0;

  /// As Cursor::for_each, with a DaySummary.
  template <class Visit>
  [[nodiscard]] Result<void> for_each(Visit&& visit);
};

struct ScanOptions {
  Columns columns;
  /// How long before `from` a result may lie and still be handed out, to say what holds at `from`; not negative.
  std::chrono::milliseconds lookback{0};
};

struct DayRange {
  std::int64_t first = 0;  ///< UTC day number, inclusive
  std::int64_t last = 0;   ///< exclusive
};

namespace detail {

template <class AnyCursor, class Visit>
Result<void> visit_each(AnyCursor& cursor, Visit&& visit) {
  for (;;) {
    auto item = cursor.next();
    if (!item) return tl::unexpected<Error>(std::move(item.error()));
    if (*item == nullptr) return {};
    if constexpr (std::is_void_v<decltype(visit(**item))>) {
      visit(**item);
    } else if (Result<void> visited = visit(**item); !visited) {
      return visited;
    }
  }
}

}  // namespace detail

template <class Visit>
Result<void> Cursor::for_each(Visit&& visit) {
  return detail::visit_each(*this, visit);
}

template <class Visit>
Result<void> DayCursor::for_each(Visit&& visit) {
  return detail::visit_each(*this, visit);
}

}  // namespace nines
