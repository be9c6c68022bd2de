// What every question of query/ has in common: the window, now, the policy, and what answering cost.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nines/segment.h>
#include <nines/types.h>

namespace nines {

/// How maintenance time counts. `as_measured` leaves maintenance out altogether, corrections to it included: states,
/// checks and incidents are as if none had been planned. `as_up` changes the ratio only.
enum class MaintenancePolicy : std::uint8_t { exclude, as_up, as_measured };
/// How unknown time counts in the ratio. Without known time there is a ratio under the last two only.
enum class UnknownPolicy : std::uint8_t { exclude, as_down, as_up };

/// "exclude", "as-up", "as-measured" and "exclude", "as-down", "as-up", as on the command line.
[[nodiscard]] std::optional<MaintenancePolicy> parse_maintenance_policy(std::string_view text) noexcept;
[[nodiscard]] std::optional<UnknownPolicy> parse_unknown_policy(std::string_view text) noexcept;

/// How time is judged for one question.
struct Policy {
  MaintenancePolicy maintenance = MaintenancePolicy::exclude;
  UnknownPolicy unknown = UnknownPolicy::exclude;
  double degraded_weight = 1.0;                    ///< what a degraded millisecond is worth, in [0, 1]
  std::optional<std::uint16_t> confirm_failures;   ///< >= 1; instead of the server's rule, at all times
  std::optional<std::uint16_t> confirm_successes;  ///< >= 1; likewise
};

/// Whether day summaries may stand in for results. Every figure but percentiles is the same either way.
enum class Summaries : std::uint8_t {
  when_long,  ///< for windows of at least kLongWindowDays whole UTC days
  never,      ///< results only: percentiles are exact at any length, as far back as results are kept
  always,     ///< for every whole UTC day in the window that is over
};
/// Below this, reading results costs about as much as reading summaries, and percentiles stay exact.
inline constexpr std::int64_t kLongWindowDays = 8;

/// One question's frame.
struct Query {
  /// Half-open. `to` is clipped to `now`, and `from` to the beginning of the server's life: Server::created_at, or its
  /// first result ever where that is earlier.
  Window window;
  TimeMs now{};  ///< the moment of asking; results at or after it do not exist for the answer
  Policy policy;
  Summaries summaries = Summaries::when_long;
};

/// The one order of states for whoever looks for what is wrong, worst first.
inline constexpr std::array<State, kStateCount> kWorstFirst = {State::down,        State::unknown, State::degraded,
                                                               State::maintenance, State::paused,  State::up};
/// Whether `a` comes before `b` in kWorstFirst.
[[nodiscard]] bool is_worse(State a, State b) noexcept;

/// Milliseconds in each state.
struct TimePerState {
  std::array<std::int64_t, kStateCount> ms{};

  [[nodiscard]] std::int64_t& operator[](State state) noexcept { return ms[static_cast<std::size_t>(state)]; }
  [[nodiscard]] std::int64_t operator[](State state) const noexcept { return ms[static_cast<std::size_t>(state)]; }
  /// Time with an answer: up, degraded and down.
  [[nodiscard]] std::int64_t known_ms() const noexcept {
    return (*this)[State::up] + (*this)[State::degraded] + (*this)[State::down];
  }
  [[nodiscard]] std::int64_t total_ms() const noexcept;
  TimePerState& operator+=(const TimePerState& other) noexcept;
  friend bool operator==(const TimePerState&, const TimePerState&) = default;
};

/// Where a stretch of an answer came from, and why. Every day of a long window that a summary can judge exactly is read
/// from it, the others from results. Where retention has taken the results (no_results) summaries are used beyond that;
/// SEMANTICS.md, "After retention", says what stays exact.
enum class Source : std::uint8_t { results, summaries };
enum class Reason : std::uint8_t {
  short_window,  ///< results: the window is not long enough for summaries
  asked,         ///< results or summaries, because the question says so
  partial_day,   ///< results: the window covers only a part of this UTC day, or the day is not over
  whole_days,    ///< summaries: long window
  overlay_edge,  ///< results: maintenance, a correction or a pause begins or ends within the day
  rule_change,   ///< results: the server's rules change within the day
  bucket_edge,   ///< results: a bar begins or ends within the day
  inner_gap,     ///< results: neighbours within a run are further apart than a result holds
  look_back,     ///< an outage under way at the window's start, or what holds there: read back to its beginning
  look_ahead,    ///< failures at the window's end: read on until they are confirmed or not
  no_results,    ///< summaries: retention has taken the results of these days
  lost_summary,  ///< results: the summaries of these days cannot be read
};
[[nodiscard]] std::string_view to_string(Source source) noexcept;
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;

/// One stretch of a plan. Neighbouring days of the same kind are one step.
struct PlanStep {
  Window window;
  Source source = Source::results;
  Reason reason = Reason::short_window;
  friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

/// What an answer cost and how it was read. `plan` is filled for questions about one server; for many servers only the
/// steps beyond each server's one scan are listed.
struct Explain {
  ScanCost cost;
  std::vector<PlanStep> plan;
};

}  // namespace nines
