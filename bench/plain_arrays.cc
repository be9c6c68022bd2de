#include "plain_arrays.h"

#include <algorithm>
#include <cstddef>

#include <nines/check_result.h>

namespace nines::bench {
namespace {

using history::Expected;
using history::ExpectedBar;

constexpr std::int64_t kTimeoutMs = 10'000;

/// Under the default rules a failure is part of an outage when the one before or after it failed as well.
bool is_down(const PlainServer& server, std::size_t i) {
  if (server.state[i] != State::down) return false;
  return (i > 0 && server.state[i - 1] == State::down) ||
         (i + 1 < server.state.size() && server.state[i + 1] == State::down);
}

std::size_t first_at_or_after(const PlainServer& server, TimeMs time) {
  const auto found = std::lower_bound(server.time_ms.begin(), server.time_ms.end(), to_ms(time));
  return static_cast<std::size_t>(found - server.time_ms.begin());
}

/// Credits [from, to) to `state` in the bars that it crosses; `bar` is where the last call ended.
void credit(std::int64_t from, std::int64_t to, State state, std::vector<ExpectedBar>& bars, std::size_t& bar) {
  while (from < to) {
    while (to_ms(bars[bar].window.to) <= from) ++bar;
    const std::int64_t end = std::min(to, to_ms(bars[bar].window.to));
    bars[bar].time_ms[static_cast<std::size_t>(state)] += end - from;
    from = end;
  }
}

void begin_answer(std::span<const std::int64_t> edges, Expected& answer) {
  answer.checks = answer.successful = answer.failed = answer.blips = 0;
  answer.time_ms = {};
  answer.latency = {};
  answer.last.reset();
  answer.incidents.clear();
  answer.bars.assign(edges.size() - 1, ExpectedBar{});
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    answer.bars[i].window = {from_ms(edges[i]), from_ms(edges[i + 1])};
  }
}

/// Adds a failure of an outage, held until `to`, to the incident that it continues or begins.
void extend_incident(std::int64_t from, std::int64_t to, bool in_window, std::vector<history::ExpectedIncident>& all) {
  if (all.empty() || all.back().to_ms != from) all.emplace_back().from_ms = from;
  all.back().to_ms = to;
  all.back().failed_checks += in_window ? 1 : 0;
}

/// Sums the bars up; the window is what they cover.
void finish_answer(Window window, Expected& answer) {
  for (const ExpectedBar& bar : answer.bars) {
    answer.checks += bar.checks;
    answer.failed += bar.failed;
    answer.latency.sum_us += bar.latency_sum_us;
    answer.latency.count += bar.latency_count;
    answer.latency.max_us = std::max(answer.latency.max_us, bar.latency_max_us);
    for (std::size_t state = 0; state < answer.time_ms.size(); ++state) answer.time_ms[state] += bar.time_ms[state];
  }
  std::erase_if(answer.incidents,
                [&](const history::ExpectedIncident& incident) { return incident.to_ms <= to_ms(window.from); });
  if (!answer.incidents.empty() && answer.incidents.back().to_ms == to_ms(window.to)) {
    answer.incidents.back().to_ms.reset();
  }
}

}  // namespace

std::vector<PlainServer> plain_arrays(const history::Shape& shape, Window window) {
  std::vector<PlainServer> servers(shape.servers);
  std::vector<CheckResult> results;
  for (std::uint32_t i = 0; i < shape.servers; ++i) {
    history::ServerHistory(shape, i).results(window, results);
    servers[i].holds_ms = std::int64_t{shape.interval_ms} * 5 / 2 + kTimeoutMs;
    for (const CheckResult& result : results) {
      servers[i].time_ms.push_back(to_ms(result.time));
      servers[i].latency_us.push_back(result.latency_us.value_or(kNoLatency));
      servers[i].state.push_back(result.state);
    }
  }
  return servers;
}

void select_by_nth_element(std::span<std::uint32_t> values, history::ExpectedLatency& answer) {
  auto from = values.begin();
  const auto select = [&](std::size_t percent) {
    const auto rank = static_cast<std::ptrdiff_t>((values.size() * percent + 99) / 100 - 1);
    const auto nth = values.begin() + rank;
    std::nth_element(from, nth, values.end());
    from = nth;
    return *nth;
  };
  answer.p50_us = select(50);
  answer.p95_us = select(95);
  answer.p99_us = select(99);
}

void plain_answer(const PlainServer& server, Window window, std::span<const std::int64_t> bar_edges_ms,
                  SelectPercentiles select, PlainScratch& scratch, history::Expected& answer) {
  begin_answer(bar_edges_ms, answer);
  const std::int64_t from = to_ms(window.from);
  const std::size_t first = first_at_or_after(server, window.from);
  const std::size_t end = first_at_or_after(server, window.to);
  std::size_t i = first == 0 ? 0 : first - 1;
  while (i > 0 && server.state[i] == State::down) --i;
  scratch.latencies.resize(end - first);
  std::uint32_t* latencies = scratch.latencies.data();
  std::uint32_t least = kNoLatency;
  std::size_t bar = 0;
  std::size_t bar_of_check = 0;
  if (i < end) credit(from, server.time_ms[i], State::unknown, answer.bars, bar);
  for (; i < end; ++i) {
    const std::int64_t time = server.time_ms[i];
    const std::int64_t next = i + 1 < end ? server.time_ms[i + 1] : to_ms(window.to);
    const std::int64_t held = std::min(next, time + server.holds_ms);
    const State measured = server.state[i];
    const bool down = is_down(server, i);
    credit(std::max(from, time), held, measured == State::down && !down ? State::up : measured, answer.bars, bar);
    if (held < next) credit(std::max(from, held), next, State::unknown, answer.bars, bar);
    if (down) extend_incident(time, held, i >= first, answer.incidents);
    if (i < first) continue;
    while (to_ms(answer.bars[bar_of_check].window.to) <= time) ++bar_of_check;
    ExpectedBar& in = answer.bars[bar_of_check];
    ++in.checks;
    if (measured == State::down) {
      ++in.failed;
      answer.blips += down ? 0 : 1;
    } else if (measured != State::unknown) {
      ++answer.successful;
      const std::uint32_t latency = server.latency_us[i];
      if (latency == kNoLatency) continue;
      ++in.latency_count;
      in.latency_sum_us += latency;
      in.latency_max_us = std::max(in.latency_max_us, latency);
      least = std::min(least, latency);
      *latencies++ = latency;
    }
  }
  finish_answer(window, answer);
  if (end > first) answer.last = server.state[end - 1];
  if (latencies == scratch.latencies.data()) return;
  answer.latency.min_us = least;
  if (select != nullptr) select({scratch.latencies.data(), latencies}, answer.latency);
}

}  // namespace nines::bench
