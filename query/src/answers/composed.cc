// Composed services.
#include <nines/composed.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "answers/moments.h"
#include "figures/budget.h"
#include "judgement/outage.h"

namespace nines {
namespace {

constexpr std::int64_t kFirstStepDays = 1;
constexpr std::int64_t kStepGrowth = 4;
constexpr std::int64_t kLongestStepDays = 36'525;  // a century: keeps sums of times far from overflow

Result<void> check(const Component& component, std::size_t depth, std::size_t& count) {
  if (depth > kMaxComponentDepth || ++count > kMaxComponents) {
    return fail(ErrorCode::invalid_argument, "a service is at most " + std::to_string(kMaxComponentDepth) +
                                                 " levels deep and has at most " + std::to_string(kMaxComponents) +
                                                 " parts");
  }
  if (!(component.weight > 0) || !(component.needed > 0)) {
    return fail(ErrorCode::invalid_argument, "weights of a service's parts, and what is needed of them, lie above 0");
  }
  if ((component.kind == Component::Kind::server) != component.parts.empty()) {
    return fail(ErrorCode::invalid_argument, "a service has parts, and a server has none");
  }
  for (const Component& part : component.parts) {
    if (auto checked = check(part, depth + 1, count); !checked) return checked;
  }
  return {};
}

// The weights of the parts in each state.
struct Weights {
  double up = 0;
  double degraded = 0;
  double down = 0;
  double unknown = 0;
  double least = 0;  // of the parts taking part
  bool maintenance = false;
  bool paused = false;

  void add(State state, double weight) noexcept {
    if (state == State::maintenance || state == State::paused) {
      (state == State::maintenance ? maintenance : paused) = true;
      return;
    }
    least = least > 0 ? std::min(least, weight) : weight;
    if (state == State::up) up += weight;
    if (state == State::degraded) degraded += weight;
    if (state == State::down) down += weight;
    if (state == State::unknown) unknown += weight;
  }
};

State state_of(const Component& service, const Weights& now) {
  const double all = now.up + now.degraded + now.down + now.unknown;
  if (all <= 0) return now.maintenance ? State::maintenance : now.paused ? State::paused : State::unknown;
  double needed = std::min(service.needed, all);
  if (service.kind == Component::Kind::all_of) needed = all;
  if (service.kind == Component::Kind::any_of) needed = now.least;
  if (now.up >= needed) return State::up;
  if (now.up + now.degraded >= needed) return State::degraded;
  return now.up + now.degraded + now.unknown >= needed ? State::unknown : State::down;
}

// The timelines of a tree's servers over one window.
class Lines {
 public:
  Result<void> read(const Store& store, const Component& service, const Query& query, Explain& explain) {
    lines_.clear();
    begin_ = query.window.to;
    return read_parts(store, service, query, explain);
  }
  // When the oldest server's line begins.
  [[nodiscard]] TimeMs begin() const noexcept { return begin_; }
  [[nodiscard]] std::vector<Span> combine(const Component& component, Window window) const {
    if (component.kind == Component::Kind::server) return lines_.at(component.server);
    std::vector<std::vector<Span>> parts;
    parts.reserve(component.parts.size());
    for (const Component& part : component.parts) parts.push_back(combine(part, window));
    return query::combine_moments(parts, window, [&](std::span<const std::optional<State>> states) {
      Weights now;
      for (std::size_t i = 0; i < states.size(); ++i) {
        if (states[i]) now.add(*states[i], component.parts[i].weight);
      }
      return state_of(component, now);
    });
  }
  [[nodiscard]] std::vector<ServerId> down_at(std::int64_t time_ms) const {
    std::vector<ServerId> servers;
    for (const auto& [server, spans] : lines_) {
      const auto span = query::span_at(spans, time_ms);
      if (span != std::span(spans).end() && span->from_ms <= time_ms && span->state == State::down) {
        servers.push_back(server);
      }
    }
    return servers;
  }

 private:
  Result<void> read_parts(const Store& store, const Component& component, const Query& query, Explain& explain) {
    for (const Component& part : component.parts) {
      if (auto done = read_parts(store, part, query, explain); !done) return done;
    }
    if (component.kind != Component::Kind::server || lines_.contains(component.server)) return {};
    auto line = timeline(store, component.server, query);
    if (!line) return tl::unexpected(line.error());
    explain.cost += line->explain.cost;
    if (!line->spans.empty()) begin_ = std::min(begin_, line->window.from);
    lines_[component.server] = std::move(line->spans);
    return {};
  }

  std::map<ServerId, std::vector<Span>> lines_;
  TimeMs begin_{};
};

// Whether an outage of the window might begin before `spans` do.
bool begins_open(const std::vector<Span>& spans, const std::vector<query::Outage>& outages, Window window) {
  const auto known =
      std::find_if(spans.begin(), spans.end(), [](const Span& span) { return span.state != State::unknown; });
  if (known == spans.end()) return true;
  return known->state == State::down && outages.front().reaches_into(to_ms(window.from), to_ms(window.to));
}

// The span that holds the window's last moment; the window is not empty, and `spans` cover it to its end.
std::span<const Span>::iterator last_of(std::span<const Span> spans, Window window) {
  return query::span_at(spans, to_ms(window.to) - 1);
}

query::StateStart start_of_last(std::span<const Span> spans, Window window) {
  const auto last = last_of(spans, window);
  if (last->state == State::unknown) return {last->from_ms, last->from_ms};
  return query::start_of(spans, last);
}

ComposedIncident describe(const query::Outage& outage, const std::vector<Span>& spans, const Lines& lines,
                          Window window, TimeMs now) {
  const std::int64_t end_ms = outage.open ? to_ms(now) : outage.to_ms;
  ComposedIncident incident;
  incident.from = from_ms(outage.from_ms);
  if (!outage.open) incident.to = from_ms(outage.to_ms);
  incident.end_seen = outage.end_seen;
  incident.duration_ms = end_ms - outage.from_ms;
  incident.window_ms = std::min(end_ms, to_ms(window.to)) - std::max(outage.from_ms, to_ms(window.from));
  for (const Span& span : spans) {
    const bool inside = span.from_ms >= outage.from_ms && span.from_ms < end_ms;
    if (span.state == State::down && inside) incident.down_ms += std::min(span.to_ms, end_ms) - span.from_ms;
  }
  incident.servers = lines.down_at(outage.from_ms);
  return incident;
}

void summarise(ComposedAnswer& answer) {
  std::int64_t resolved_ms = 0;
  std::int64_t resolved = 0;
  std::int64_t begun = 0;
  for (const ComposedIncident& incident : answer.incidents) {
    answer.longest_outage_ms = std::max(answer.longest_outage_ms.value_or(0), incident.duration_ms);
    if (answer.window.contains(incident.from)) ++begun;
    if (incident.ongoing() || *incident.to > answer.window.to) continue;
    resolved_ms += incident.duration_ms;
    ++resolved;
  }
  const std::int64_t up_ms = answer.time[State::up] + answer.time[State::degraded];
  if (begun > 0) answer.mtbf_ms = static_cast<double>(up_ms) / static_cast<double>(begun);
  if (resolved > 0) answer.mttr_ms = static_cast<double>(resolved_ms) / static_cast<double>(resolved);
}

}  // namespace

Result<ComposedAnswer> composed_uptime(const Store& store, const Component& service, const Query& query,
                                       const ComposedOptions& options) {
  std::size_t count = 0;
  if (auto checked = check(service, 1, count); !checked) return tl::unexpected(checked.error());
  if (options.objective) {
    if (auto valid = query::validate_objective(*options.objective); !valid) return tl::unexpected(valid.error());
  }
  ComposedAnswer answer;
  answer.window = {query.window.from, std::max(query.window.from, std::min(query.window.to, query.now))};
  Query wide = query;
  wide.window = answer.window;
  Lines lines;
  std::vector<Span> spans;
  std::vector<query::Outage> outages;
  const Server no_merging;
  TimeMs asked_begin = answer.window.from;
  for (std::int64_t days = kFirstStepDays;; days *= kStepGrowth) {
    if (auto done = lines.read(store, service, wide, answer.explain); !done) return tl::unexpected(done.error());
    if (days == kFirstStepDays) asked_begin = std::clamp(lines.begin(), answer.window.from, answer.window.to);
    spans = lines.combine(service, {std::max(lines.begin(), wide.window.from), wide.window.to});
    query::find_outages(spans, no_merging, outages);
    if (answer.window.empty()) break;
    const bool state_is_older =
        options.since && !spans.empty() && start_of_last(spans, answer.window).rests_on_ms <= to_ms(wide.window.from);
    const bool earlier = lines.begin() <= wide.window.from && to_ms(wide.window.from) > 0 &&
                         (state_is_older || begins_open(spans, outages, answer.window));
    const bool later = wide.window.to < query.now && !outages.empty() && outages.back().open &&
                       outages.back().from_ms < to_ms(answer.window.to);
    if (!earlier && !later) break;
    const std::chrono::days step{std::min<std::int64_t>(days, kLongestStepDays)};
    if (earlier) wide.window.from = std::max(from_ms(0), wide.window.from - step);
    if (later) wide.window.to = std::min(query.now, wide.window.to + step);
  }
  answer.window.from = asked_begin;
  query::cover(spans, to_ms(answer.window.from), to_ms(answer.window.to), answer.spans);
  answer.time = time_per_state(answer.spans, answer.window);
  answer.uptime_ratio = uptime_ratio(answer.time, query.policy);
  answer.coverage_ratio = coverage_ratio(answer.time);
  for (const query::Outage& outage : outages) {
    if (!outage.reaches_into(to_ms(answer.window.from), to_ms(answer.window.to))) continue;
    answer.incidents.push_back(describe(outage, spans, lines, answer.window, query.now));
  }
  summarise(answer);
  if (!answer.window.empty()) {
    const TimeMs since = from_ms(start_of_last(spans, answer.window).from_ms);
    answer.current =
        Streak{last_of(spans, answer.window)->state, options.since ? since : std::max(since, answer.window.from)};
  }
  if (options.objective) {
    const query::Share share = query::share_of(answer.time, query.policy);
    ComposedBudget& budget = answer.budget.emplace();
    budget.objective = *options.objective;
    budget.budget_ms = query::Allowance(*options.objective).budget_ms(share.over_ms);
    budget.spent_ms = share.bad_ms;
    budget.remaining_ms = budget.budget_ms - budget.spent_ms;
    if (answer.uptime_ratio) budget.met = budget.remaining_ms >= 0;
  }
  return answer;
}

}  // namespace nines
