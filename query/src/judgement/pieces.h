// A server's results boiled down to pieces: stretches of equal results that hold without a break.
//
// Pieces are what judging works on. They come from the segments of a scan or from day summaries, and are cut wherever
// a count may have to be split later: at the edges of the window, of rules, of what the catalog lays over and where
// pauses end. So each piece lies wholly inside or outside of any of these.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/segment.h>
#include <nines/server.h>
#include <nines/types.h>

namespace nines::query {

inline constexpr std::uint32_t kNone = 0xffff'ffff;

struct Piece {
  std::int64_t first_ms = 0;  ///< time of the first result
  std::int64_t last_ms = 0;   ///< time of the last
  std::int64_t hold_ms = 0;   ///< how long the last of them says something
  const Rules* rules = nullptr;
  std::uint32_t count = 0;
  std::uint32_t interval_ms = 0;        ///< in force at its results
  std::uint32_t first_failure = kNone;  ///< index into Series::failure_ms, when down and read from results
  std::uint32_t first_detail = kNone;   ///< detail of the first result, index into History::details
  std::uint32_t last_detail = kNone;    ///< likewise of the last
  std::uint16_t code = 0;
  ErrorClass error = ErrorClass::none;
  State measured = State::unknown;
  State judged = State::unknown;  ///< by confirm()
  bool summarised = false;        ///< from a day summary: details and latencies have to be looked up
};

/// One location's pieces, ascending in time.
struct Series {
  LocationId location{};
  std::vector<Piece> pieces;
  std::vector<std::int64_t> failure_ms;  ///< times of the failed checks that were read from results, ascending

  void clear() noexcept {
    pieces.clear();
    failure_ms.clear();
  }
};

/// One server's pieces. Keeps its memory from server to server. Not thread-safe.
class History {
 public:
  void clear() noexcept;
  /// The series of a location, made when there is none. Ascending by location; invalidates other references.
  [[nodiscard]] Series& series(LocationId location);
  [[nodiscard]] std::span<Series> all() noexcept { return {series_.data(), used_}; }
  [[nodiscard]] std::span<const Series> all() const noexcept { return {series_.data(), used_}; }

  [[nodiscard]] std::uint32_t add_detail(std::string_view text);
  [[nodiscard]] const std::string& detail(std::uint32_t index) const { return details_[index]; }

  /// Puts all of `earlier`, which lies before everything in here, in front. Empties `earlier`.
  void prepend(History& earlier);
  /// Puts the pieces of `summarised` in their places between those in here. Empties `summarised`.
  /// Requires: all of `summarised` come from day summaries, and none overlaps a piece in here.
  void merge(History& summarised);

 private:
  std::vector<Series> series_;  // the first used_ are in use; the rest is kept for its memory
  std::size_t used_ = 0;
  std::vector<std::string> details_;
};

}  // namespace nines::query
