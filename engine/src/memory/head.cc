#include "memory/head.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "series/merge.h"

namespace nines::engine {
namespace {

/// Room for some more results when columns have to be made anew. With a hundred thousand servers what is not used of it
/// is most of a host's memory, and copying a few results more often is nothing beside storing them.
std::size_t grown(std::size_t size) {
  return size + size / 8 + 16;
}

template <class Column>
bool has_room(const Column& column, std::size_t more) {
  return column.capacity() - column.size() >= more;
}

/// Whether `more` results can be added without moving a column that readers may point into.
bool has_room(const SeriesColumns& columns, std::size_t more) {
  if (!has_room(columns.time_ms, more) || !has_room(columns.latency_us, more)) return false;
  return columns.phases.empty() || (has_room(columns.phases, more) && has_room(columns.has_phases, more));
}

void append_runs(SeriesColumns& columns, std::span<const Run> runs, std::uint32_t shift) {
  for (Run run : runs) {
    run.begin += shift;
    run.end += shift;
    if (!columns.runs.empty() && continues(columns.runs.back(), run)) {
      join(columns.runs.back(), run);
    } else {
      columns.runs.push_back(run);
    }
  }
}

template <class Column>
void append_column(Column& column, std::span<const typename Column::value_type> later) {
  const auto size = static_cast<std::ptrdiff_t>(column.size());
  column.resize(column.size() + later.size());
  std::copy(later.begin(), later.end(), column.begin() + size);
}

/// Appends a later piece of the series, all of whose columns are there.
void append_piece(SeriesColumns& columns, const Segment& later) {
  const auto size = static_cast<std::uint32_t>(columns.size());
  append_column(columns.time_ms, later.time_ms);
  append_column(columns.latency_us, later.latency_us);
  if (!columns.phases.empty() || !later.phases.empty()) {
    columns.phases.resize(size);
    columns.has_phases.resize(size);
    append_column(columns.phases, later.phases);
    append_column(columns.has_phases, later.has_phases);
    columns.phases.resize(columns.time_ms.size());
    columns.has_phases.resize(columns.time_ms.size());
  }
  for (const Detail& detail : later.details) columns.details.emplace_back(detail.index + size, detail.text);
  append_runs(columns, later.runs, size);
}

/// New columns with the piece `kept` of `old`, and room for more.
std::shared_ptr<HeadSeries> regrown(const SeriesColumns& old, const Segment& kept, std::size_t more) {
  auto series = std::make_shared<HeadSeries>();
  SeriesColumns* const columns = &series->columns;
  columns->location = old.location;
  const std::size_t room = grown(kept.size() + more);
  columns->time_ms.reserve(room);
  columns->latency_us.reserve(room);
  if (!old.phases.empty()) {
    columns->phases.reserve(room);
    columns->has_phases.reserve(room);
  }
  append_piece(*columns, kept);
  return series;
}

}  // namespace

void HeadView::clear() noexcept {
  for (std::size_t i = 0; i < used_; ++i) {
    series_[i].keep->readers.fetch_sub(1, std::memory_order_release);
    series_[i].keep.reset();
  }
  used_ = 0;
}

void Head::reset(std::int64_t start_ms, std::int64_t watermark_ms) {
  assert(start_ms >= 0 && start_ms <= watermark_ms + 1);
  start_ms_ = start_ms;
  watermark_ms_ = watermark_ms;
  series_.clear();
  recount();
}

std::shared_ptr<HeadSeries>& Head::series_of(LocationId location) {
  auto found = std::lower_bound(series_.begin(), series_.end(), location, [](const auto& series, LocationId wanted) {
    return series->columns.location < wanted;
  });
  if (found == series_.end() || (*found)->columns.location != location) {
    auto series = std::make_shared<HeadSeries>();
    series->columns.location = location;
    found = series_.insert(found, std::move(series));
  }
  return *found;
}

void Head::recount() {
  results_ = 0;
  bytes_ = 0;
  last_ms_ = -1;
  for (const auto& series : series_) {
    const SeriesColumns& columns = series->columns;
    results_ += columns.size();
    bytes_ += columns.memory_bytes();
    if (!columns.empty()) last_ms_ = std::max(last_ms_, columns.time_ms.back());
  }
  recount_rows();
}

void Head::recount_rows() {
  rows_ = 0;
  first_row_ms_ = -1;
  for (const auto& series : series_) {
    const SeriesColumns& columns = series->columns;
    const std::size_t first = TimeFinder(columns.time_ms).find(watermark_ms_ + 1);
    if (first == columns.size()) continue;
    rows_ += columns.size() - first;
    const std::int64_t first_ms = columns.time_ms[first];
    if (first_row_ms_ < 0 || first_ms < first_row_ms_) first_row_ms_ = first_ms;
  }
}

void Head::extend(std::span<const SeriesColumns> pieces) {
  std::vector<Run> runs;
  std::vector<Detail> details;
  const Bounds rest{start_ms_, start_ms_, kNothing};
  const auto size_of = [this](const SeriesColumns& piece) {
    return piece.size() - TimeFinder(piece.time_ms).find(start_ms_);
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t size = size_of(pieces[i]);
    if (size == 0) continue;
    auto& series = series_of(pieces[i].location);
    if (!has_room(series->columns, size)) {
      // For all that follow, too: made anew for each piece, the columns would be copied as often as there are pieces.
      std::size_t more = 0;
      for (const SeriesColumns& piece : pieces.subspan(i)) {
        if (piece.location == pieces[i].location) more += size_of(piece);
      }
      series = regrown(series->columns, whole_segment(series->columns, details), more);
    }
    append_piece(series->columns, cut(whole_segment(pieces[i], details), rest, Gaps::exact, runs, details));
  }
  recount();
}

bool Head::accepts(const CheckResult& result) const noexcept {
  for (const auto& series : series_) {
    const SeriesColumns& columns = series->columns;
    if (columns.location == result.location) return columns.empty() || columns.time_ms.back() < to_ms(result.time);
  }
  return true;
}

void Head::push_back(const CheckResult& result) {
  assert(accepts(result) && to_ms(result.time) >= start_ms_);
  auto& series = series_of(result.location);
  if (has_room(series->columns, 1)) {
    const std::int64_t time_ms = to_ms(result.time);
    series->columns.push_back(result);
    ++results_;
    last_ms_ = std::max(last_ms_, time_ms);
    if (time_ms <= watermark_ms_) return;
    ++rows_;
    if (first_row_ms_ < 0 || time_ms < first_row_ms_) first_row_ms_ = time_ms;
    return;
  }
  std::vector<Detail> details;
  series = regrown(series->columns, whole_segment(series->columns, details), 1);
  series->columns.push_back(result);
  recount();
}

void Head::insert(const CheckResult& result) {
  assert(to_ms(result.time) >= start_ms_);
  if (accepts(result)) return push_back(result);
  auto& series = series_of(result.location);
  const SeriesColumns& columns = series->columns;
  const std::size_t place = TimeFinder(columns.time_ms).find(to_ms(result.time));
  const bool replaces = columns.time_ms[place] == to_ms(result.time);
  if (replaces && columns.at(place, result.server) == result) return;
  std::vector<CheckResult> later;
  for (std::size_t i = place + (replaces ? 1 : 0); i < columns.size(); ++i)
    later.push_back(columns.at(i, result.server));
  // Views are made and given up under the lock around this call or, the latter, with a release that is seen here.
  if (series->readers.load(std::memory_order_acquire) > 0) {
    std::vector<Detail> details;
    series = regrown(columns, whole_segment(columns, details), 1);
  }
  series->columns.truncate(place);
  series->columns.push_back(result);
  for (const CheckResult& next : later) series->columns.push_back(next);
  recount();
}

std::size_t Head::rows_until(std::int64_t time_ms) const noexcept {
  std::size_t rows = 0;
  for (const auto& series : series_) {
    const TimeFinder times(series->columns.time_ms);
    const std::size_t first = times.find(watermark_ms_ + 1);
    rows += std::max<std::size_t>(times.find(time_ms + 1), first) - first;
  }
  return rows;
}

std::int64_t Head::slowest_ms() const noexcept {
  std::int64_t slowest_ms = -1;
  for (const auto& series : series_) {
    if (series->columns.empty()) continue;
    const std::int64_t last_ms = series->columns.time_ms.back();
    if (last_ms > watermark_ms_ && (slowest_ms < 0 || last_ms < slowest_ms)) slowest_ms = last_ms;
  }
  return slowest_ms;
}

void Head::merge(std::span<const CheckResult> results, ServerId server) {
  assert(results.empty() || to_ms(results.front().time) >= start_ms_);
  const auto merged = merge_results(results_from(start_ms_, server), results);
  std::vector<SeriesColumns> columns = to_columns(merged);
  series_.clear();
  for (SeriesColumns& of_location : columns) {
    series_.push_back(std::make_shared<HeadSeries>());
    series_.back()->columns = std::move(of_location);
  }
  recount();
}

void Head::cut_before(std::int64_t time_ms) {
  std::vector<Run> runs;
  std::vector<Detail> details;
  for (auto& series : series_) {
    const SeriesColumns& columns = series->columns;
    if (columns.empty() || columns.time_ms.front() >= time_ms) continue;
    const Bounds rest{time_ms, time_ms, kNothing};
    series = regrown(columns, cut(whole_segment(columns, details), rest, Gaps::exact, runs, details), 0);
  }
  std::erase_if(series_, [](const auto& series) { return series->columns.empty(); });
  recount();
}

void Head::trim(std::int64_t start_ms) {
  assert(start_ms <= watermark_ms_ + 1);
  if (start_ms <= start_ms_) return;
  cut_before(start_ms);
  start_ms_ = start_ms;
}

void Head::seal(std::int64_t watermark_ms) {
  watermark_ms_ = std::max(watermark_ms_, watermark_ms);
  recount_rows();
}

void Head::drop(std::int64_t end_ms) {
  if (end_ms <= start_ms_) return;
  cut_before(end_ms);
  // The rows' side of the watermark stays complete: later results may lie there again.
  start_ms_ = std::min(end_ms, std::max(start_ms_, watermark_ms_ + 1));
}

void Head::view(const Bounds& bounds, const Columns& columns, Gaps gaps, HeadView& out) const {
  out.clear();
  for (const auto& shared : series_) {
    const SeriesColumns* const series = &shared->columns;
    if (series->empty() || series->time_ms.back() < bounds.low || series->time_ms.front() >= bounds.high) continue;
    if (out.used_ == out.series_.size()) out.series_.emplace_back();
    auto& slot = out.series_[out.used_];
    slot.details.clear();
    slot.texts.clear();
    Segment whole;
    whole.location = series->location;
    whole.time_ms = series->time_ms;
    whole.latency_us = series->latency_us;
    whole.runs = series->runs;
    if (!columns.latency) whole.latency_us = {};
    if (columns.phases) {
      whole.phases = series->phases;
      whole.has_phases = series->has_phases;
    }
    if (columns.details && !series->details.empty()) {
      slot.texts = series->details;
      for (const auto& [index, text] : slot.texts) slot.details.push_back({index, text});
      whole.details = slot.details;
    }
    slot.segment = cut(whole, bounds, gaps, slot.runs, slot.details);
    if (slot.segment.size() == 0) continue;
    // Runs change at their end and details move while the series grows, so a view has its own.
    if (slot.segment.runs.data() != slot.runs.data()) slot.runs.assign(whole.runs.begin(), whole.runs.end());
    slot.segment.runs = slot.runs;
    shared->readers.fetch_add(1, std::memory_order_relaxed);
    slot.keep = shared;
    ++out.used_;
  }
}

std::vector<CheckResult> Head::results_from(std::int64_t time_ms, ServerId server) const {
  std::vector<CheckResult> results;
  for (const auto& shared : series_) {
    const SeriesColumns* const series = &shared->columns;
    for (std::size_t i = TimeFinder(series->time_ms).find(time_ms); i < series->size(); ++i) {
      results.push_back(series->at(i, server));
    }
  }
  std::sort(results.begin(), results.end(), earlier);
  return results;
}

bool Head::newest(ServerId server, CheckResult& out) const {
  const SeriesColumns* newest = nullptr;
  for (const auto& shared : series_) {
    const SeriesColumns* const series = &shared->columns;
    if (series->empty()) continue;
    if (newest == nullptr || series->time_ms.back() >= newest->time_ms.back()) newest = series;
  }
  if (newest == nullptr) return false;
  out = newest->at(newest->size() - 1, server);
  return true;
}

}  // namespace nines::engine
