#include "support/model_cursors.h"

#include <algorithm>

#include "support/model_store.h"

namespace nines::test {
namespace {

bool same_run(const CheckResult& a, const CheckResult& b) {
  constexpr std::int64_t kDefaultIntervalMs = 60'000;  // what an interval of 0 counts as
  const std::int64_t gap_ms = to_ms(b.time) - to_ms(a.time);
  const std::int64_t interval_ms = a.interval_ms != 0 ? a.interval_ms : kDefaultIntervalMs;
  return a.state == b.state && a.error == b.error && a.code == b.code && a.retry == b.retry &&
         a.interval_ms == b.interval_ms && a.latency_us.has_value() == b.latency_us.has_value() &&
         gap_ms * 2 <= interval_ms * 5;
}

}  // namespace

std::vector<Run> runs_of(const std::vector<const CheckResult*>& results) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const CheckResult& result = *results[i];
    const std::int64_t time_ms = to_ms(result.time);
    if (i > 0 && same_run(*results[i - 1], result)) {
      Run& run = runs.back();
      const auto gap_ms = static_cast<std::uint32_t>(time_ms - run.last_ms);
      run.max_gap_ms = std::max(run.max_gap_ms, gap_ms);
      run.last_ms = time_ms;
      ++run.end;
      continue;
    }
    Run run;
    run.begin = static_cast<std::uint32_t>(i);
    run.end = run.begin + 1;
    run.first_ms = run.last_ms = time_ms;
    run.interval_ms = result.interval_ms;
    run.code = result.code;
    run.state = result.state;
    run.error = result.error;
    run.retry = result.retry;
    run.has_latency = result.latency_us.has_value();
    runs.push_back(run);
  }
  return runs;
}

DaySummary summarise(std::int64_t day, const std::vector<const CheckResult*>& results, bool with_sketch) {
  DaySummary summary;
  summary.day = day;
  std::map<LocationId, std::vector<const CheckResult*>> by_location;
  for (const CheckResult* result : results) {
    by_location[result->location].push_back(result);
    const bool successful = result->state == State::up || result->state == State::degraded;
    if (!successful || !result->latency_us) continue;
    const std::uint32_t latency_us = *result->latency_us;
    summary.latency_min_us = summary.latency_count == 0 ? latency_us : std::min(summary.latency_min_us, latency_us);
    summary.latency_max_us = std::max(summary.latency_max_us, latency_us);
    summary.latency_sum_us += latency_us;
    ++summary.latency_count;
    if (with_sketch) summary.latency.add(latency_us);
  }
  for (auto& [location, series] : by_location) {
    std::sort(series.begin(), series.end(), [](const auto* a, const auto* b) { return a->time < b->time; });
    summary.series.push_back({location, runs_of(series)});
  }
  return summary;
}

ModelCursor::ModelCursor(std::vector<CheckResult> results, TimeMs from, Columns columns, std::uint32_t segment_rows,
                         std::vector<Hole> damage)
    : results_(std::move(results)), damage_(std::move(damage)), from_(from), columns_(columns) {
  std::map<LocationId, std::vector<const CheckResult*>> open;
  for (const CheckResult& result : results_) {
    auto& piece = open[result.location];
    piece.push_back(&result);
    if (segment_rows != 0 && piece.size() == segment_rows) pieces_.push_back(std::exchange(piece, {}));
  }
  for (auto& [location, piece] : open) {
    if (!piece.empty()) pieces_.push_back(std::move(piece));
  }
  cost_.range_scans = 1;
  cost_.results = results_.size();
  cost_.rows = results_.size();
}

Result<const Segment*> ModelCursor::next() {
  const bool at_end = next_ == pieces_.size();
  if (met_ < damage_.size() && (at_end || damage_[met_].window.from <= pieces_[next_].back()->time)) {
    return tl::unexpected<Error>(damage_[met_++].error);
  }
  if (at_end) return nullptr;
  fill(pieces_[next_++]);
  return &segment_;
}

void ModelCursor::fill(const std::vector<const CheckResult*>& piece) {
  times_.clear();
  latencies_.clear();
  phases_.clear();
  has_phases_.clear();
  details_.clear();
  segment_ = {};
  segment_.location = piece.front()->location;
  for (std::uint32_t i = 0; i < piece.size(); ++i) {
    const CheckResult& result = *piece[i];
    times_.push_back(to_ms(result.time));
    if (result.time < from_) segment_.first_in_window = i + 1;
    if (columns_.latency) latencies_.push_back(result.latency_us.value_or(kNoLatency));
    phases_.push_back(result.phases.value_or(Phases{}));
    has_phases_.push_back(result.phases.has_value() ? 1 : 0);
    if (columns_.details && !result.detail.empty()) details_.push_back({i, result.detail});
  }
  runs_ = runs_of(piece);
  segment_.time_ms = times_;
  segment_.latency_us = latencies_;
  const bool any_phases = std::count(has_phases_.begin(), has_phases_.end(), 1) > 0;
  if (columns_.phases && any_phases) {
    segment_.phases = phases_;
    segment_.has_phases = has_phases_;
  }
  segment_.runs = runs_;
  segment_.details = details_;
}

ModelDayCursor::ModelDayCursor(std::map<std::int64_t, DaySummary> summaries, std::vector<Hole> damage)
    : summaries_(std::move(summaries)), next_(summaries_.begin()), damage_(std::move(damage)) {
  cost_.range_scans = 1;
}

Result<const DaySummary*> ModelDayCursor::next() {
  const bool at_end = next_ == summaries_.end();
  if (met_ < damage_.size() && (at_end || utc_day(to_ms(damage_[met_].window.from)) < next_->first)) {
    return tl::unexpected<Error>(damage_[met_++].error);
  }
  if (at_end) return nullptr;
  ++cost_.summaries;
  return &(next_++)->second;
}

}  // namespace nines::test
