#include "codec/summary_codec.h"

#include <array>

#include "base/bytes.h"
#include "codec/run_codec.h"

namespace nines::engine {
namespace {

// --- Writing ---

void put_series(std::string& out, const DaySeries& series, std::int64_t day_start_ms) {
  put_varint(out, static_cast<std::uint16_t>(series.location));
  put_varint(out, series.runs.size());
  std::int64_t before_ms = day_start_ms;
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    const Run& run = series.runs[i];
    put_judgement(out, series.runs, i);
    put_varint(out, run.count());
    put_varint(out, static_cast<std::uint64_t>(run.first_ms - before_ms));
    if (run.count() > 1) {
      put_varint(out, static_cast<std::uint64_t>(run.last_ms - run.first_ms));
      put_max_gap(out, run);
    }
    before_ms = run.last_ms;
  }
}

void put_sketch(std::string& out, const LatencySketch& sketch) {
  put_varint(out, sketch.first_bucket());
  const auto counts = sketch.buckets();
  for (std::size_t i = 0; i < counts.size();) {
    put_varint(out, counts[i]);
    if (counts[i] != 0) {
      ++i;
      continue;
    }
    const std::size_t zeros_from = i;
    while (counts[i] == 0) ++i;  // the last count is not 0
    put_varint(out, i - zeros_from);
  }
}

// --- Reading ---

/// The run that follows `earlier`, which ended at `before_ms`, in a day that ends at `day_end_ms`.
Run read_run(Reader& in, std::span<const Run> earlier, std::int64_t before_ms, std::int64_t day_end_ms) noexcept {
  Run run = read_judgement(in, earlier);
  run.begin = earlier.empty() ? 0 : earlier.back().end;
  const auto count = in.varint_up_to(0xffff'ffffU - run.begin);
  run.end = run.begin + static_cast<std::uint32_t>(count);
  const auto room_ms = [&](std::int64_t from_ms) { return static_cast<std::uint64_t>(day_end_ms - 1 - from_ms); };
  const std::uint64_t pause_ms = in.varint_up_to(room_ms(before_ms));
  run.first_ms = before_ms + static_cast<std::int64_t>(pause_ms);
  run.last_ms = run.first_ms;
  if (count == 0 || (pause_ms == 0 && !earlier.empty())) in.fail();
  if (count > 1) {
    const std::uint64_t length_ms = in.varint_up_to(room_ms(run.first_ms));
    run.last_ms += static_cast<std::int64_t>(length_ms);
    run.max_gap_ms = read_max_gap(in, run.interval_ms);
    if (length_ms < count - 1) in.fail();
  }
  return run;
}

void read_series(Reader& in, std::int64_t day_start_ms, std::uint64_t& runs_left, DaySeries& out) {
  out.location = LocationId{in.varint16()};
  const std::uint64_t count = in.varint_up_to(runs_left);
  runs_left -= count;
  if (count == 0) in.fail();
  out.runs.clear();
  std::int64_t before_ms = day_start_ms;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    out.runs.push_back(read_run(in, out.runs, before_ms, day_start_ms + kDayMs));
    before_ms = out.runs.back().last_ms;
  }
}

void read_all_series(Reader& in, std::int64_t day_start_ms, std::vector<DaySeries>& out) {
  out.resize(static_cast<std::size_t>(in.varint_up_to(kMaxSummaryRuns)));
  std::uint64_t runs_left = kMaxSummaryRuns;
  for (std::size_t i = 0; i < out.size() && in.ok(); ++i) {
    read_series(in, day_start_ms, runs_left, out[i]);
    if (i > 0 && out[i].location <= out[i - 1].location) in.fail();
  }
}

void read_latency(Reader& in, DaySummary& out) {
  out.latency_count = in.varint();
  out.latency_sum_us = 0;
  out.latency_min_us = 0;
  out.latency_max_us = 0;
  if (out.latency_count == 0) return;
  out.latency_sum_us = in.varint();
  out.latency_min_us = static_cast<std::uint32_t>(in.varint_up_to(kMaxLatencyUs));
  out.latency_max_us =
      out.latency_min_us + static_cast<std::uint32_t>(in.varint_up_to(kMaxLatencyUs - out.latency_min_us));
}

/// Reads buckets until their counts add up to `total`.
bool read_sketch(Reader& in, std::uint64_t total, LatencySketch& out) {
  std::array<std::uint64_t, LatencySketch::kBuckets> counts;
  std::size_t size = 0;
  const auto first = static_cast<std::uint32_t>(in.varint_up_to(LatencySketch::kBuckets - 1));
  const std::size_t room = LatencySketch::kBuckets - first;
  for (std::uint64_t left = total; left > 0;) {
    const std::uint64_t count = in.varint_up_to(left);
    const auto repeat = count == 0 ? static_cast<std::size_t>(in.varint_up_to(room)) : 1;
    if (!in.ok() || repeat == 0 || repeat > room - size) return false;
    for (std::size_t i = 0; i < repeat; ++i) counts[size++] = count;
    left -= count;
  }
  return in.ok() && out.assign(first, std::span(counts.data(), size));
}

}  // namespace

bool is_storable(const DaySummary& summary) noexcept {
  std::size_t runs = 0;
  for (const DaySeries& series : summary.series) runs += series.runs.size();
  return runs <= kMaxSummaryRuns;
}

std::string encode_summary(const DaySummary& summary) {
  std::string out;
  put_u8(out, kSummaryVersion);
  put_varint(out, summary.latency_count);
  if (summary.latency_count > 0) {
    put_varint(out, summary.latency_sum_us);
    put_varint(out, summary.latency_min_us);
    put_varint(out, summary.latency_max_us - summary.latency_min_us);
  }
  put_varint(out, summary.series.size());
  for (const DaySeries& series : summary.series) put_series(out, series, summary.day * kDayMs);
  if (summary.latency_count > 0) put_sketch(out, summary.latency);
  return out;
}

Result<void> decode_summary(std::int64_t day, std::string_view bytes, bool with_sketch, DaySummary& out) {
  Reader in(bytes);
  const std::uint8_t version = in.u8();
  if (version > kSummaryVersion) {
    return fail(ErrorCode::newer_format, "day summary has format " + std::to_string(version) +
                                             ", this nines reads up to " + std::to_string(kSummaryVersion));
  }
  if (version == 0 || day < 0 || day >= to_ms(kTimeLimit) / kDayMs) {
    return fail(ErrorCode::corruption, "day summary has a malformed head");
  }
  out.day = day;
  read_latency(in, out);
  read_all_series(in, day * kDayMs, out.series);
  out.latency.clear();
  if (!in.ok()) return fail(ErrorCode::corruption, "day summary's runs do not decode");
  if (!with_sketch) return {};
  if ((out.latency_count > 0 && !read_sketch(in, out.latency_count, out.latency)) || !in.finished()) {
    return fail(ErrorCode::corruption, "day summary's sketch does not decode");
  }
  return {};
}

}  // namespace nines::engine
