// The figures of one server in one window: uptime, coverage, checks, incidents, latency.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nines/cursor.h>
#include <nines/incident.h>
#include <nines/latency.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// Checks made inside the window. A check made in maintenance (unless it counts as measured), in a pause or in a
/// corrected stretch stays in `checks` and is neither successful nor failed; nor is a check of state unknown.
struct CheckCounts {
  std::uint64_t checks = 0;
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  std::uint64_t blips = 0;  ///< of the failed ones, those that no outage of their location confirms (as of now)
  friend bool operator==(const CheckCounts&, const CheckCounts&) = default;
};

/// The newest check.
struct LastCheck {
  State state = State::unknown;  ///< as measured, not as confirmed
  TimeMs time{};
  std::optional<std::uint32_t> latency_us;
  std::uint16_t code = 0;
  ErrorClass error = ErrorClass::none;
  friend bool operator==(const LastCheck&, const LastCheck&) = default;
};

/// The stretch of one state that holds at the window's end.
struct Streak {
  State state = State::unknown;
  TimeMs since{};  ///< its true start, however long before the window; clipped to it without FiguresOptions::since
  friend bool operator==(const Streak&, const Streak&) = default;
};

/// What one place saw, before places vote and the catalog lies over it.
struct PlaceFigures {
  LocationId location{};
  std::uint64_t checks = 0;         ///< inside the window
  std::uint64_t failed_checks = 0;  ///< of these, measured down
  std::int64_t down_ms = 0;         ///< time that its confirmed outages hold in the window
  friend bool operator==(const PlaceFigures&, const PlaceFigures&) = default;
};

/// What does not exist has no value: an empty window, or one without known time, has neither 0 nor 100 %.
struct Figures {
  ServerId server{};
  Window window;                              ///< as clipped
  std::optional<double> uptime_ratio;         ///< (up + w x degraded) / (up + degraded + down), by the policy
  std::optional<double> uptime_lower;         ///< the ratio if all unknown time had been down
  std::optional<double> uptime_upper;         ///< the ratio if all unknown time had been up
  std::optional<double> uptime_unconfirmed;   ///< the ratio if every failure counted for as long as it held
  std::optional<double> coverage_ratio;       ///< (up + degraded + down) / (window - maintenance - paused)
  std::optional<double> check_success_ratio;  ///< successful / (successful + failed)
  CheckCounts counts;
  TimePerState time;  ///< as_measured leaves no maintenance in it
  /// Down time that was planned: measured down inside of maintenance. What was not is in `time`.
  std::int64_t planned_down_ms = 0;
  /// The longest interval between checks in force in the window: no change of state is known more exactly. None without
  /// checks.
  std::optional<std::int64_t> resolution_ms;
  std::vector<PlaceFigures> places;  ///< ascending by location; with FiguresOptions::places
  std::optional<LatencyFigures> latency;
  std::vector<Incident> incidents;  ///< ascending by start
  std::optional<double> mttr_ms;    ///< mean duration, the whole one, of the incidents that ended in the window
  std::optional<double> mtbf_ms;    ///< up and degraded time / number of incidents that began in the window
  std::optional<std::int64_t> longest_outage_ms;  ///< longest Incident::duration_ms, the whole one
  std::optional<Streak> current;                  ///< none for an empty window
  /// The newest check before the window's end that is inside it or still holds at its start; when there is none and
  /// the window ends now, the newest there is.
  std::optional<LastCheck> last;
  /// Times of the window whose stored results are damaged, ascending: they are unknown, whatever was stored of them.
  /// The whole window where nothing of the server can be read.
  std::vector<Hole> holes;
};

/// The state at the window's end; unknown for an empty window.
[[nodiscard]] inline State state_now(const Figures& figures) noexcept {
  return figures.current ? figures.current->state : State::unknown;
}

struct UptimeAnswer {
  Figures figures;
  Explain explain;
};

struct FiguresOptions {
  bool latency = true;  ///< false leaves Figures::latency empty, and reads less
  bool details = true;  ///< false leaves Incident::detail and detected_at empty, and reads less
  bool since = true;    ///< false clips Streak::since to the window, and reads less
  bool places = false;  ///< true fills Figures::places
};

/// Errors as timeline().
[[nodiscard]] Result<UptimeAnswer> uptime(const Store& store, ServerId server, const Query& query,
                                          const FiguresOptions& options = {});

/// The ratio of a time per state under a policy; none without known time.
[[nodiscard]] std::optional<double> uptime_ratio(const TimePerState& time, const Policy& policy) noexcept;

/// Known time / (all time - maintenance - paused); none where nothing could have been known.
[[nodiscard]] std::optional<double> coverage_ratio(const TimePerState& time) noexcept;

/// A percentage with `digits` (0-9) decimals and no sign, rounded down: "99.99" for 0.99999 with two. "100.00" is for a
/// ratio of 1 only. A ratio above 0 that would round to 0 shows the smallest figure above it ("0.01").
[[nodiscard]] std::string format_percent(double ratio, int digits);

}  // namespace nines
