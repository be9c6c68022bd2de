// The right answers, by a plain loop over all results: what query/ and every other system are compared with.
//
// Nothing of nines is used but its vocabulary. One location, no maintenance, no pauses, no corrections, and rules that
// never change: what the histories of history.h have.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nines/check_result.h>
#include <nines/types.h>

namespace nines::history {

/// How results are judged; the defaults are those of the catalog.
struct Judgement {
  std::uint32_t confirm_failures = 2;   ///< failures in a row that are an outage, from the first of them on
  std::uint32_t confirm_successes = 1;  ///< successes in a row that end it, likewise
  std::int64_t timeout_ms = 10'000;     ///< a result holds 2.5 of its intervals and this
  std::int64_t created_ms = 0;          ///< of the server: time before that is in no state
};

struct ExpectedIncident {
  std::int64_t from_ms = 0;           ///< may lie before the window
  std::optional<std::int64_t> to_ms;  ///< none when it is not over at the window's end
  std::uint64_t failed_checks = 0;    ///< inside the window
  friend bool operator==(const ExpectedIncident&, const ExpectedIncident&) = default;
};

/// Over successful checks (up, degraded) that have a latency. All 0 when there is none.
struct ExpectedLatency {
  std::uint64_t count = 0;
  std::uint64_t sum_us = 0;
  std::uint32_t min_us = 0;
  std::uint32_t max_us = 0;
  std::uint32_t p50_us = 0;  ///< nearest rank, likewise below
  std::uint32_t p95_us = 0;
  std::uint32_t p99_us = 0;
  friend bool operator==(const ExpectedLatency&, const ExpectedLatency&) = default;
};

struct ExpectedBar {
  Window window;
  std::array<std::int64_t, kStateCount> time_ms{};
  std::uint64_t checks = 0;
  std::uint64_t failed = 0;
  std::uint64_t latency_count = 0;
  std::uint64_t latency_sum_us = 0;
  std::uint32_t latency_max_us = 0;
  friend bool operator==(const ExpectedBar&, const ExpectedBar&) = default;
};

struct Expected {
  std::uint64_t checks = 0;  ///< inside the window, likewise below
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  std::uint64_t blips = 0;  ///< failures that no outage confirms
  std::array<std::int64_t, kStateCount> time_ms{};
  ExpectedLatency latency;
  std::optional<State> last;  ///< of the newest check inside the window, as measured
  std::vector<ExpectedIncident> incidents;
  std::vector<ExpectedBar> bars;
  friend bool operator==(const Expected&, const Expected&) = default;
};

/// `results` are all of one server before `now`, ascending: `now` is the window's end. `bars` cuts the window into so
/// many equal parts (its length must be a multiple of it); `bar_edges` instead gives the edges, ascending.
[[nodiscard]] Expected expect(std::span<const CheckResult> results, Window window,
                              std::span<const std::int64_t> bar_edges_ms, const Judgement& judgement = {});

/// The edges of `count` equal bars: count + 1 of them.
[[nodiscard]] std::vector<std::int64_t> equal_edges(Window window, std::uint32_t count);
/// The edges of the UTC days of `window`, which begins at a midnight; the last may be cut.
[[nodiscard]] std::vector<std::int64_t> day_edges(Window window);

}  // namespace nines::history
