#include "plain_arrays.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

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

std::uint64_t unknown_checks(const PlainServer& server, std::size_t first, std::size_t end) {
  const auto begin = server.state.begin();
  return static_cast<std::uint64_t>(
      std::count(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end), State::unknown));
}

std::size_t first_at_or_after(const PlainServer& server, TimeMs time) {
  const auto found = std::lower_bound(server.time_ms.begin(), server.time_ms.end(), to_ms(time));
  return static_cast<std::size_t>(found - server.time_ms.begin());
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

/// The stretch of equal states that the loop is in; it grows until the state changes or the last result goes stale.
class Timeline {
 public:
  Timeline(Window window, Expected& answer) : window_(window), answer_(answer), begin_(to_ms(window.from)) {}

  /// From `time` on the state is `state`.
  void change(std::int64_t time, State state) {
    close(time);
    begin_ = time;
    state_ = state;
  }
  void close(std::int64_t end) {
    if (state_ == State::down && end > to_ms(window_.from)) add_incident(end);
    failures_ = 0;
    std::int64_t from = std::max(begin_, to_ms(window_.from));
    while (from < end) {
      while (to_ms(answer_.bars[bar_].window.to) <= from) ++bar_;
      const std::int64_t part = std::min(end, to_ms(answer_.bars[bar_].window.to));
      answer_.bars[bar_].time_ms[static_cast<std::size_t>(state_)] += part - from;
      from = part;
    }
  }
  [[nodiscard]] State state() const { return state_; }
  void count_failure() { ++failures_; }

 private:
  void add_incident(std::int64_t end) {
    history::ExpectedIncident& incident = answer_.incidents.emplace_back();
    incident.from_ms = begin_;
    if (end < to_ms(window_.to)) incident.to_ms = end;
    incident.failed_checks = failures_;
  }

  Window window_;
  Expected& answer_;
  std::int64_t begin_;
  State state_ = State::unknown;
  std::size_t bar_ = 0;
  std::uint64_t failures_ = 0;  // of the stretch, those before the window too
};

/// Adds what the bars know to the whole.
void sum_up(Expected& answer) {
  for (const ExpectedBar& bar : answer.bars) {
    answer.checks += bar.checks;
    answer.failed += bar.failed;
    answer.latency.sum_us += bar.latency_sum_us;
    answer.latency.count += bar.latency_count;
    answer.latency.max_us = std::max(answer.latency.max_us, bar.latency_max_us);
    for (std::size_t state = 0; state < answer.time_ms.size(); ++state) answer.time_ms[state] += bar.time_ms[state];
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
  const std::size_t first = first_at_or_after(server, window.from);
  const std::size_t end = first_at_or_after(server, window.to);
  std::size_t i = first == 0 ? 0 : first - 1;
  while (i > 0 && server.state[i] == State::down) --i;
  scratch.latencies.resize(end - first);
  std::uint32_t* latencies = scratch.latencies.data();
  Timeline timeline(window, answer);
  std::int64_t held = std::numeric_limits<std::int64_t>::max();
  ExpectedBar* bar = answer.bars.data();
  for (; i < end; ++i) {
    const std::int64_t time = server.time_ms[i];
    const State measured = server.state[i];
    const bool down = measured == State::down && is_down(server, i);
    if (time > held) timeline.change(held, State::unknown);
    held = time + server.holds_ms;
    const State state = measured == State::down && !down ? State::up : measured;
    if (state != timeline.state()) timeline.change(time, state);
    if (down) timeline.count_failure();
    if (i < first) continue;
    while (to_ms(bar->window.to) <= time) ++bar;
    ++bar->checks;
    if (measured == State::down) {
      ++bar->failed;
      answer.blips += down ? 0 : 1;
      continue;
    }
    const std::uint32_t latency = server.latency_us[i];
    if (measured == State::unknown || latency == kNoLatency) continue;
    ++bar->latency_count;
    bar->latency_sum_us += latency;
    bar->latency_max_us = std::max(bar->latency_max_us, latency);
    *latencies++ = latency;
  }
  if (held < to_ms(window.to)) timeline.change(held, State::unknown);
  timeline.close(to_ms(window.to));
  sum_up(answer);
  answer.successful = answer.checks - answer.failed - unknown_checks(server, first, end);
  if (end > first) answer.last = server.state[end - 1];
  const std::span<std::uint32_t> values(scratch.latencies.data(), latencies);
  if (values.empty()) return;
  answer.latency.min_us = *std::min_element(values.begin(), values.end());
  if (select != nullptr) select(values, answer.latency);
}

}  // namespace nines::bench
