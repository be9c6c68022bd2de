// Text from outside, on its way to a terminal or a page.
#include "show/text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "show/number.h"

namespace nines::tools {
namespace {

TEST(Text, ControlCharactersAreVisibleOnATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\nc\td\x7f"), "a\\x1b[31mb\\nc\\td\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // C1: one byte of a terminal's control sequence introducer
}

TEST(Text, BidirectionalOverridesAreVisible) {
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\u202eb");
}

TEST(Text, BytesThatAreNotUtf8AreVisible) {
  EXPECT_EQ(printable("a\xff\xc0\x80"), "a\\xff\\xc0\\x80");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");                   // a surrogate
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");                            // cut short
  EXPECT_EQ(printable("Grüße \xf0\x9f\x98\x80"), "Grüße \xf0\x9f\x98\x80");  // and what is, stays
}

TEST(Text, HtmlCannotBeOpenedOrClosed) {
  EXPECT_EQ(html_escape("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
  EXPECT_EQ(html_escape(std::string_view("a\0b\xff", 4)), "a\uFFFDb\uFFFD");
}

TEST(Text, UrlsKeepOnlyUnreservedCharacters) {
  EXPECT_EQ(url_encode("a b/ü~"), "a%20b%2F%C3%BC~");
}

TEST(Text, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("ü"), 1U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // a combining accent
  EXPECT_EQ(display_width("東京"), 4U);
  EXPECT_EQ(display_width("\xf0\x9f\x98\x80"), 2U);
}

TEST(Text, LongTextIsCutWithAnEllipsis) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("東京都", 4), "東…");  // half a character does not fit
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(Text, ANearWordIsSuggestedAndAFarOneIsNot) {
  constexpr std::array<std::string_view, 3> kWords{"server", "serve", "status"};
  EXPECT_EQ(closest("serevr", kWords), "server");
  EXPECT_EQ(closest("staus", kWords), "status");
  EXPECT_EQ(closest("xyz", kWords), "");
  EXPECT_EQ(closest(std::string(10'000, 'a'), kWords), "");
}

TEST(Text, NumbersAreGroupedAndBytesScaled) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

TEST(Decimal, ReadsWhatItWrites) {
  EXPECT_EQ(parse_decimal("51", 1000, 1'000'000), 51'000U);
  EXPECT_EQ(parse_decimal("51.25", 1000, 1'000'000), 51'250U);
  EXPECT_EQ(parse_decimal("0.0019", 1000, 1'000'000), 1U);  // below a unit is dropped
  EXPECT_EQ(format_decimal(51'250, 1000), "51.25");
  EXPECT_EQ(format_decimal(51'000, 1000), "51");
  EXPECT_EQ(format_decimal(1, 1000), "0.001");
}

TEST(Decimal, RefusesWhatIsNotANumberOrTooLarge) {
  for (const char* const text :
       {"", ".", "1.", "-1", "+1", " 1", "1 ", "1e3", "0x1", "1,5", "nan", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(text, 1000, std::numeric_limits<std::uint32_t>::max()), std::nullopt) << text;
  }
  EXPECT_EQ(parse_decimal("4294967.296", 1000, std::numeric_limits<std::uint32_t>::max()), std::nullopt);
  EXPECT_EQ(parse_decimal("4294967.295", 1000, std::numeric_limits<std::uint32_t>::max()), 4294967295U);
}

}  // namespace
}  // namespace nines::tools
