#include "expected.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace nines::history {
namespace {

/// A stretch in one confirmed state.
struct Stretch {
  std::int64_t from_ms;
  std::int64_t to_ms;
  State state;
};

/// Those of `results` that lie in `window`.
std::span<const CheckResult> inside(std::span<const CheckResult> results, Window window) {
  const auto before = [](TimeMs time) { return [time](const CheckResult& result) { return result.time < time; }; };
  const auto first = std::partition_point(results.begin(), results.end(), before(window.from));
  return {first, std::partition_point(first, results.end(), before(window.to))};
}

/// Those of `all` that reach into `window`.
std::span<const Stretch> overlapping(std::span<const Stretch> all, Window window) {
  const auto first = std::partition_point(all.begin(), all.end(),
                                          [&](const Stretch& stretch) { return stretch.to_ms <= to_ms(window.from); });
  return {first, std::partition_point(first, all.end(),
                                      [&](const Stretch& stretch) { return stretch.from_ms < to_ms(window.to); })};
}

bool successful(const CheckResult& result) {
  return result.state == State::up || result.state == State::degraded;
}

/// The moment until which a result says something at most.
std::int64_t held_until_ms(const CheckResult& result, const Judgement& judgement) {
  return to_ms(result.time) + std::int64_t{result.interval_ms} * 5 / 2 + judgement.timeout_ms;
}

/// What each result is taken for: `down` from the first failure of a confirmed outage to the first success of its end,
/// else what was measured, with failures that nothing confirms taken for `up`.
std::vector<State> judge(std::span<const CheckResult> results, const Judgement& judgement) {
  std::vector<State> states(results.size());
  bool out = false;
  std::size_t row_begin = 0;     // first result of the row that might turn `out` over
  std::uint32_t row_length = 0;  // of failures while not out, of successes while out
  for (std::size_t i = 0; i < results.size(); ++i) {
    const CheckResult& result = results[i];
    // A row of failures that confirms nothing yet ends where nothing is known.
    if (!out && i > 0 && to_ms(result.time) > held_until_ms(results[i - 1], judgement)) row_length = 0;
    if (result.state == State::unknown) {
      states[i] = State::unknown;
      if (!out) row_length = 0;
      continue;
    }
    const bool turns = (result.state == State::down) != out;
    if (!turns) row_length = 0;
    if (turns && row_length++ == 0) row_begin = i;
    states[i] = out ? State::down : result.state == State::down ? State::up : result.state;
    if (row_length == 0 || row_length < (out ? judgement.confirm_successes : judgement.confirm_failures)) continue;
    out = !out;
    row_length = 0;
    for (std::size_t k = row_begin; k <= i; ++k) {
      if (results[k].state != State::unknown) states[k] = out ? State::down : results[k].state;
    }
  }
  return states;
}

/// The states of all time from the first result to `now_ms`, each result holding until the next or until it is stale.
std::vector<Stretch> stretches(std::span<const CheckResult> results, std::span<const State> states, std::int64_t now_ms,
                               const Judgement& judgement) {
  std::vector<Stretch> all;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::int64_t from = to_ms(results[i].time);
    const std::int64_t next = i + 1 < results.size() ? to_ms(results[i + 1].time) : now_ms;
    const std::int64_t stale = held_until_ms(results[i], judgement);
    all.push_back({from, std::min(next, stale), states[i]});
    if (stale < next) all.push_back({stale, next, State::unknown});
  }
  return all;
}

std::int64_t overlap_ms(const Stretch& stretch, Window window) {
  return std::max<std::int64_t>(
      0, std::min(stretch.to_ms, to_ms(window.to)) - std::max(stretch.from_ms, to_ms(window.from)));
}

void add_time(std::span<const Stretch> all, Window window, std::int64_t created_ms,
              std::array<std::int64_t, kStateCount>& time_ms) {
  std::int64_t known = 0;
  for (const Stretch& stretch : overlapping(all, window)) {
    time_ms[static_cast<std::size_t>(stretch.state)] += overlap_ms(stretch, window);
    known += overlap_ms(stretch, window);
  }
  // Before the first result nothing is known, and before it was created there is no server.
  const std::int64_t lived_ms = to_ms(window.to) - std::clamp(created_ms, to_ms(window.from), to_ms(window.to));
  time_ms[static_cast<std::size_t>(State::unknown)] += lived_ms - known;
}

/// The incidents that reach into the window, which ends now: stretches of `down`, those joined that only unknown time
/// is between; unknown time at the end leaves the last one open.
std::vector<ExpectedIncident> incidents(std::span<const Stretch> all, std::span<const CheckResult> results,
                                        Window window) {
  std::vector<Stretch> outages;
  bool open = false;
  for (const Stretch& stretch : all) {
    if (stretch.state == State::unknown || stretch.from_ms == stretch.to_ms) continue;
    if (stretch.state == State::down && open) outages.back().to_ms = stretch.to_ms;
    if (stretch.state == State::down && !open) outages.push_back(stretch);
    open = stretch.state == State::down;
  }
  if (open) outages.back().to_ms = to_ms(window.to);
  std::vector<ExpectedIncident> found;
  for (const Stretch& outage : outages) {
    if (overlap_ms(outage, window) == 0) continue;
    ExpectedIncident& incident = found.emplace_back();
    incident.from_ms = outage.from_ms;
    if (outage.to_ms < to_ms(window.to)) incident.to_ms = outage.to_ms;
    for (const CheckResult& result : inside(results, {from_ms(outage.from_ms), from_ms(outage.to_ms)})) {
      incident.failed_checks += result.state == State::down ? 1 : 0;
    }
  }
  return found;
}

std::uint32_t nearest_rank(const std::vector<std::uint32_t>& sorted, std::size_t percent) {
  return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

ExpectedLatency latency(std::vector<std::uint32_t> values) {
  ExpectedLatency answer;
  if (values.empty()) return answer;
  std::sort(values.begin(), values.end());
  answer.count = values.size();
  for (const std::uint32_t value : values) answer.sum_us += value;
  answer.min_us = values.front();
  answer.max_us = values.back();
  answer.p50_us = nearest_rank(values, 50);
  answer.p95_us = nearest_rank(values, 95);
  answer.p99_us = nearest_rank(values, 99);
  return answer;
}

ExpectedBar bar(std::span<const CheckResult> results, std::span<const Stretch> all, Window window,
                std::int64_t created_ms) {
  ExpectedBar answer;
  answer.window = window;
  add_time(all, window, created_ms, answer.time_ms);
  for (const CheckResult& result : inside(results, window)) {
    ++answer.checks;
    answer.failed += result.state == State::down ? 1 : 0;
    if (!successful(result) || !result.latency_us) continue;
    ++answer.latency_count;
    answer.latency_sum_us += *result.latency_us;
    answer.latency_max_us = std::max(answer.latency_max_us, *result.latency_us);
  }
  return answer;
}

}  // namespace

Expected expect(std::span<const CheckResult> results, Window window, std::span<const std::int64_t> bar_edges_ms,
                const Judgement& judgement) {
  const std::vector<State> states = judge(results, judgement);
  const std::vector<Stretch> all = stretches(results, states, to_ms(window.to), judgement);
  Expected answer;
  std::vector<std::uint32_t> latencies;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const CheckResult& result = results[i];
    if (!window.contains(result.time)) continue;
    ++answer.checks;
    answer.successful += successful(result) ? 1 : 0;
    answer.failed += result.state == State::down ? 1 : 0;
    answer.blips += result.state == State::down && states[i] != State::down ? 1 : 0;
    answer.last = result.state;
    if (successful(result) && result.latency_us) latencies.push_back(*result.latency_us);
  }
  add_time(all, window, judgement.created_ms, answer.time_ms);
  answer.latency = latency(std::move(latencies));
  answer.incidents = incidents(all, results, window);
  for (std::size_t i = 0; i + 1 < bar_edges_ms.size(); ++i) {
    answer.bars.push_back(
        bar(results, all, {from_ms(bar_edges_ms[i]), from_ms(bar_edges_ms[i + 1])}, judgement.created_ms));
  }
  return answer;
}

std::vector<std::int64_t> equal_edges(Window window, std::uint32_t count) {
  std::vector<std::int64_t> edges;
  for (std::uint32_t i = 0; i <= count; ++i) edges.push_back(to_ms(window.from) + window.length().count() * i / count);
  return edges;
}

std::vector<std::int64_t> day_edges(Window window) {
  std::vector<std::int64_t> edges;
  for (std::int64_t edge = to_ms(window.from); edge < to_ms(window.to); edge += kDayMs) edges.push_back(edge);
  edges.push_back(to_ms(window.to));
  return edges;
}

}  // namespace nines::history
