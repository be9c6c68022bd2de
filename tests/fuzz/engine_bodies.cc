#include "engine_bodies.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "codec/catalog_codec.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "kv/local/log_record.h"
#include "kv/local/segment.h"
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
  const auto decoded =
      engine::decode_chunk(bytes, {.latency = true, .phases = true, .details = true},
                           {from_ms(info.first_ms + quarter_ms), from_ms(info.last_ms - quarter_ms)}, part);
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

namespace {

/// What a record says, change by change, in one form: a result as the row that it is.
class Said final : public engine::RecordVisitor {
 public:
  struct Change {
    ServerId server{};
    engine::Batch::Kind kind{};
    engine::Space space{};
    std::string key;
    std::string value;
    friend bool operator==(const Change&, const Change&) = default;
  };

  void result(const engine::PackedResult& packed) override {
    CheckResult result;
    engine::from_packed(packed, result);
    const engine::Key key = engine::recent_key(result.server, result.time, result.location);
    changes.push_back({result.server, engine::Batch::Kind::put, engine::Space::recent, std::string(key.view()),
                       engine::encode_row(result)});
    require(engine::decode_row(key.view(), changes.back().value) == result, "a result of the log is a row");
  }
  void change(ServerId server, const engine::Batch::Change& change) override {
    require(change.key.size() >= 4, "a key begins with its server");
    std::string value(change.value);
    // What decodes as a row is packed as the result that it is.
    if (change.kind == engine::Batch::Kind::put && change.space == engine::Space::recent) {
      const auto row = engine::decode_row(change.key, change.value);
      if (row && row->location <= kMaxLocation) value = engine::encode_row(*row);
    }
    changes.push_back({server, change.kind, change.space, std::string(change.key), std::move(value)});
  }
  void continued(std::uint64_t) override { of_the_log = true; }
  void closed() override { of_the_log = true; }

  std::vector<Change> changes;
  bool of_the_log = false;
};

}  // namespace

void log_record(std::string_view bytes) {
  Said said;
  engine::PackState state;
  if (!engine::unpack_record(bytes, state, said) || said.of_the_log) return;
  std::vector<engine::Batch> batches;
  for (const Said::Change& change : said.changes) {
    if (batches.empty() || batches.back().server() != change.server) batches.emplace_back(change.server);
    engine::Batch& batch = batches.back();
    if (change.kind == engine::Batch::Kind::put) batch.put(change.space, change.key, change.value);
    if (change.kind == engine::Batch::Kind::erase) batch.erase(change.space, change.key);
    if (change.kind == engine::Batch::Kind::erase_range) batch.erase_range(change.space, change.key, change.value);
  }
  std::vector<const engine::Batch*> pointers;
  for (const engine::Batch& batch : batches) pointers.push_back(&batch);
  Said told;
  std::string packed;
  engine::PackState writing;
  engine::pack_batches(pointers, writing, packed, told);
  Said again;
  engine::PackState reading;
  require(engine::unpack_record(packed, reading, again), "what is packed unpacks");
  require(again.changes == told.changes, "and says what was told when it was packed");
  require(again.changes == said.changes, "which is what the first record said");
}

// | place 2 | what 1 | length 1, a record of so many bytes | ... |: a segment of these records, in which the bit `what`
// / 4 of the byte `place` is turned, or which is cut there, or left as it is.
void log_segment(std::string_view bytes) {
  constexpr std::uint64_t kNumber = 7;
  if (bytes.size() < 3) return;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::size_t place = byte(0) | byte(1) << 8U;
  const unsigned what = byte(2);
  std::vector<std::string_view> records;
  std::vector<std::size_t> begins;
  std::string file = engine::encode_segment_header({.number = kNumber, .first = kNumber});
  for (std::size_t at = 3; at < bytes.size();) {
    const std::string_view record = bytes.substr(at + 1, byte(at));
    at += 1 + record.size();
    if (record.empty()) continue;
    records.push_back(record);
    begins.push_back(file.size());
    engine::put_frame(file, record, engine::log_position(kNumber, file.size()));
  }
  const std::string whole = file;
  const std::size_t at = place % file.size();
  if (what % 4 == 1) file[at] = static_cast<char>(static_cast<unsigned char>(file[at]) ^ (1U << (what / 4 % 8)));
  if (what % 4 == 2) file.resize(at);
  const auto header = engine::decode_segment_header(file);
  require(header.has_value() || file.substr(0, engine::SegmentHeader::kBytes) !=
                                    std::string_view(whole).substr(0, engine::SegmentHeader::kBytes),
          "a header that is whole is read");
  if (!header) return require_honest_error(header);
  require(header->number == kNumber && header->first == kNumber, "a header says what was written");
  // Those that end before the first byte that differs.
  std::size_t intact = 0;
  const std::size_t changed = file == whole ? whole.size() : std::min(at, file.size());
  while (intact < records.size() && (intact + 1 < begins.size() ? begins[intact + 1] : whole.size()) <= changed)
    ++intact;
  engine::SegmentReader reader(file, kNumber);
  std::size_t read = 0;
  for (; reader.next(); ++read)
    require(read < records.size() && reader.record() == records[read], "records are as written");
  require(read == intact, "all are read that lie before the damage, and none behind it");
  require(reader.at_end() == (reader.offset() == file.size()), "the end is where the bytes end");
  if (!reader.at_end()) {
    require(reader.intact_ones_follow() == (what % 4 == 1 && intact + 1 < records.size()),
            "damage is told from a torn end by what follows it");
  }
}

}  // namespace nines::fuzz
