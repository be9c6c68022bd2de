// A server's confirmed timeline: the state of every millisecond of a window.
//
// How a state comes about, in this order:
//  1. A result holds from its time until the next result of its location, at most `stale_after` (Rules::stale_after at
//     the result's time; where that is 0, 2.5 x the result's own interval (0: the rules') + the rules' timeout).
//     Nothing holds before the first result. A result of state unknown holds unknown.
//  2. Confirmation, in each location: failures (down) in a row, as many as Rules::confirm_failures says at one of them,
//     are an outage from the first of them on; successes (up, degraded) in a row end it, likewise from the first of
//     them on. Unknown says nothing: neither a result of state unknown nor a gap confirms, ends or interrupts a row.
//     Failures that are not confirmed (yet) hold `up` and count as blips; before the first success of a location's
//     history they hold unknown, because nothing says that it was ever up. Successes that do not end an outage (yet)
//     hold `down`. The judgement of a moment never depends on the window it is asked for.
//  3. Locations: of those that hold a known state, `quorum` (0: more than half of them) being down makes the server
//     down; else as many being down or degraded make it degraded; else it is up. When fewer than `quorum` are known
//     and all of these are down there are too few witnesses: unknown.
//  4. The catalog lies over it: a correction (the last in the list wins), else a pause, else maintenance.
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
