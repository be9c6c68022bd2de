// Files that version 1 wrote decode to the values that they were made from, in this and every later version.
#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "codec/catalog_codec.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "golden_values.h"

namespace nines::engine {
namespace {

std::string golden(const char* name) {
  std::ifstream file(std::filesystem::path(NINES_GOLDEN_FILES) / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_chunk(const char* name, const std::vector<SeriesColumns>& expected) {
  std::vector<SeriesColumns> series;
  const auto done = decode_chunk(golden(name), {.latency = true, .phases = true, .details = true}, series);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(series, expected);
}

void expect_row(const char* name, const CheckResult& expected) {
  const Key key = recent_key(expected.server, expected.time, expected.location);
  const auto result = decode_row(key.view(), golden(name));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(*result, expected);
}

void expect_summary(const char* name, const DaySummary& expected) {
  DaySummary summary;
  const auto done = decode_summary(testing::kGoldenDay, golden(name), true, summary);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(summary, expected);
}

TEST(Golden, ChunksOfVersion1Decode) {
  expect_chunk("chunk-v1-regular", testing::golden_regular_chunk());
  expect_chunk("chunk-v1-rich", testing::golden_rich_chunk());
}

TEST(Golden, RowsOfVersion1Decode) {
  expect_row("row-v1-plain", testing::golden_plain_row());
  expect_row("row-v1-rich", testing::golden_rich_row());
}

TEST(Golden, SummariesOfVersion1Decode) {
  expect_summary("summary-v1-regular", testing::golden_summary(testing::golden_regular_chunk()));
  expect_summary("summary-v1-rich", testing::golden_summary(testing::golden_rich_chunk()));
}

TEST(Golden, ServerOfVersion1Decodes) {
  const auto server = decode_server(ServerId{7}, golden("server-v1"));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*server, testing::golden_server());
}

}  // namespace
}  // namespace nines::engine
