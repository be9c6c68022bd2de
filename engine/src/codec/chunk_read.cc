// A chunk, or the part of one that a window needs, to columns.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "codec/chunk.h"
#include "codec/chunk_layout.h"
#include "codec/pfor.h"
#include "codec/run_codec.h"
#include "codec/time_column.h"

namespace nines::engine {
namespace {

struct Head {
  std::uint8_t version = 0;
  ChunkInfo info;
};

Head read_head(Reader& in) noexcept {
  Head head;
  head.version = in.u8();
  if (head.version != kChunkVersion) {
    in.fail();
    return head;
  }
  head.info.first_ms = static_cast<std::int64_t>(in.varint_up_to(static_cast<std::uint64_t>(to_ms(kTimeLimit)) - 1));
  // The day ends the chunk.
  const std::int64_t room_ms = kDayMs - 1 - head.info.first_ms % kDayMs;
  head.info.last_ms =
      head.info.first_ms + static_cast<std::int64_t>(in.varint_up_to(static_cast<std::uint64_t>(room_ms)));
  head.info.results = static_cast<std::uint32_t>(in.varint_up_to(kMaxChunkResults));
  head.info.series = static_cast<std::uint32_t>(in.varint_up_to(head.info.results));
  if (head.info.series == 0) in.fail();
  return head;
}

tl::unexpected<Error> bad_head(std::uint8_t version) {
  if (version > kChunkVersion) {
    return fail(ErrorCode::newer_format, "chunk has format " + std::to_string(version) + ", this nines reads up to " +
                                             std::to_string(kChunkVersion));
  }
  return fail(ErrorCode::corruption, "chunk has a malformed head");
}

/// A series' header and the bytes of its columns.
struct Sections {
  LocationId location{};
  std::uint32_t count = 0;
  std::uint8_t flags = 0;
  Reader runs;
  Reader times;
  Reader latencies;
  Reader phases;
  Reader details;
};

Sections read_sections(Reader& in) noexcept {
  Sections s;
  s.location = LocationId{in.varint16()};
  s.count = static_cast<std::uint32_t>(in.varint_up_to(kMaxChunkResults));
  s.flags = in.u8();
  if (s.count == 0 || s.flags > kKnownFlags) in.fail();
  const std::uint64_t runs = in.varint();
  const std::uint64_t times = in.varint();
  const std::uint64_t latencies = in.varint();
  const std::uint64_t phases = (s.flags & kHasPhases) != 0 ? in.varint() : 0;
  const std::uint64_t details = (s.flags & kHasDetails) != 0 ? in.varint() : 0;
  s.runs = Reader(in.bytes(runs));
  s.times = Reader(in.bytes(times));
  s.latencies = Reader(in.bytes(latencies));
  s.phases = Reader(in.bytes(phases));
  s.details = Reader(in.bytes(details));
  return s;
}

/// What a reader looks at.
struct Wanted {
  Columns columns;
  Window window;
};

/// Reads all runs of a series of `count` results, without their times.
bool read_runs(Reader in, std::uint32_t count, std::vector<Run>& out) {
  out.clear();
  for (std::uint32_t at = 0; at < count;) {
    Run run = read_judgement(in, out);
    const auto length = static_cast<std::uint32_t>(in.varint_up_to(count - at));
    if (length == 0) return false;
    if (length > 1) run.max_gap_ms = read_max_gap(in, run.interval_ms);
    run.begin = at;
    run.end = at += length;
    out.push_back(run);
  }
  return in.finished();
}

/// How many of the results before `index` have a latency.
std::size_t latencies_before(std::span<const Run> runs, std::size_t index) {
  std::size_t count = 0;
  for (const Run& run : runs) {
    if (run.begin >= index) break;
    if (run.has_latency) count += std::min<std::size_t>(run.end, index) - run.begin;
  }
  return count;
}

/// Leaves of a whole series' runs those of `part`, of which the times are here already.
void cut_runs(IndexRange part, SeriesColumns& out) {
  const auto begin = static_cast<std::uint32_t>(part.begin);
  const auto end = static_cast<std::uint32_t>(part.end);
  std::size_t kept = 0;
  for (const Run& whole : out.runs) {
    if (whole.end <= begin || whole.begin >= end) continue;
    Run& run = out.runs[kept++] = whole;
    run.begin = std::max(whole.begin, begin) - begin;
    run.end = std::min(whole.end, end) - begin;
    if (run.count() == 1) run.max_gap_ms = 0;
    run.first_ms = out.time_ms[run.begin];
    run.last_ms = out.time_ms[run.end - 1];
  }
  out.runs.resize(kept);
}

/// Moves `present` latencies at the front of the column to their runs' places, from behind, and marks the rest.
void spread_latencies(SeriesColumns& out, std::size_t present) {
  auto& column = out.latency_us;
  const auto front = column.begin();
  for (auto run = out.runs.rbegin(); run != out.runs.rend() && present < run->end; ++run) {
    if (run->has_latency) {
      present -= run->count();
      std::copy_backward(front + static_cast<std::ptrdiff_t>(present),
                         front + static_cast<std::ptrdiff_t>(present + run->count()), front + run->end);
    } else {
      std::fill(front + run->begin, front + run->end, kNoLatency);
    }
  }
}

/// Fills has_phases from its stretches; returns how many results have phases, or nothing when malformed.
std::optional<std::size_t> read_presence(Reader& in, std::vector<std::uint8_t>& has_phases) {
  std::size_t present = 0;
  std::uint8_t kind = 0;
  for (std::size_t at = 0; at < has_phases.size(); kind ^= 1U) {
    const auto length = static_cast<std::size_t>(in.varint_up_to(has_phases.size() - at));
    if (!in.ok() || (length == 0 && at > 0)) return std::nullopt;
    if (length == 0 && kind == 1) return std::nullopt;
    std::fill_n(has_phases.begin() + static_cast<std::ptrdiff_t>(at), length, kind);
    present += kind * length;
    at += length;
  }
  return present;
}

/// All of a series of `count` results.
bool read_phases(Reader in, std::uint32_t count, SeriesColumns& out) {
  out.has_phases.resize(count);
  const auto present = read_presence(in, out.has_phases);
  if (!present || *present == 0) return false;
  out.phases.assign(count, Phases{});
  std::array<std::uint32_t, kMaxChunkResults> column;
  for (const auto member : kPhaseColumns) {
    read_numbers(in, *present, 0, *present, std::numeric_limits<std::uint32_t>::max(), column.data());
    if (!in.ok()) return false;
    const std::uint32_t* next = column.data();
    for (std::size_t i = 0; i < count; ++i) {
      if (out.has_phases[i] != 0) out.phases[i].*member = *next++;
    }
  }
  return in.finished();
}

/// All of a series of `results`.
bool read_details(Reader in, std::uint32_t results, SeriesColumns& out) {
  const auto count = static_cast<std::size_t>(in.varint_up_to(results));
  if (count == 0) return false;
  out.details.resize(count);
  std::size_t next_index = 0;
  for (std::size_t i = 0; i < count;) {
    const std::size_t index = next_index + static_cast<std::size_t>(in.varint_up_to(results));
    const auto repeat = static_cast<std::size_t>(in.varint_up_to(count - i));
    const auto back = static_cast<std::size_t>(in.varint_up_to(i));
    if (!in.ok() || repeat == 0 || index + repeat > results) return false;
    const std::string_view text = back == 0 ? in.text() : out.details[i - back].second;
    if (text.empty() || text.size() > kMaxDetailBytes) return false;
    for (std::size_t k = 0; k < repeat; ++k) {
      out.details[i + k].first = static_cast<std::uint32_t>(index + k);
      out.details[i + k].second = text;
    }
    i += repeat;
    next_index = index + repeat;
  }
  return in.finished();
}

/// `present` of the `total` latencies of the series. Needs the runs of its part.
bool read_latencies(Reader in, std::size_t total, IndexRange present, SeriesColumns& out) {
  out.latency_us.clear();
  out.latency_us.resize(out.size());
  read_numbers(in, total, present.begin, present.end, kNoLatency - 1, out.latency_us.data());
  if (!(present.end == total ? in.finished() : in.ok())) return false;
  spread_latencies(out, present.end - present.begin);
  return true;
}

template <class T>
void keep(IndexRange part, std::vector<T>& column) {
  column.resize(part.end);
  column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(part.begin));
}

/// Leaves of a whole series' phases and details those of `part`.
void cut_phases_and_details(IndexRange part, SeriesColumns& out) {
  if (!out.phases.empty()) {
    keep(part, out.phases);
    keep(part, out.has_phases);
  }
  std::erase_if(out.details, [&](const auto& detail) { return detail.first < part.begin || detail.first >= part.end; });
  for (auto& detail : out.details) detail.first -= static_cast<std::uint32_t>(part.begin);
}

/// The first column that does not decode, or null.
const char* read_series(const Sections& s, const ChunkInfo& info, const Wanted& wanted, SeriesColumns& out) {
  const Columns which = wanted.columns;
  out.location = s.location;
  Reader times = s.times;
  const TimeColumn column{s.count, info.first_ms, static_cast<std::uint32_t>(info.last_ms - info.first_ms)};
  const IndexRange part = read_times(times, column, wanted.window, out.time_ms);
  if (!(part.end == s.count ? times.finished() : times.ok())) return "times";
  if (!read_runs(s.runs, s.count, out.runs)) return "runs";
  const IndexRange present{latencies_before(out.runs, part.begin), latencies_before(out.runs, part.end)};
  const std::size_t total = latencies_before(out.runs, s.count);
  cut_runs(part, out);
  if (!which.latency) out.latency_us.clear();
  if (which.latency && !read_latencies(s.latencies, total, present, out)) return "latencies";
  out.phases.clear();
  out.has_phases.clear();
  out.details.clear();
  if (which.phases && (s.flags & kHasPhases) != 0 && !read_phases(s.phases, s.count, out)) return "phases";
  if (which.details && (s.flags & kHasDetails) != 0 && !read_details(s.details, s.count, out)) return "details";
  if (out.size() < s.count) cut_phases_and_details(part, out);
  return nullptr;
}

}  // namespace

Result<ChunkInfo> peek_chunk(std::string_view bytes) {
  Reader in(bytes);
  const Head head = read_head(in);
  if (!in.ok()) return bad_head(head.version);
  return head.info;
}

Result<void> decode_chunk(std::string_view bytes, Columns which, std::vector<SeriesColumns>& out) {
  return decode_chunk(bytes, which, kAllTimes, out);
}

Result<void> decode_chunk(std::string_view bytes, Columns which, Window window, std::vector<SeriesColumns>& out) {
  Reader in(bytes);
  const auto [version, info] = read_head(in);
  if (!in.ok()) return bad_head(version);
  const bool whole = to_ms(window.from) <= info.first_ms && info.last_ms < to_ms(window.to);
  const Wanted wanted{which, whole ? kAllTimes : window};
  out.resize(info.series);
  std::uint64_t results = 0;
  std::int64_t first_ms = info.last_ms;
  std::int64_t last_ms = info.first_ms;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Sections sections = read_sections(in);
    results += sections.count;
    const bool ascends = i == 0 || out[i - 1].location < sections.location;
    if (!in.ok() || results > info.results || !ascends) {
      return fail(ErrorCode::corruption, "chunk's series " + std::to_string(i) + " has a malformed header");
    }
    if (const char* column = read_series(sections, info, wanted, out[i])) {
      return fail(ErrorCode::corruption, "chunk's series " + std::to_string(i) + ": " + column + " do not decode");
    }
    if (!whole) continue;
    first_ms = std::min(first_ms, out[i].time_ms.front());
    last_ms = std::max(last_ms, out[i].time_ms.back());
  }
  const bool bounds_agree = !whole || (first_ms == info.first_ms && last_ms == info.last_ms);
  if (!in.finished() || results != info.results || !bounds_agree) {
    return fail(ErrorCode::corruption, "chunk's head and series disagree");
  }
  return {};
}

}  // namespace nines::engine
