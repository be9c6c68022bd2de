#include "judgement/collect.h"

#include <algorithm>
#include <cassert>

#include "judgement/judging.h"
#include "judgement/spans.h"

namespace nines::query {
namespace {

// The index in [begin, end) of the first time at or after `time_ms`.
std::uint32_t index_of(const Segment& segment, std::uint32_t begin, std::uint32_t end, std::int64_t time_ms) {
  return TimeFinder(segment.time_ms, begin, end).find(time_ms);
}

Piece piece_of(const Run& run, const Rules& rules) {
  Piece piece;
  piece.first_ms = run.first_ms;
  piece.last_ms = run.last_ms;
  piece.hold_ms = hold_ms(rules, run.interval_ms);
  piece.rules = &rules;
  piece.count = run.count();
  piece.interval_ms = run.interval_ms != 0 ? run.interval_ms : static_cast<std::uint32_t>(rules.interval.count());
  piece.code = run.code;
  piece.error = run.error;
  piece.measured = run.state;
  return piece;
}

}  // namespace

Result<void> Frame::lay_out(Window range) {
  auto laid = nines::overlay(*server, range, policy.maintenance);
  if (!laid) return tl::unexpected(laid.error());
  overlay = std::move(*laid);
  overlay_edges.clear();
  for (const Span& span : overlay) {
    if (overlay_edges.empty() || overlay_edges.back() != span.from_ms) overlay_edges.push_back(span.from_ms);
    overlay_edges.push_back(span.to_ms);
  }
  rule_edges.clear();
  for (std::size_t i = 1; i < server->rules.size(); ++i) rule_edges.push_back(to_ms(server->rules[i].effective_from));
  pause_ends.clear();
  for (const Window& pause : server->paused) pause_ends.push_back(to_ms(pause.to));
  cuts.assign({to_ms(window.from), to_ms(window.to)});
  cuts.insert(cuts.end(), overlay_edges.begin(), overlay_edges.end());
  cuts.insert(cuts.end(), rule_edges.begin(), rule_edges.end());
  cuts.insert(cuts.end(), pause_ends.begin(), pause_ends.end());
  std::sort(cuts.begin(), cuts.end());
  return {};
}

void Collector::add(const Segment& segment, std::int64_t from_ms, std::int64_t to_ms) {
  const std::uint32_t size = segment.size();
  if (size == 0 || segment.time_ms.front() >= to_ms || segment.time_ms.back() < from_ms) return;
  const std::uint32_t begin = index_of(segment, 0, size, from_ms);
  const std::uint32_t end = segment.time_ms.back() < to_ms ? size : index_of(segment, begin, size, to_ms);
  Series& series = history_.series(segment.location);
  for (const Run& run : segment.runs) {
    const std::uint32_t first = std::max(run.begin, begin);
    const std::uint32_t last = std::min(run.end, end);
    if (first < last) add_run(series, segment, run, first, last);
  }
}

// Cuts [begin, end) of a run at the frame's cuts.
void Collector::add_run(Series& series, const Segment& segment, const Run& run, std::uint32_t begin,
                        std::uint32_t end) {
  auto cut = std::upper_bound(frame_.cuts.begin(), frame_.cuts.end(), segment.time_ms[begin]);
  while (begin < end) {
    while (cut != frame_.cuts.end() && *cut <= segment.time_ms[begin]) ++cut;
    const bool cut_here = cut != frame_.cuts.end() && *cut <= segment.time_ms[end - 1];
    const std::uint32_t until = cut_here ? index_of(segment, begin, end, *cut) : end;
    add_slice(series, segment, run, begin, until);
    begin = until;
  }
}

void Collector::add_slice(Series& series, const Segment& segment, const Run& run, std::uint32_t begin,
                          std::uint32_t end) {
  add_pieces(series, segment, run, begin, end);
  const TimeMs first = from_ms(segment.time_ms[begin]);
  if (first < frame_.window.to) note_last(segment, run, end - 1);
  if (!frame_.window.contains(first)) return;
  const bool covered = covers(frame_.overlay, to_ms(first));
  for (ResultSink* sink : sinks_) sink->results(segment, run, begin, end, covered);
}

// One piece, or several where a result stops to hold before the next one comes.
void Collector::add_pieces(Series& series, const Segment& segment, const Run& run, std::uint32_t begin,
                           std::uint32_t end) {
  const std::span<const std::int64_t> times = segment.time_ms;
  const Rules& rules = frame_.server->rules_at(from_ms(times[begin]));
  Piece piece = piece_of(run, rules);
  if (run.max_gap_ms > piece.hold_ms) {
    std::uint32_t start = begin;
    for (std::uint32_t i = begin + 1; i < end; ++i) {
      if (times[i] - times[i - 1] <= piece.hold_ms) continue;
      add_piece(series, segment, piece, start, i);
      start = i;
    }
    begin = start;
  }
  add_piece(series, segment, piece, begin, end);
}

void Collector::add_piece(Series& series, const Segment& segment, Piece piece, std::uint32_t begin, std::uint32_t end) {
  piece.first_ms = segment.time_ms[begin];
  piece.last_ms = segment.time_ms[end - 1];
  piece.count = end - begin;
  if (piece.measured == State::down) {
    piece.first_detail = detail_of(segment, begin);
    piece.last_detail = end - begin == 1 ? piece.first_detail : detail_of(segment, end - 1);
    piece.first_failure = static_cast<std::uint32_t>(series.failure_ms.size());
    series.failure_ms.insert(series.failure_ms.end(), segment.time_ms.begin() + begin, segment.time_ms.begin() + end);
  }
  append(series, piece);
}

// What was measured before the end of a pause says nothing behind it.
void Collector::append(Series& series, Piece& piece) const {
  if (!frame_.pause_ends.empty()) {
    const auto end = std::upper_bound(frame_.pause_ends.begin(), frame_.pause_ends.end(), piece.last_ms);
    if (end != frame_.pause_ends.end()) piece.hold_ms = std::min(piece.hold_ms, *end - piece.last_ms);
  }
  series.pieces.push_back(piece);
}

std::uint32_t Collector::detail_of(const Segment& segment, std::uint32_t index) {
  const auto found = std::lower_bound(segment.details.begin(), segment.details.end(), index,
                                      [](const Detail& detail, std::uint32_t wanted) { return detail.index < wanted; });
  if (found == segment.details.end() || found->index != index) return kNone;
  return history_.add_detail(found->text);
}

void Collector::note_last(const Segment& segment, const Run& run, std::uint32_t index) {
  const TimeMs time = from_ms(segment.time_ms[index]);
  if (last_ && (time < last_->time || (time == last_->time && segment.location < last_location_))) return;
  last_ = LastCheck{run.state, time, std::nullopt, run.code, run.error};
  if (!segment.latency_us.empty() && segment.latency_us[index] != kNoLatency) {
    last_->latency_us = segment.latency_us[index];
  }
  last_location_ = segment.location;
}

void Collector::add(const DaySummary& day) {
  for (const DaySeries& of_day : day.series) {
    Series& series = history_.series(of_day.location);
    for (const Run& run : of_day.runs) {
      Piece piece = piece_of(run, frame_.server->rules_at(from_ms(run.first_ms)));
      piece.summarised = true;
      append(series, piece);
    }
  }
  if (!frame_.window.contains(from_ms(day.day * kDayMs))) return;
  for (ResultSink* sink : sinks_) sink->day(day, frame_.overlay);
}

void Collector::add_part(const DaySummary& day, std::int64_t from_ms, std::int64_t to_ms) {
  bool in_window = false;
  for (const DaySeries& of_day : day.series) {
    Series& series = history_.series(of_day.location);
    for (const Run& run : of_day.runs) {
      std::uint32_t begin = count_before(run, from_ms);
      const std::uint32_t end = count_before(run, to_ms);
      while (begin < end) {
        const auto cut = std::upper_bound(frame_.cuts.begin(), frame_.cuts.end(), even_time(run, begin));
        const std::uint32_t until = cut == frame_.cuts.end() ? end : std::min(end, count_before(run, *cut));
        in_window = add_run_part(series, run, begin, until) || in_window;
        begin = until;
      }
    }
  }
  const std::int64_t middle_ms = day.day * kDayMs + kDayMs / 2;
  if (!in_window || middle_ms < from_ms || middle_ms >= to_ms) return;
  if (!frame_.window.contains(nines::from_ms(middle_ms))) return;
  for (ResultSink* sink : sinks_) sink->latencies(day);
}

bool Collector::add_run_part(Series& series, const Run& run, std::uint32_t begin, std::uint32_t end) {
  Run part = run;
  part.begin = begin;
  part.end = end;
  part.first_ms = even_time(run, begin);
  part.last_ms = even_time(run, end - 1);
  Piece piece = piece_of(part, frame_.server->rules_at(from_ms(part.first_ms)));
  piece.summarised = true;
  append(series, piece);
  if (!frame_.window.contains(from_ms(part.first_ms))) return false;
  const bool covered = covers(frame_.overlay, part.first_ms);
  for (ResultSink* sink : sinks_) sink->part(part, covered);
  return true;
}

std::uint32_t count_before(const Run& run, std::int64_t time_ms) noexcept {
  if (time_ms <= run.first_ms) return 0;
  if (time_ms > run.last_ms) return run.count();
  // Here the run has two results at least, and lasts less than a day: no overflow.
  const std::int64_t steps = run.count() - 1;
  const std::int64_t length_ms = run.last_ms - run.first_ms;
  return static_cast<std::uint32_t>(((time_ms - run.first_ms) * steps + length_ms - 1) / length_ms);
}

std::int64_t even_time(const Run& run, std::uint32_t index) noexcept {
  assert(index < run.count());
  if (index == 0) return run.first_ms;
  return run.first_ms + (run.last_ms - run.first_ms) * index / (run.count() - 1);
}

bool has_inner_gap(const Frame& frame, const DaySummary& day) noexcept {
  return std::any_of(day.series.begin(), day.series.end(), [&](const DaySeries& series) {
    return std::any_of(series.runs.begin(), series.runs.end(), [&](const Run& run) {
      return run.max_gap_ms > hold_ms(frame.server->rules_at(from_ms(run.first_ms)), run.interval_ms);
    });
  });
}

}  // namespace nines::query
