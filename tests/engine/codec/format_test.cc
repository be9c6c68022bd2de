// The examples of engine/FORMAT.md decode to what the document says they are.
#include <gtest/gtest.h>
#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "codec/catalog_codec.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "kv/local/log_record.h"
#include "kv/local/segment.h"
#include "make_results.h"

namespace nines::engine {
namespace {

using testing::kDayStartMs;
using testing::up_result;

/// The bytes of every fenced block "hex NAME" of the document; '#' begins a comment.
std::map<std::string, std::string> examples() {
  std::map<std::string, std::string> found;
  std::ifstream document(NINES_FORMAT_DOCUMENT);
  EXPECT_TRUE(document);
  std::string name;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```")) {
      name = line.starts_with("```hex ") ? line.substr(7) : "";
      continue;
    }
    if (name.empty()) continue;
    std::istringstream numbers(line.substr(0, line.find('#')));
    for (std::string number; numbers >> number;) {
      found[name].push_back(static_cast<char>(std::stoi(number, nullptr, 16)));
    }
  }
  return found;
}

std::string example(const char* name) {
  const auto all = examples();
  const auto found = all.find(name);
  EXPECT_NE(found, all.end()) << name;
  return found == all.end() ? "" : found->second;
}

CheckResult failed_result() {
  CheckResult result = testing::down_result(kDayStartMs + 180'012, ErrorClass::http_status, "HTTP 503");
  result.code = 503;
  result.latency_us = 5100;
  return result;
}

/// The results of the chunk's example, by location and time.
std::vector<CheckResult> chunk_results() {
  CheckResult elsewhere = up_result(kDayStartMs + 30'000, 20'000);
  elsewhere.location = LocationId{2};
  elsewhere.phases = Phases{1000, 2000, 3000, 13'000, 1000};
  return {up_result(kDayStartMs + 12, 80'000),      up_result(kDayStartMs + 60'010, 80'100),
          up_result(kDayStartMs + 120'015, 80'063), failed_result(),
          up_result(kDayStartMs + 840'020, 95'000), elsewhere};
}

TEST(Format, ExamplesOfKeys) {
  EXPECT_EQ(example("recent-key"), recent_key(ServerId{7}, from_ms(kDayStartMs + 60'000), LocationId{0}).view());
  EXPECT_EQ(example("chunk-key"), chunk_key(ServerId{7}, from_ms(kDayStartMs + 12)).view());
  EXPECT_EQ(example("day-key"), day_key(ServerId{7}, day_at(20'635)).view());
}

TEST(Format, ExamplesOfRows) {
  const auto plain = decode_row(example("recent-key"), example("row-plain"));
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(*plain, up_result(kDayStartMs + 60'000, 80'000));

  CheckResult rich = failed_result();
  rich.location = LocationId{2};
  rich.retry = true;
  rich.interval_ms = 7500;
  rich.phases = Phases{1, 2, 0, 300, 4};
  const auto decoded = decode_row(recent_key(ServerId{7}, rich.time, LocationId{2}).view(), example("row-rich"));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, rich);
  EXPECT_EQ(printable_key(recent_key(ServerId{7}, rich.time, LocationId{2}).view()), "000000070000019f1afc732c0002");
}

TEST(Format, ExampleOfAChunk) {
  std::vector<SeriesColumns> series;
  const auto done = decode_chunk(example("chunk"), {.latency = true, .phases = true, .details = true}, series);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(series, to_columns(chunk_results()));
  EXPECT_EQ(example("chunk"), encode_chunk(series));
}

TEST(Format, ExampleOfADaySummary) {
  DaySummary summary;
  const auto done = decode_summary(20'635, example("summary"), true, summary);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(summary.latency_count, 5U);
  EXPECT_EQ(summary.latency_sum_us, 355'163U);
  EXPECT_EQ(summary.latency_min_us, 20'000U);
  EXPECT_EQ(summary.latency_max_us, 95'000U);
  EXPECT_EQ(summary.latency.first_bucket(), 515U);
  EXPECT_EQ(summary.latency.count(), 5U);
  ASSERT_EQ(summary.series.size(), 2U);
  const auto series = to_columns(chunk_results());
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(summary.series[i].location, series[i].location);
    EXPECT_EQ(summary.series[i].runs, series[i].runs);
  }
  EXPECT_EQ(example("summary"), encode_summary(summary));
}

TEST(Format, ExampleOfTheNextServer) {
  EXPECT_EQ(decode_next_server(example("next-server")).value(), ServerId{300});
  EXPECT_EQ(example("next-server"), encode_next_server(ServerId{300}));
}

TEST(Format, ExampleOfAServer) {
  Server expected;
  expected.id = ServerId{7};
  expected.name = "site";
  expected.tags = {{"team", "web"}};
  expected.created_at = from_ms(kDayStartMs);
  expected.objective = 0.999;
  const auto server = decode_server(ServerId{7}, example("server"));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*server, expected);
  EXPECT_EQ(notes_of(example("server")).longest_interval_ms, 60'000U);
}

TEST(Format, ExampleOfTheLog) {
  const std::string header = example("log-header");
  const auto decoded = decode_segment_header(header);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->number, 1U);
  EXPECT_EQ(decoded->first, 1U);
  EXPECT_EQ(header, encode_segment_header({1, 1}));

  struct Items final : RecordVisitor {
    void result(const PackedResult& packed) override { from_packed(packed, results.emplace_back()); }
    void change(ServerId server, const Batch::Change& change) override {
      EXPECT_EQ(server, ServerId{9});
      EXPECT_EQ(change.kind, Batch::Kind::erase_range);
      EXPECT_EQ(change.space, Space::recent);
      EXPECT_EQ(change.key, server_key(ServerId{9}).view());
      EXPECT_EQ(change.value, recent_key(ServerId{9}, from_ms(kDayStartMs + 45'001), LocationId{}).view());
      ++changes;
    }
    void continued(std::uint64_t /*number*/) override { ADD_FAILURE(); }
    void closed() override { ADD_FAILURE(); }
    std::vector<CheckResult> results;
    int changes = 0;
  } items;
  const std::string file = header + example("log-record");
  SegmentReader reader(file, 1);
  ASSERT_TRUE(reader.next());
  PackState state;
  ASSERT_TRUE(unpack_record(reader.record(), state, items));
  EXPECT_TRUE(reader.at_end());
  std::vector<CheckResult> expected = {up_result(kDayStartMs + 60'000, 80'000),
                                       up_result(kDayStartMs + 120'010, 80'100),
                                       up_result(kDayStartMs + 45'000, 75'904)};
  for (CheckResult& result : expected) result.server = ServerId{7};
  expected[2].server = ServerId{9};
  EXPECT_EQ(items.results, expected);
  EXPECT_EQ(items.changes, 1);

  Batch seven(ServerId{7});
  for (int i = 0; i < 2; ++i) {
    seven.put(Space::recent, recent_key(ServerId{7}, expected[i].time, {}).view(), encode_row(expected[i]));
  }
  Batch nine(ServerId{9});
  nine.put(Space::recent, recent_key(ServerId{9}, expected[2].time, {}).view(), encode_row(expected[2]));
  nine.erase_range(Space::recent, server_key(ServerId{9}).view(),
                   recent_key(ServerId{9}, from_ms(kDayStartMs + 45'001), {}).view());
  const std::array<const Batch*, 2> batches = {&seven, &nine};
  PackState packing;
  std::string payload;
  pack_batches(batches, packing, payload, items);
  EXPECT_EQ(payload, reader.record());
}

}  // namespace
}  // namespace nines::engine
