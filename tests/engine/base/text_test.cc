// Letters of ASCII, and moments as text: what all rooms share.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/ascii_case.h"
#include "base/time_text.h"

namespace nines::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;

TEST(AsciiCase, LettersOfAsciiChangeAndNoOtherByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool upper = byte >= 'A' && byte <= 'Z';
    const bool lower = byte >= 'a' && byte <= 'z';
    EXPECT_EQ(to_lower(c), upper ? static_cast<char>(byte + 32) : c) << byte;
    EXPECT_EQ(to_upper(c), lower ? static_cast<char>(byte - 32) : c) << byte;
  }
  EXPECT_EQ(to_lower(std::string_view("X-Id\xdd")), "x-id\xdd");
}

TEST(AsciiCase, TextsAreTheSameButForCase) {
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_TRUE(equal_ignoring_case("Content-ID", "content-id"));
  EXPECT_FALSE(equal_ignoring_case("content-i", "content-id"));
  EXPECT_FALSE(equal_ignoring_case("content-id", "content-i"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));  // the neighbours of A and a
  EXPECT_FALSE(equal_ignoring_case("[", "{"));  // and of Z and z
}

TEST(TimeText, IsRfc3339InUtc) {
  const TimeMs day = sys_days{std::chrono::year{2026} / 7 / 14};
  EXPECT_EQ(utc_text(day), "2026-07-14T00:00:00.000Z");
  EXPECT_EQ(utc_text(day + milliseconds{34'201'007}), "2026-07-14T09:30:01.007Z");
  EXPECT_EQ(clock_text(day - milliseconds{1}), "2026-07-13T23:59:59.999");
  EXPECT_EQ(utc_text(TimeMs{} - milliseconds{1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text(sys_days{std::chrono::year{2024} / 2 / 29}), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(utc_text(sys_days{std::chrono::year{10'000} / 1 / 1}), "10000-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace nines::engine
