#include "query/support/random_history.h"

#include <algorithm>
#include <array>
#include <string>

namespace nines::test {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

// Around clock changes of the zones below, around new year, and at an ordinary time.
constexpr std::array kStarts = {1'774'566'000'000, 1'792'713'600'000, 1'767'139'200'000, 1'784'019'600'000};
constexpr std::array kZones = {"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"};
constexpr std::array kIntervalsMs = {5 * kMinuteMs, 15 * kMinuteMs, 61 * kMinuteMs};

}  // namespace

RandomHistory::RandomHistory(std::uint64_t seed)
    : random_(seed), start_(from_ms(kStarts[seed % kStarts.size()])), own_intervals_(seed % 3 == 0) {}

std::int64_t RandomHistory::pick(std::int64_t first, std::int64_t last) {
  return std::uniform_int_distribution<std::int64_t>(first, last)(random_);
}

TimeMs RandomHistory::moment() {
  if (!landmarks_.empty() && chance(50)) {
    const auto index = static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(landmarks_.size()) - 1));
    return landmarks_[index] + std::chrono::milliseconds{chance(70) ? 0 : pick(-1, 1)};
  }
  const std::int64_t ms = to_ms(start_) + pick(-kDayMs, length_ms_ + kDayMs);
  return from_ms(chance(30) ? ms - ms % kDayMs : ms);
}

Window RandomHistory::window_within(std::int64_t longest_ms) {
  const TimeMs from = moment();
  return {from, from + std::chrono::milliseconds{pick(1, longest_ms)}};
}

Rules RandomHistory::rules() {
  Rules rules;
  rules.interval = std::chrono::milliseconds{kIntervalsMs[static_cast<std::size_t>(pick(0, 2))]};
  rules.timeout = std::chrono::seconds{pick(0, 30)};
  rules.confirm_failures = static_cast<std::uint16_t>(pick(1, 4));
  rules.confirm_successes = static_cast<std::uint16_t>(chance(60) ? 1 : pick(2, 3));
  rules.quorum = static_cast<std::uint16_t>(chance(70) ? 0 : pick(1, 3));
  if (chance(20)) rules.stale_after = std::chrono::milliseconds{pick(kMinuteMs, 2 * kHourMs)};
  if (chance(30)) rules.merge_within = std::chrono::milliseconds{pick(1, 5 * kHourMs)};
  return rules;
}

Maintenance RandomHistory::maintenance() {
  Maintenance planned;
  planned.repeat = static_cast<Maintenance::Repeat>(pick(0, 3));
  planned.once = window_within(6 * kHourMs);
  planned.weekdays = static_cast<std::uint8_t>(pick(0, 127));
  planned.day_of_month = static_cast<std::uint8_t>(pick(1, 31));
  planned.start = std::chrono::minutes{15 * pick(0, 95)};
  planned.length = std::chrono::minutes{pick(1, 300)};
  planned.timezone = kZones[static_cast<std::size_t>(pick(0, kZones.size() - 1))];
  if (chance(30)) planned.effective = window_within(20 * kDayMs);
  return planned;
}

Server RandomHistory::server() {
  length_ms_ = 5 * kDayMs;
  Server server;
  server.name = "random";
  server.created_at = start_ + std::chrono::milliseconds{chance(70) ? -kHourMs : pick(0, 2 * kDayMs)};
  server.rules = {rules()};
  for (TimeMs change = start_; chance(30);) {
    change += std::chrono::milliseconds{pick(1, 2 * kDayMs)};
    server.rules.push_back(rules());
    server.rules.back().effective_from = change;
    landmarks_.push_back(change);
  }
  while (chance(40)) server.maintenance.push_back(maintenance());
  while (chance(40)) {
    const auto state = static_cast<State>(pick(0, kStateCount - 1));
    server.corrections.push_back({window_within(chance(50) ? 5 * kHourMs : 3 * kDayMs), state, ""});
  }
  for (TimeMs pause = start_; chance(30);) {
    pause += std::chrono::milliseconds{pick(1, 2 * kDayMs)};
    server.paused.push_back({pause, pause + std::chrono::milliseconds{pick(1, kDayMs)}});
    pause = server.paused.back().to;
  }
  for (const Correction& correction : server.corrections) {
    landmarks_.push_back(correction.window.from);
    landmarks_.push_back(correction.window.to);
  }
  return server;
}

CheckResult RandomHistory::result(const Server& server, LocationId location, std::int64_t time_ms, State state) {
  CheckResult result;
  result.server = server.id;
  result.location = location;
  result.time = from_ms(time_ms);
  result.state = state;
  const auto own = static_cast<std::uint32_t>(server.rules_at(result.time).interval.count());
  result.interval_ms = chance(90) ? own : 0;
  // Some were written under a longer interval than the rules know of.
  if (own_intervals_ && chance(4)) result.interval_ms = static_cast<std::uint32_t>(pick(kHourMs, 2 * kDayMs));
  result.retry = chance(3);
  if (state == State::down) {
    result.error = chance(80) ? ErrorClass::http_status : ErrorClass::timeout;
    result.code = static_cast<std::uint16_t>(pick(500, 503));
    result.detail = std::to_string(time_ms);
  }
  if (state == State::up) result.code = 200;
  if (state != State::unknown && chance(97)) {
    result.latency_us = static_cast<std::uint32_t>(chance(95) ? pick(20'000, 300'000) : pick(0, 9'000'000));
  }
  return result;
}

void RandomHistory::add_series(const Server& server, LocationId location, std::int64_t end_ms,
                               std::vector<CheckResult>& out) {
  // States come in stretches: a flapping one, long good ones, outages.
  const bool flapping = chance(15);
  // A place may fall silent.
  if (location != LocationId{0} && chance(25)) end_ms -= pick(0, end_ms - to_ms(start_));
  std::int64_t time_ms = to_ms(start_) + pick(0, kHourMs);
  std::int64_t stretch = 0;
  State state = State::up;
  while (time_ms < end_ms) {
    if (stretch-- == 0) {
      const bool good = chance(50);
      state = good ? State::up : static_cast<State>(pick(0, 3));
      stretch = flapping ? 0 : good ? pick(0, 60) : pick(0, 5);
    }
    out.push_back(result(server, location, time_ms, state));
    const std::int64_t interval_ms = server.rules_at(from_ms(time_ms)).interval.count();
    time_ms += chance(80) ? interval_ms : interval_ms + pick(-kMinuteMs, kMinuteMs);
    if (chance(2)) time_ms += pick(interval_ms, 12 * interval_ms);          // a gap
    if (chance(2)) time_ms = std::max<std::int64_t>(0, time_ms - kHourMs);  // the clock steps back
    if (chance(1) && chance(30)) time_ms += pick(0, kDayMs * 3 / 2);
  }
}

std::vector<CheckResult> RandomHistory::results(const Server& server, int days) {
  length_ms_ = days * kDayMs;
  std::vector<CheckResult> results;
  const std::int64_t locations = chance(60) ? 1 : pick(2, 4);
  for (std::int64_t i = 0; i < locations; ++i) {
    add_series(server, LocationId{static_cast<std::uint16_t>(i * 3)}, to_ms(start_) + length_ms_, results);
  }
  for (const CheckResult& result : results) landmarks_.push_back(result.time);
  // Some arrive late, some twice, some are replaced.
  for (int i = 0; i < 5 && !results.empty(); ++i) {
    const auto from = static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(results.size()) - 1));
    CheckResult again = results[from];
    if (chance(50)) again = result(server, again.location, to_ms(again.time), State::up);
    results.push_back(again);
  }
  for (int i = 0; i < 20 && !results.empty(); ++i) {
    const auto last = static_cast<std::int64_t>(results.size()) - 1;
    const auto a = static_cast<std::size_t>(pick(0, last));
    const auto b = static_cast<std::size_t>(pick(0, last));
    const bool same_key = results[a].time == results[b].time && results[a].location == results[b].location;
    if (!same_key) std::swap(results[a], results[b]);
  }
  return results;
}

Policy RandomHistory::policy() {
  Policy policy;
  policy.maintenance = static_cast<MaintenancePolicy>(pick(0, 2));
  policy.unknown = static_cast<UnknownPolicy>(pick(0, 2));
  if (chance(30)) policy.degraded_weight = 0.5;
  if (chance(30)) policy.confirm_failures = static_cast<std::uint16_t>(pick(1, 4));
  if (chance(30)) policy.confirm_successes = static_cast<std::uint16_t>(pick(1, 3));
  return policy;
}

Query RandomHistory::query() {
  TimeMs from = moment();
  TimeMs to = moment();
  if (to < from) std::swap(from, to);
  if (chance(5)) to = from + std::chrono::milliseconds{1};
  const TimeMs end = start_ + std::chrono::milliseconds{length_ms_};
  const TimeMs now = chance(50) ? end + std::chrono::milliseconds{kDayMs} : std::max(moment(), from);
  return {{from, to}, now, policy(), Summaries::never};
}

Server shifted(Server server, std::chrono::days by) {
  const auto shift = [by](Window& window) {
    window.from += by;
    window.to += by;
  };
  server.created_at += by;
  for (std::size_t i = 1; i < server.rules.size(); ++i) server.rules[i].effective_from += by;
  for (Maintenance& planned : server.maintenance) {
    if (planned.repeat == Maintenance::Repeat::once) shift(planned.once);
  }
  for (Correction& correction : server.corrections) shift(correction.window);
  for (Window& pause : server.paused) shift(pause);
  return server;
}

}  // namespace nines::test
