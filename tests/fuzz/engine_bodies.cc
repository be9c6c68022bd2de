#include "engine_bodies.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "codec/catalog_codec.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "vocabulary/validate_server.h"

namespace nines::fuzz {
namespace {

using engine::SeriesColumns;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

template <class T>
void require_honest_error(const Result<T>& failed) {
  const ErrorCode code = failed.error().code;
  require(code == ErrorCode::corruption || code == ErrorCode::newer_format, "malformed bytes have one of two errors");
  require(!failed.error().message.empty(), "an error says something");
}

void require_well_formed(const SeriesColumns& s) {
  require(s.latency_us.size() == s.size(), "a latency a result");
  require(s.phases.empty() || s.phases.size() == s.size(), "phases are parallel or absent");
  require(s.has_phases.size() == s.phases.size(), "presence is parallel to phases");
  for (std::size_t i = 1; i < s.size(); ++i) require(s.time_ms[i - 1] < s.time_ms[i], "times ascend");
  std::uint32_t at = 0;
  for (const Run& run : s.runs) {
    require(run.begin == at && run.end > at && run.end <= s.size(), "runs follow each other");
    require(run.first_ms == s.time_ms[run.begin] && run.last_ms == s.time_ms[run.end - 1], "runs have their times");
    for (; at < run.end; ++at) require((s.latency_us[at] != kNoLatency) == run.has_latency, "runs say who has latency");
  }
  require(at == s.size(), "runs cover the series");
  for (std::size_t i = 0; i < s.details.size(); ++i) {
    require(s.details[i].first < s.size() && !s.details[i].second.empty(), "details belong to results");
    require(i == 0 || s.details[i - 1].first < s.details[i].first, "details ascend");
  }
}

/// Half of the chunk's time, in whose other half anything may be wrong. Returns whether it decodes.
bool half_of_chunk(std::string_view bytes, const engine::ChunkInfo& info) {
  const std::int64_t quarter_ms = (info.last_ms - info.first_ms) / 4;
  std::vector<SeriesColumns> part;
  const auto decoded = engine::decode_chunk(bytes, {.latency = true, .phases = true, .details = true},
                                            info.first_ms + quarter_ms, info.last_ms - quarter_ms, part);
  if (!decoded) {
    require_honest_error(decoded);
    return false;
  }
  for (const SeriesColumns& s : part) require_well_formed(s);
  return true;
}

}  // namespace

void chunk(std::string_view bytes) {
  std::vector<SeriesColumns> series;
  const auto info = engine::peek_chunk(bytes);
  const bool half_decodes = info && half_of_chunk(bytes, *info);
  const auto decoded = engine::decode_chunk(bytes, {.latency = true, .phases = true, .details = true}, series);
  if (!decoded) return require_honest_error(decoded);
  require(info.has_value(), "what decodes can be peeked at");
  require(half_decodes, "and can be decoded in part");
  std::uint32_t results = 0;
  for (const SeriesColumns& s : series) {
    require(s.size() > 0, "a series has results");
    require_well_formed(s);
    require(info->first_ms <= s.time_ms.front() && s.time_ms.back() <= info->last_ms, "the head bounds the times");
    results += static_cast<std::uint32_t>(s.size());
  }
  require(results == info->results && series.size() == info->series, "the head counts");

  std::vector<SeriesColumns> again;
  const std::string encoded = engine::encode_chunk(series);
  require(engine::decode_chunk(encoded, {.latency = true, .phases = true, .details = true}, again).has_value() &&
              again == series,
          "a chunk survives being encoded");
  require(engine::decode_chunk(bytes, {.latency = false}, again).has_value(), "fewer columns decode as well");
  for (std::size_t i = 0; i < series.size(); ++i) {
    require(again[i].time_ms == series[i].time_ms && again[i].runs == series[i].runs, "to the same times and runs");
  }
}

void row(std::string_view bytes) {
  const engine::Key key = engine::recent_key(ServerId{7}, from_ms(1'782'864'000'000), LocationId{2});
  const auto result = engine::decode_row(key.view(), bytes);
  if (!result) return require_honest_error(result);
  require(!result->latency_us || *result->latency_us <= kMaxLatencyUs, "latency is in bounds");
  require(result->detail.size() <= kMaxDetailBytes, "detail is in bounds");
  require(engine::decode_row(key.view(), engine::encode_row(*result)) == *result, "a row survives being encoded");
}

void summary(std::string_view bytes) {
  constexpr std::int64_t kDay = 20'635;
  DaySummary out;
  const auto decoded = engine::decode_summary(kDay, bytes, true, out);
  if (!decoded) return require_honest_error(decoded);
  require(engine::is_storable(out), "what was stored is storable");
  require(out.latency.count() == out.latency_count, "the sketch holds every latency");
  DaySummary again;
  require(engine::decode_summary(kDay, engine::encode_summary(out), true, again).has_value() && again == out,
          "a summary survives being encoded");
  require(engine::decode_summary(kDay, bytes, false, again).has_value() && again.series == out.series,
          "runs decode without the sketch");
}

void catalog(std::string_view bytes) {
  const auto server = engine::decode_server(ServerId{3}, bytes);
  if (!server) return require_honest_error(server);
  require(engine::validate_server(*server).has_value(), "what decodes is valid");
  require(engine::decode_server(ServerId{3}, engine::encode_server(*server)) == *server,
          "an entry survives being encoded");
}

}  // namespace nines::fuzz
