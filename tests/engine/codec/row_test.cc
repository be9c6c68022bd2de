// Rows: one check result, exact in every field.
#include "codec/row.h"

#include <gtest/gtest.h>

#include "codec/key.h"
#include "make_results.h"

namespace nines::engine {
namespace {

using testing::down_result;
using testing::kDayStartMs;
using testing::ResultMaker;
using testing::up_result;

Key key_of(const CheckResult& result) {
  return recent_key(result.server, result.time, result.location);
}

void expect_round_trip(const CheckResult& result) {
  const auto back = decode_row(key_of(result).view(), encode_row(result));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, result);
}

TEST(Row, TypicalResultTakesEightBytes) {
  const CheckResult result = up_result(kDayStartMs, 80'000);
  EXPECT_EQ(encode_row(result).size(), 8U);
  expect_round_trip(result);
}

TEST(Row, RandomResultsComeBack) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    ResultMaker maker(seed);
    for (const CheckResult& result : maker.series(maker.shape(200), LocationId{static_cast<std::uint16_t>(seed)})) {
      expect_round_trip(result);
    }
  }
}

TEST(Row, ExtremesComeBack) {
  CheckResult result = down_result(to_ms(kTimeLimit) - 1, ErrorClass::other, std::string(kMaxDetailBytes, '\xff'));
  result.server = ServerId{0xffff'ffff};
  result.location = LocationId{0xffff};
  result.code = 0xffff;
  result.retry = true;
  result.latency_us = kMaxLatencyUs;
  result.phases = Phases{0xffff'ffff, 0xffff'ffff, 0xffff'ffff, 0xffff'ffff, 0xffff'ffff};
  for (const std::uint32_t interval_ms : {0U, 1U, 999U, 1000U, 4'294'967'000U, 0xffff'ffffU}) {
    result.interval_ms = interval_ms;
    expect_round_trip(result);
  }
  expect_round_trip(CheckResult{});
}

TEST(Row, EveryTruncationAndEveryTrailingByteIsCorruption) {
  CheckResult result = down_result(kDayStartMs, ErrorClass::timeout, "no answer", 1500);
  result.phases = Phases{1, 2, 3, 4, 5};
  const std::string row = encode_row(result);
  for (std::size_t size = 0; size < row.size(); ++size) {
    const auto back = decode_row(key_of(result).view(), std::string_view(row).substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().code, ErrorCode::corruption);
  }
  EXPECT_FALSE(decode_row(key_of(result).view(), row + '\0'));
}

TEST(Row, ErrorNamesTheKey) {
  const CheckResult result = up_result(5, 1);
  const auto back = decode_row(key_of(result).view(), "\x01");
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().message.find("00000007"
                                      "0000000000000005"
                                      "0000"),
            std::string::npos);
  EXPECT_EQ(decode_row("abc", encode_row(result)).error().code, ErrorCode::corruption);
}

TEST(Row, NewerVersionIsRefused) {
  const CheckResult result = up_result(5, 1);
  std::string row = encode_row(result);
  row[0] = static_cast<char>(kRowVersion + 1);
  EXPECT_EQ(decode_row(key_of(result).view(), row).error().code, ErrorCode::newer_format);
  row[0] = 0;
  EXPECT_EQ(decode_row(key_of(result).view(), row).error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace nines::engine
