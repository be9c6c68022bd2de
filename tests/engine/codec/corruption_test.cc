// Damaged chunks and summaries: every truncation and every flipped byte is an error or a well-formed value.
#include <gtest/gtest.h>
#include <random>

#include "codec/chunk.h"
#include "codec/summary_codec.h"
#include "fuzz/engine_bodies.h"
#include "make_results.h"
#include "series/summarise.h"

namespace nines::engine {
namespace {

using testing::kDayStartMs;
using testing::ResultMaker;

/// Chunks that between them use every kind of column and block.
std::vector<std::string> chunks() {
  std::vector<std::string> encoded;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    ResultMaker maker(seed);
    auto results = maker.series({.count = 150,
                                 .step_ms = 60'000,
                                 .jitter_ms = 50,
                                 .gap_share = 0.02,
                                 .early_share = 0.02,
                                 .failure_share = 0.5,
                                 .spike_share = 0.05,
                                 .phases_share = seed % 2 == 0 ? 0.5 : 0,
                                 .detail_share = 0.5});
    const auto other = maker.series(maker.shape(40), LocationId{9});
    results.insert(results.end(), other.begin(), other.end());
    encoded.push_back(encode_chunk(to_columns(results)));
  }
  return encoded;
}

/// Calls `body` for `bytes` cut short everywhere, and with every byte replaced.
template <class Body>
void damage_everywhere(const std::string& bytes, Body body) {
  for (std::size_t i = 0; i < bytes.size(); ++i) body(std::string_view(bytes).substr(0, i));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x40U, 0x80U, 0xffU}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      body(damaged);
    }
  }
}

TEST(Corruption, DamagedChunkIsAnErrorOrWellFormed) {
  for (const std::string& bytes : chunks()) damage_everywhere(bytes, fuzz::chunk);
}

TEST(Corruption, EveryTruncatedChunkIsAnError) {
  std::vector<SeriesColumns> out;
  for (const std::string& bytes : chunks()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto done = decode_chunk(std::string_view(bytes).substr(0, size), {}, out);
      ASSERT_FALSE(done) << size;
      EXPECT_EQ(done.error().code, ErrorCode::corruption);
    }
    EXPECT_FALSE(decode_chunk(bytes + '\0', {}, out));
  }
}

TEST(Corruption, DamagedSummaryIsAnErrorOrWellFormed) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    ResultMaker maker(seed);
    DaySummary summary;
    reset_summary(summary, kDayStartMs / kDayMs);
    add_to_summary(summary, to_columns(maker.series({.count = 200, .step_ms = 60'000}))[0]);
    damage_everywhere(encode_summary(summary), fuzz::summary);
  }
}

TEST(Corruption, RandomBytesAreErrorsOrWellFormed) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(1 + random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % (random() % 4 == 0 ? 256 : 4));
    bytes[0] = 1;
    fuzz::chunk(bytes);
    fuzz::row(bytes);
    fuzz::summary(bytes);
    fuzz::catalog(bytes);
  }
}

TEST(Corruption, HostileCountsAllocateNoMoreThanAChunkMayHold) {
  // Version 1, first time 0, span 0, then counts beyond the limit: refused before anything is sized by them.
  std::vector<SeriesColumns> out;
  EXPECT_FALSE(decode_chunk(std::string_view("\x01\x00\x00\x81\x20\x01", 6), {}, out));  // 4097 results
  EXPECT_FALSE(decode_chunk(std::string_view("\x01\x00\x00\x01\x02", 5), {}, out));      // more series than results
  EXPECT_FALSE(decode_chunk(std::string_view("\x01\x00\x00\x01\x00", 5), {}, out));      // no series
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace nines::engine
