#include "query/support/naive_model.h"

#include <date/tz.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace nines::test {
namespace {

std::int64_t local_ms(const std::string& zone, std::int64_t utc_ms) {
  const date::sys_seconds time{std::chrono::seconds{utc_ms / 1000}};
  return utc_ms + date::locate_zone(zone)->get_info(time).offset.count() * 1000;
}

bool on_this_date(const Maintenance& maintenance, std::int64_t day) {
  const date::sys_days date{date::days{day}};
  const date::year_month_day ymd{date};
  if (maintenance.repeat == Maintenance::Repeat::daily) return true;
  if (maintenance.repeat == Maintenance::Repeat::monthly) return unsigned{ymd.day()} == maintenance.day_of_month;
  return (maintenance.weekdays & (1U << date::weekday{date}.c_encoding())) != 0;
}

// The first moment, on a grid of 15 minutes, at which the zone's clocks show `target_ms` or more.
std::int64_t first_moment(const std::string& zone, std::int64_t target_ms) {
  std::int64_t time_ms = target_ms - 16 * 3'600'000;
  while (local_ms(zone, time_ms) < target_ms) time_ms += 15 * 60'000;
  return time_ms;
}

bool successful(const CheckResult& result) {
  return result.state == State::up || result.state == State::degraded;
}

std::optional<LatencyFigures> figures_of(const std::vector<std::uint32_t>& sorted) {
  if (sorted.empty()) return std::nullopt;
  const auto percentile = [&](std::size_t percent) {
    // The smallest value such that at least percent % of the values are at or below it.
    std::size_t rank = 1;
    while (rank * 100 < percent * sorted.size()) ++rank;
    return static_cast<double>(sorted[rank - 1]);
  };
  LatencyFigures figures;
  figures.count = sorted.size();
  for (const std::uint32_t latency : sorted) figures.mean_us += latency;
  figures.mean_us /= static_cast<double>(sorted.size());
  figures.min_us = sorted.front();
  figures.max_us = sorted.back();
  figures.p50_us = percentile(50);
  figures.p90_us = percentile(90);
  figures.p95_us = percentile(95);
  figures.p99_us = percentile(99);
  return figures;
}

}  // namespace

NaiveModel::NaiveModel(const Server& server, const std::vector<CheckResult>& results, const Query& query)
    : server_(server), query_(query) {
  std::map<LocationId, Location> by_location;
  life_from_ = server.created_at;
  const TimeMs end = std::max(query.window.from, std::min(query.window.to, query.now));
  for (const CheckResult& result : results) {
    if (result.time >= query.now) continue;
    std::int64_t until_ms = to_ms(result.time) + hold_ms(result);
    for (const Window& pause : server.paused) {
      if (result.time < pause.to) until_ms = std::min(until_ms, to_ms(pause.to));
    }
    by_location[result.location].push_back({result, State::unknown, until_ms});
    life_from_ = std::min(life_from_, result.time);
  }
  window_ = {std::clamp(life_from_, query.window.from, end), end};
  for (auto& [id, location] : by_location) {
    std::sort(location.begin(), location.end(),
              [](const Judged& a, const Judged& b) { return a.result.time < b.result.time; });
    judge(location);
    locations_.push_back(location);
  }
  find_planned();
  find_moments();
}

std::int64_t NaiveModel::hold_ms(const CheckResult& result) const {
  const Rules& rules = server_.rules_at(result.time);
  if (rules.stale_after.count() != 0) return rules.stale_after.count();
  const std::int64_t interval = result.interval_ms == 0 ? rules.interval.count() : result.interval_ms;
  return interval * 5 / 2 + rules.timeout.count();
}

void NaiveModel::judge(Location& location) const {
  bool outage = false;
  State before = State::unknown;   // of the last success
  std::vector<Judged*> failures;   // in a row
  std::vector<Judged*> successes;  // in a row
  std::int64_t held_until_ms = 0;
  TimeMs former{};
  for (Judged& judged : location) {
    const bool resumed = std::any_of(server_.paused.begin(), server_.paused.end(), [&](const Window& pause) {
      return former < pause.to && pause.to <= judged.result.time;
    });
    if (resumed) {
      outage = false;
      before = State::unknown;
      failures.clear();
      successes.clear();
    }
    former = judged.result.time;
    // A row of failures that is no outage yet ends where nothing is known.
    if (to_ms(judged.result.time) > held_until_ms && !outage) {
      failures.clear();
      before = State::unknown;
    }
    held_until_ms = judged.until_ms;
    const Rules& rules = server_.rules_at(judged.result.time);
    const std::size_t to_confirm = query_.policy.confirm_failures.value_or(rules.confirm_failures);
    const std::size_t to_end = query_.policy.confirm_successes.value_or(rules.confirm_successes);
    if (judged.result.state == State::unknown) {
      if (!outage) {
        failures.clear();
        before = State::unknown;
      }
      continue;
    }
    if (judged.result.state == State::down) {
      successes.clear();
      failures.push_back(&judged);
      judged.state = before;  // a blip, unless confirmed now or later
      outage = outage || failures.size() >= to_confirm;
      if (!outage) continue;
      for (Judged* failure : failures) failure->state = State::down;
      continue;
    }
    failures.clear();
    before = judged.result.state;
    successes.push_back(&judged);
    judged.state = State::down;  // does not count, unless the outage is over now or later
    if (outage && successes.size() < to_end) continue;
    outage = false;
    for (Judged* success : successes) success->state = success->result.state;
  }
}

const NaiveModel::Judged* NaiveModel::holding(const Location& location, std::int64_t time_ms) const {
  const auto later = std::upper_bound(location.begin(), location.end(), time_ms,
                                      [](std::int64_t time, const Judged& j) { return time < to_ms(j.result.time); });
  if (later == location.begin()) return nullptr;
  const Judged& newest = *(later - 1);
  return time_ms < newest.until_ms ? &newest : nullptr;
}

State NaiveModel::measured_at(std::int64_t time_ms, bool blips_down) const {
  std::size_t known = 0;
  std::size_t down = 0;
  std::size_t degraded = 0;
  for (const Location& location : locations_) {
    const Judged* const judged = holding(location, time_ms);
    if (judged == nullptr) continue;
    const State state = blips_down && judged->result.state == State::down ? State::down : judged->state;
    if (state == State::unknown) continue;
    ++known;
    if (state == State::down) ++down;
    if (state == State::degraded) ++degraded;
  }
  if (known == 0) return State::unknown;
  const std::uint16_t quorum = server_.rules_at(from_ms(time_ms)).quorum;
  const bool is_down = quorum == 0 ? down * 2 > known : down >= quorum;
  if (is_down) return State::down;
  if (down == known) return State::unknown;  // too few witnesses
  if (degraded == known - down) return State::degraded;
  const std::size_t bad = down + degraded;
  const bool is_degraded = degraded > 0 && (quorum == 0 ? bad * 2 > known : bad >= quorum);
  return is_degraded ? State::degraded : State::up;
}

void NaiveModel::find_planned() {
  for (const Maintenance& maintenance : server_.maintenance) {
    if (maintenance.repeat == Maintenance::Repeat::once) {
      planned_.push_back(maintenance.once);
      continue;
    }
    std::int64_t first_ms = to_ms(window_.from);
    for (const Location& location : locations_) first_ms = std::min(first_ms, to_ms(location.front().result.time));
    for (std::int64_t day = first_ms / kDayMs - 9; day <= to_ms(query_.now) / kDayMs + 1; ++day) {
      if (!on_this_date(maintenance, day)) continue;
      const std::int64_t wanted = day * kDayMs + std::chrono::milliseconds{maintenance.start}.count();
      const TimeMs start = from_ms(first_moment(maintenance.timezone, wanted));
      if (maintenance.effective.contains(start)) planned_.push_back({start, start + maintenance.length});
    }
  }
}

std::optional<State> NaiveModel::catalog_at(std::int64_t time_ms) const {
  const TimeMs time = from_ms(time_ms);
  const bool measured = query_.policy.maintenance == MaintenancePolicy::as_measured;
  for (auto correction = server_.corrections.rbegin(); correction != server_.corrections.rend(); ++correction) {
    if (measured && correction->state == State::maintenance) continue;
    if (correction->window.contains(time)) return correction->state;
  }
  for (const Window& pause : server_.paused) {
    if (pause.contains(time)) return State::paused;
  }
  for (const Window& planned : planned_) {
    if (!measured && planned.contains(time)) return State::maintenance;
  }
  return std::nullopt;
}

State NaiveModel::state_at(std::int64_t time_ms) const {
  if (const auto state = catalog_at(time_ms)) return *state;
  return measured_at(time_ms);
}

void NaiveModel::find_moments() {
  std::set<std::int64_t> moments{to_ms(window_.from), to_ms(window_.to)};
  const auto add = [&](const Window& window) {
    moments.insert(to_ms(window.from));
    moments.insert(to_ms(window.to));
  };
  for (const Location& location : locations_) {
    for (const Judged& judged : location) add({judged.result.time, from_ms(judged.until_ms)});
  }
  for (const Rules& rules : server_.rules) moments.insert(to_ms(rules.effective_from));
  for (const Window& planned : planned_) add(planned);
  for (const Window& pause : server_.paused) add(pause);
  for (const Correction& correction : server_.corrections) add(correction.window);
  moments_.assign(moments.begin(), moments.end());
}

std::vector<Span> NaiveModel::spans() const {
  std::vector<Span> spans;
  for (std::size_t i = 0; i + 1 < moments_.size(); ++i) {
    const std::int64_t from = moments_[i];
    if (from < to_ms(window_.from) || from >= to_ms(window_.to)) continue;
    const State state = state_at(from);
    if (!spans.empty() && spans.back().state == state) {
      spans.back().to_ms = moments_[i + 1];
    } else {
      spans.push_back({from, moments_[i + 1], state});
    }
  }
  return spans;
}

TimePerState NaiveModel::time(Window window) const {
  TimePerState time;
  for (const Span& span : spans()) {
    const std::int64_t from = std::max(span.from_ms, to_ms(window.from));
    const std::int64_t to = std::min(span.to_ms, to_ms(window.to));
    if (from < to) time[span.state] += to - from;
  }
  return time;
}

std::optional<double> NaiveModel::ratio(const TimePerState& time, UnknownPolicy unknown) const {
  const auto ms = [&](State state) { return static_cast<double>(time[state]); };
  double good = ms(State::up) + query_.policy.degraded_weight * ms(State::degraded);
  double bad = (1 - query_.policy.degraded_weight) * ms(State::degraded) + ms(State::down);
  if (query_.policy.maintenance == MaintenancePolicy::as_up) good += ms(State::maintenance);
  if (unknown == UnknownPolicy::as_up) good += ms(State::unknown);
  if (unknown == UnknownPolicy::as_down) bad += ms(State::unknown);
  if (good + bad == 0) return std::nullopt;
  return good / (good + bad);
}

// What takes more than the states of the window.
void NaiveModel::add_judged_times(Figures& figures) const {
  TimePerState with_blips;
  for (std::size_t i = 0; i + 1 < moments_.size(); ++i) {
    const std::int64_t from = moments_[i];
    if (from < to_ms(window_.from) || from >= to_ms(window_.to)) continue;
    const std::int64_t length_ms = moments_[i + 1] - from;
    const auto catalog = catalog_at(from);
    with_blips[catalog.value_or(measured_at(from, true))] += length_ms;
    if (catalog == State::maintenance && measured_at(from) == State::down) figures.planned_down_ms += length_ms;
  }
  figures.uptime_unconfirmed = ratio(with_blips, query_.policy.unknown);
  for (const Location& location : locations_) {
    for (const Judged& judged : location) {
      const CheckResult& result = judged.result;
      if (!window_.contains(result.time)) continue;
      const std::int64_t rules_ms = server_.rules_at(result.time).interval.count();
      const std::int64_t interval_ms = result.interval_ms == 0 ? rules_ms : result.interval_ms;
      figures.resolution_ms = std::max(figures.resolution_ms.value_or(0), interval_ms);
    }
  }
}

std::vector<PlaceFigures> NaiveModel::places() const {
  std::vector<PlaceFigures> places;
  for (const Location& location : locations_) {
    PlaceFigures place{location.front().result.location, 0, 0, 0};
    bool seen = false;
    for (std::size_t i = 0; i + 1 < moments_.size(); ++i) {
      if (moments_[i] < to_ms(window_.from) || moments_[i] >= to_ms(window_.to)) continue;
      const Judged* const held = holding(location, moments_[i]);
      seen = seen || held != nullptr;
      if (held != nullptr && held->state == State::down) place.down_ms += moments_[i + 1] - moments_[i];
    }
    for (const Judged& judged : location) {
      if (!window_.contains(judged.result.time)) continue;
      ++place.checks;
      if (judged.result.state == State::down) ++place.failed_checks;
    }
    if (seen) places.push_back(place);
  }
  return places;
}

CheckCounts NaiveModel::counts(Window window) const {
  CheckCounts counts;
  for (const Location& location : locations_) {
    for (const Judged& judged : location) {
      if (!window.contains(judged.result.time)) continue;
      ++counts.checks;
      if (judged.result.state == State::unknown || catalog_at(to_ms(judged.result.time))) continue;
      if (successful(judged.result)) ++counts.successful;
      if (judged.result.state != State::down) continue;
      ++counts.failed;
      if (judged.state != State::down) ++counts.blips;
    }
  }
  return counts;
}

std::vector<std::uint32_t> NaiveModel::latencies(Window window) const {
  std::vector<std::uint32_t> latencies;
  for (const Location& location : locations_) {
    for (const Judged& judged : location) {
      const CheckResult& result = judged.result;
      if (window.contains(result.time) && successful(result) && result.latency_us) {
        latencies.push_back(*result.latency_us);
      }
    }
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

// All outages up to now, wherever the window is, those close together joined.
std::vector<NaiveModel::Outage> NaiveModel::outages() const {
  std::vector<Outage> outages;
  const std::int64_t now_ms = to_ms(query_.now);
  for (std::size_t i = 0; i < moments_.size() && moments_[i] <= now_ms; ++i) {
    const std::int64_t from = moments_[i];
    const std::int64_t to = i + 1 < moments_.size() && moments_[i + 1] <= now_ms ? moments_[i + 1] : now_ms + 1;
    const State state = state_at(from);
    if (state == State::unknown) continue;
    Outage* const last = outages.empty() ? nullptr : &outages.back();
    if (state != State::down) {
      if (last == nullptr || !last->open) continue;
      last->open = false;
      last->end_seen = last->to_ms == from;
      continue;
    }
    if (last != nullptr && (last->open || from - last->to_ms < server_.rules_at(from_ms(from)).merge_within.count())) {
      *last = {last->from_ms, to, true, true};
    } else {
      outages.push_back({from, to, true, true});
    }
  }
  return outages;
}

std::optional<TimeMs> NaiveModel::detected_at(std::int64_t from_ms) const {
  if (measured_at(from_ms) != State::down) return std::nullopt;
  std::vector<std::int64_t> confirmed;
  std::size_t known = 0;
  for (const Location& location : locations_) {
    const Judged* const held = holding(location, from_ms);
    if (held == nullptr || held->state == State::unknown) continue;
    ++known;
    if (held->state != State::down) continue;
    // Judged anew with each further result, until the one is down that holds at the start.
    const auto at = static_cast<std::size_t>(held - location.data());
    for (std::size_t end = at + 1; end <= location.size(); ++end) {
      Location seen(location.begin(), location.begin() + static_cast<std::ptrdiff_t>(end));
      for (Judged& judged : seen) judged.state = State::unknown;
      judge(seen);
      if (seen[at].state != State::down) continue;
      confirmed.push_back(to_ms(seen.back().result.time));
      break;
    }
  }
  std::sort(confirmed.begin(), confirmed.end());
  const std::uint16_t quorum = server_.rules_at(nines::from_ms(from_ms)).quorum;
  const std::size_t needed = quorum == 0 ? known / 2 + 1 : quorum;
  return std::max(nines::from_ms(confirmed.at(needed - 1)), nines::from_ms(from_ms));
}

Incident NaiveModel::describe(const Outage& outage) const {
  const std::int64_t end_ms = outage.open ? to_ms(query_.now) : outage.to_ms;
  const Window whole{from_ms(outage.from_ms), from_ms(end_ms)};
  const Window inside{std::max(whole.from, window_.from), std::min(whole.to, window_.to)};
  Incident incident;
  incident.server = server_.id;
  incident.from = whole.from;
  if (!outage.open) incident.to = whole.to;
  incident.end_seen = outage.end_seen;
  incident.duration_ms = whole.length().count();
  incident.window_ms = inside.length().count();
  incident.detected_at = detected_at(outage.from_ms);
  // It is not over, and the last known state of the window, or of what came before it, is down.
  State last_known = State::unknown;
  for (std::size_t i = 0; i < moments_.size(); ++i) {
    const std::int64_t next_ms = i + 1 < moments_.size() ? moments_[i + 1] : to_ms(kTimeLimit);
    const State state = state_at(moments_[i]);
    if (moments_[i] < to_ms(window_.to) && state != State::unknown) last_known = state;
    const std::int64_t from = std::max(moments_[i], outage.from_ms);
    const std::int64_t to = std::min(next_ms, end_ms);
    if (state == State::down && from < to) incident.down_ms += to - from;
    const std::int64_t inside_ms = std::min(to, to_ms(inside.to)) - std::max(from, to_ms(inside.from));
    if (state == State::down && inside_ms > 0) incident.window_down_ms += inside_ms;
  }
  const bool over = !outage.open && outage.to_ms <= to_ms(window_.to);
  incident.down_at_window_end = !over && last_known == State::down;
  const Judged* cause = nullptr;
  for (const Location& location : locations_) {
    bool was_down = false;
    for (std::size_t i = 0; i < location.size(); ++i) {
      const CheckResult& result = location[i].result;
      const bool failed = result.state == State::down && !catalog_at(to_ms(result.time));
      if (failed && whole.contains(result.time)) ++incident.failed_checks;
      std::int64_t until = location[i].until_ms;
      if (i + 1 < location.size()) until = std::min(until, to_ms(location[i + 1].result.time));
      const bool overlaps = to_ms(result.time) < end_ms && until > outage.from_ms;
      was_down = was_down || (location[i].state == State::down && overlaps);
    }
    if (was_down) incident.locations.push_back(location.front().result.location);
    const Judged* const held = holding(location, outage.from_ms);
    if (held == nullptr || held->state != State::down) continue;
    if (cause == nullptr || (held->result.time == whole.from && cause->result.time != whole.from)) cause = held;
  }
  if (cause != nullptr) {
    incident.code = cause->result.code;
    incident.error = cause->result.error;
    incident.detail = cause->result.detail;
  }
  return incident;
}

std::vector<Incident> NaiveModel::incidents() const {
  std::vector<Incident> incidents;
  if (window_.empty()) return incidents;
  for (const Outage& outage : outages()) {
    const bool reaches = outage.from_ms < to_ms(window_.to) && (outage.open || outage.to_ms > to_ms(window_.from));
    if (reaches) incidents.push_back(describe(outage));
  }
  return incidents;
}

TimeMs NaiveModel::state_since() const {
  const State state = state_at(to_ms(window_.to) - 1);
  TimeMs since = window_.to;
  for (auto moment = moments_.rbegin(); moment != moments_.rend(); ++moment) {
    if (*moment >= to_ms(window_.to)) continue;
    const State before = state_at(*moment);
    if (state == State::down && before == State::unknown) continue;  // an outage goes on through unknown time
    if (before != state) return std::max(since, life_from_);
    since = from_ms(*moment);
  }
  // Nothing is known of the time before the first moment.
  return state == State::unknown ? life_from_ : std::max(since, life_from_);
}

std::optional<LastCheck> NaiveModel::last() const {
  const Judged* newest = nullptr;
  for (const Location& location : locations_) {
    for (const Judged& judged : location) {
      if (judged.result.time >= window_.to) continue;
      if (newest == nullptr || judged.result.time >= newest->result.time) newest = &judged;
    }
  }
  const bool ends_now = window_.to == query_.now;
  if (newest == nullptr || window_.empty()) return std::nullopt;
  if (newest->until_ms <= to_ms(window_.from) && !ends_now) return std::nullopt;
  const CheckResult& result = newest->result;
  return LastCheck{result.state, result.time, result.latency_us, result.code, result.error};
}

Figures NaiveModel::figures() const {
  Figures figures;
  figures.server = server_.id;
  figures.window = window_;
  figures.time = time(window_);
  figures.uptime_ratio = ratio(figures.time, query_.policy.unknown);
  figures.uptime_lower = ratio(figures.time, UnknownPolicy::as_down);
  figures.uptime_upper = ratio(figures.time, UnknownPolicy::as_up);
  add_judged_times(figures);
  figures.places = places();
  const std::int64_t known = figures.time[State::up] + figures.time[State::degraded] + figures.time[State::down];
  if (!window_.empty()) {
    const std::int64_t measurable = known + figures.time[State::unknown];
    if (measurable > 0) figures.coverage_ratio = static_cast<double>(known) / static_cast<double>(measurable);
    figures.current = Streak{spans().back().state, state_since()};
  }
  figures.counts = counts(window_);
  const std::uint64_t judged = figures.counts.successful + figures.counts.failed;
  if (judged != 0) {
    figures.check_success_ratio = static_cast<double>(figures.counts.successful) / static_cast<double>(judged);
  }
  figures.latency = figures_of(latencies(window_));
  figures.incidents = incidents();
  double resolved_ms = 0;
  double resolved = 0;
  double begun = 0;
  for (const Incident& incident : figures.incidents) {
    figures.longest_outage_ms = std::max(figures.longest_outage_ms.value_or(0), incident.duration_ms);
    if (window_.contains(incident.from)) begun += 1;
    if (!incident.to || *incident.to > window_.to) continue;
    resolved_ms += static_cast<double>(incident.duration_ms);
    resolved += 1;
  }
  if (resolved > 0) figures.mttr_ms = resolved_ms / resolved;
  if (begun > 0) figures.mtbf_ms = static_cast<double>(figures.time[State::up] + figures.time[State::degraded]) / begun;
  figures.last = last();
  return figures;
}

std::vector<Bar> NaiveModel::bars(const std::vector<Window>& windows) const {
  std::vector<Bar> bars;
  for (const Window& window : windows) {
    const Window inside{std::max(window.from, window_.from), std::min(window.to, window_.to)};
    Bar bar;
    bar.window = window;
    bar.time = time(window);
    bar.uptime_ratio = ratio(bar.time, query_.policy.unknown);
    if (!inside.empty()) {
      bar.checks = counts(inside).checks;
      bar.failed_checks = counts(inside).failed;
      const auto figures = figures_of(latencies(inside));
      if (figures) {
        bar.latency_count = figures->count;
        bar.latency_mean_us = figures->mean_us;
        bar.latency_max_us = figures->max_us;
      }
    }
    bars.push_back(bar);
  }
  return bars;
}

}  // namespace nines::test
