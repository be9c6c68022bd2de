// Columns to a chunk.
#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "base/bytes.h"
#include "codec/chunk.h"
#include "codec/chunk_layout.h"
#include "codec/pfor.h"
#include "codec/run_codec.h"
#include "codec/time_column.h"

namespace nines::engine {
namespace {

void put_runs(std::string& out, const SeriesColumns& series) {
  for (std::size_t i = 0; i < series.runs.size(); ++i) {
    const Run& run = series.runs[i];
    put_judgement(out, series.runs, i);
    put_varint(out, run.count());
    if (run.count() > 1) put_max_gap(out, run);
  }
}

void put_time_column(std::string& out, const SeriesColumns& series, std::int64_t first_ms) {
  std::vector<std::uint32_t> offsets(series.size());
  std::transform(series.time_ms.begin(), series.time_ms.end(), offsets.begin(),
                 [&](std::int64_t ms) { return static_cast<std::uint32_t>(ms - first_ms); });
  put_times(out, offsets);
}

void put_latencies(std::string& out, const SeriesColumns& series) {
  std::vector<std::uint32_t> present;
  present.reserve(series.size());
  for (const Run& run : series.runs) {
    if (!run.has_latency) continue;
    present.insert(present.end(), series.latency_us.begin() + run.begin, series.latency_us.begin() + run.end);
  }
  put_numbers(out, present);
}

void put_phases(std::string& out, const SeriesColumns& series) {
  // Lengths of the alternating stretches without and with phases, beginning without.
  std::uint8_t kind = 0;
  for (std::size_t at = 0; at < series.size(); kind ^= 1U) {
    std::size_t end = at;
    while (end < series.size() && series.has_phases[end] == kind) ++end;
    put_varint(out, end - at);
    at = end;
  }
  std::vector<std::uint32_t> column;
  for (const auto member : kPhaseColumns) {
    column.clear();
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (series.has_phases[i] != 0) column.push_back(series.phases[i].*member);
    }
    put_numbers(out, column);
  }
}

void put_details(std::string& out, const SeriesColumns& series) {
  const auto& details = series.details;
  std::unordered_map<std::string_view, std::size_t> last_seen;
  put_varint(out, details.size());
  std::uint32_t next_index = 0;
  for (std::size_t i = 0; i < details.size();) {
    // Failures in a row mostly say the same.
    const auto& [index, text] = details[i];
    std::size_t end = i + 1;
    while (end < details.size() && details[end].first == index + (end - i) && details[end].second == text) ++end;
    const auto [seen, is_new] = last_seen.try_emplace(text, i);
    put_varint(out, index - next_index);
    put_varint(out, end - i);
    put_varint(out, i - seen->second);
    if (is_new) put_text(out, text);
    seen->second = end - 1;
    next_index = details[end - 1].first + 1;
    i = end;
  }
}

void put_series(std::string& out, const SeriesColumns& series, std::int64_t first_ms) {
  std::array<std::string, 5> sections;
  put_runs(sections[0], series);
  put_time_column(sections[1], series, first_ms);
  put_latencies(sections[2], series);
  auto flags = 0U;
  if (!series.phases.empty()) {
    flags |= kHasPhases;
    put_phases(sections[3], series);
  }
  if (!series.details.empty()) {
    flags |= kHasDetails;
    put_details(sections[4], series);
  }
  put_varint(out, static_cast<std::uint16_t>(series.location));
  put_varint(out, series.size());
  put_u8(out, static_cast<std::uint8_t>(flags));
  const auto is_present = [&](std::size_t i) {
    return i < 3 || (i == 3 && (flags & kHasPhases) != 0) || (i == 4 && (flags & kHasDetails) != 0);
  };
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (is_present(i)) put_varint(out, sections[i].size());
  }
  for (const std::string& section : sections) out += section;
}

}  // namespace

std::string encode_chunk(std::span<const SeriesColumns> series) {
  ChunkInfo info{std::numeric_limits<std::int64_t>::max(), 0, 0, 0};
  for (const SeriesColumns& s : series) {
    info.first_ms = std::min(info.first_ms, s.time_ms.front());
    info.last_ms = std::max(info.last_ms, s.time_ms.back());
    info.results += static_cast<std::uint32_t>(s.size());
  }
  std::string out;
  put_u8(out, kChunkVersion);
  put_varint(out, static_cast<std::uint64_t>(info.first_ms));
  put_varint(out, static_cast<std::uint64_t>(info.last_ms - info.first_ms));
  put_varint(out, info.results);
  put_varint(out, series.size());
  for (const SeriesColumns& s : series) put_series(out, s, info.first_ms);
  return out;
}

}  // namespace nines::engine
