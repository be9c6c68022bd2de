// Reading CSV record by record, RFC 4180 and what people really write.
#include "exchange/csv.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "show/output.h"

namespace nines::tools {
namespace {

using Records = std::vector<std::vector<std::string>>;

// All good records; the lines of the bad ones go to `bad`.
Records read_all(const std::string& text, std::vector<std::uint64_t>* bad = nullptr) {
  std::istringstream in(text);
  CsvReader csv(in);
  Records records;
  while (true) {
    const auto next = csv.next();
    if (next == CsvReader::Next::end) return records;
    if (next == CsvReader::Next::record) {
      records.emplace_back(csv.fields().begin(), csv.fields().end());
    } else if (bad != nullptr) {
      bad->push_back(csv.line());
    }
  }
}

TEST(Csv, FieldsAreSplitAtCommasAndLinesAtLineFeeds) {
  EXPECT_EQ(read_all("a,b\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_all("a,b\r\n1,\r\n"), (Records{{"a", "b"}, {"1", ""}}));
  EXPECT_EQ(read_all("1,2"), (Records{{"1", "2"}}));  // no line end at the end
  EXPECT_EQ(read_all(",\n"), (Records{{"", ""}}));
}

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineBreaks) {
  EXPECT_EQ(read_all("\"a,b\",\"say \"\"x\"\"\"\n"), (Records{{"a,b", "say \"x\""}}));
  EXPECT_EQ(read_all("\"two\r\nlines\",2\r\n"), (Records{{"two\r\nlines", "2"}}));
  EXPECT_EQ(read_all("\"\",x\n"), (Records{{"", "x"}}));
}

TEST(Csv, EmptyLinesAndAByteOrderMarkAreSkipped) {
  EXPECT_EQ(read_all("\xEF\xBB\xBF"
                     "a\n\n\r\nb\n"),
            (Records{{"a"}, {"b"}}));
}

TEST(Csv, AStrayQuoteSpoilsItsOwnLineOnly) {
  std::vector<std::uint64_t> bad;
  EXPECT_EQ(read_all("a\n\"open,1\nb\nc\n", &bad), (Records{{"a"}, {"b"}, {"c"}}));
  EXPECT_EQ(bad, std::vector<std::uint64_t>{2});
}

TEST(Csv, TextAfterAClosingQuoteIsBad) {
  std::vector<std::uint64_t> bad;
  EXPECT_EQ(read_all("\"a\"b,1\nc\n", &bad), (Records{{"c"}}));
  EXPECT_EQ(bad, std::vector<std::uint64_t>{1});
}

TEST(Csv, AnEndlessLineIsBadAndBounded) {
  std::vector<std::uint64_t> bad;
  EXPECT_EQ(read_all(std::string(1'000'000, 'x') + "\nb\n", &bad), (Records{{"b"}}));
  EXPECT_EQ(bad, std::vector<std::uint64_t>{1});
}

TEST(Csv, WhatIsWrittenIsRead) {
  std::mt19937 random(7);
  const std::string alphabet = "ab,\"\r\n ;ü";
  for (int round = 0; round < 2'000; ++round) {
    Records records;
    std::string text;
    for (std::size_t r = 0; r < 1 + random() % 4; ++r) {
      auto& record = records.emplace_back();
      for (int f = 0; f < 3; ++f) {
        std::string& field = record.emplace_back();
        for (std::size_t i = random() % 6; i > 0; --i) field += alphabet[random() % alphabet.size()];
        if (f == 0) field += 'x';  // a record of one empty field cannot be told from an empty line
        text += (f == 0 ? "" : ",");
        text += csv_field(field);
      }
      text += round % 2 == 0 ? "\r\n" : "\n";
    }
    ASSERT_EQ(read_all(text), records) << text;
  }
}

}  // namespace
}  // namespace nines::tools
