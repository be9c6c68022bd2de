// A server's confirmed timeline: the state of every millisecond of a window.
//
// A state comes about in this order: results hold forward, are confirmed in each location, locations vote, and the
// catalog lies over it. SEMANTICS.md has the rules. The judgement of a moment never depends on the window it is asked
// for.
#pragma once

#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// A stretch in one state; `to` is exclusive.
struct Span {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  State state = State::unknown;

  [[nodiscard]] std::int64_t length_ms() const noexcept { return to_ms - from_ms; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// A server's window: spans ascending, without holes or neighbours of equal state, covering exactly `window`.
struct Timeline {
  ServerId server{};
  Window window;  ///< as clipped
  std::vector<Span> spans;
  Explain explain;
};

/// Errors: not_found (the server), invalid_argument (the policy), and those of Store::scan.
[[nodiscard]] Result<Timeline> timeline(const Store& store, ServerId server, const Query& query);

/// Time per state of `spans` within `window`.
[[nodiscard]] TimePerState time_per_state(const std::vector<Span>& spans, Window window) noexcept;

/// What the catalog lays over a server's results in `window`: ascending, not overlapping, clipped to `window`, by the
/// precedence above. Recurring maintenance begins at its local wall time in its own zone (a skipped local time: at the
/// clock change; a repeated one: the first) and lasts its elapsed length; starts before the window count when they
/// reach into it. `invalid_argument` when a zone is unknown.
[[nodiscard]] Result<std::vector<Span>> overlay(const Server& server, Window window, MaintenancePolicy policy);

}  // namespace nines
