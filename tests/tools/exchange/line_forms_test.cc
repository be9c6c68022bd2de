// Lines of NDJSON and of exports: the quick ways through them and the general ones say the same.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "exchange/json_line.h"
#include "exchange/line_reader.h"
#include "exchange/record_line.h"

namespace nines::tools {
namespace {

constexpr std::array kFields{Field::server, Field::time, Field::state, Field::latency_us, Field::code, Field::detail};

/// The texts of a line, or why there are none.
std::vector<std::string> texts_of(JsonLine& reader, const std::string& line) {
  RecordTexts texts;
  if (const auto why = reader.read(line, texts)) return {"refused: " + *why};
  std::vector<std::string> all;
  for (const Field field : kFields) all.emplace_back(texts[field]);
  return all;
}

TEST(JsonLine, WhatIsPlainIsReadAsTheLibraryReadsIt) {
  JsonLine reader;
  for (const std::string value : {R"("a")",
                                  R"("")",
                                  R"("zażółć")",
                                  R"("a\"b")",
                                  R"("\u00e9")",
                                  R"("a\/b")",
                                  "\"\x01\"",
                                  "\"\xff\"",
                                  "\"\xc3\"",
                                  "\"\xed\xa0\x80\"",
                                  "0",
                                  "17",
                                  "1234567890123456789",
                                  "12345678901234567890123",
                                  "00",
                                  "01",
                                  "-1",
                                  "-",
                                  "1.5",
                                  "1.",
                                  ".5",
                                  "1e3",
                                  "1E-3",
                                  "0.1234567890123456789",
                                  "null",
                                  "true",
                                  "false",
                                  "nul",
                                  "nullx",
                                  "True",
                                  "[1]",
                                  "{}",
                                  R"({"a":1})",
                                  "",
                                  R"("a)",
                                  R"("a""b")",
                                  "1 2"}) {
    for (const std::string space : {"", " ", "\t"}) {
      const std::string rest = space + ":" + space + value + space + "," + space + R"("state":"up"})" + space;
      // A name with an escape in it goes the general way.
      EXPECT_EQ(texts_of(reader, space + R"({"detail")" + rest), texts_of(reader, space + R"({"det\u0061il")" + rest))
          << value;
    }
  }
}

TEST(JsonLine, DecimalsStayAsTheyAreWritten) {
  JsonLine reader;
  EXPECT_EQ(texts_of(reader, R"({"latency_us":81.50,"code":200.0,"detail":0.000001})"),
            (std::vector<std::string>{"", "", "", "81.50", "200.0", "0.000001"}));
}

TEST(JsonLine, MistakesAreMistakesInEitherWay) {
  JsonLine reader;
  for (const std::string line : {"", "{", "}", "{}", "{},", "{}}", "[]", "1", R"({"state":"up",})", R"({"state"})",
                                 R"({"state":"up" "code":1})", R"({state:"up"})", R"({"nosuch":1})",
                                 R"({"state":"up"}x)", R"({,"state":"up"})", R"({"state":"up","state":"down"})"}) {
    const auto plain = texts_of(reader, line);
    RecordTexts texts;
    const bool is_object = line == "{}" || line == R"({"state":"up","state":"down"})";
    EXPECT_EQ(plain.size(), is_object ? kFields.size() : 1) << line;
  }
  EXPECT_EQ(texts_of(reader, R"({"state":"up","state":"down"})")[2], "down") << "the last one counts";
}

TEST(JsonLine, MembersMayChangeFromLineToLine) {
  JsonLine reader;
  EXPECT_EQ(texts_of(reader, R"({"server":"a","code":200})"), (std::vector<std::string>{"a", "", "", "", "200", ""}));
  EXPECT_EQ(texts_of(reader, R"({"code":503,"server":"b"})"), (std::vector<std::string>{"b", "", "", "", "503", ""}));
  EXPECT_EQ(texts_of(reader, R"({"server":"c"})"), (std::vector<std::string>{"c", "", "", "", "", ""}));
  EXPECT_EQ(texts_of(reader, R"({"server":"d","state":"up","code":1})"),
            (std::vector<std::string>{"d", "", "up", "", "1", ""}));
}

TEST(LineReader, LinesAreTheSameHoweverTheyLieInTheBuffer) {
  std::mt19937 random(7);
  std::string text;
  std::vector<std::string> lines;
  for (int i = 0; i < 400; ++i) {
    lines.emplace_back(random() % (i % 10 == 0 ? 70'000 : 300), static_cast<char>('a' + i % 26));
    text += lines.back() + "\n";
  }
  text += "the end";
  lines.emplace_back("the end");
  std::istringstream in(text);
  LineReader reader(in);
  std::string_view line;
  for (const std::string& expected : lines) {
    ASSERT_TRUE(reader.next(line));
    EXPECT_EQ(reader.too_long(), expected.size() > kMaxLineBytes);
    EXPECT_EQ(line, expected.substr(0, kMaxLineBytes));
  }
  EXPECT_FALSE(reader.next(line));
  EXPECT_EQ(reader.number(), lines.size());
  EXPECT_EQ(reader.bytes(), text.size());
}

TEST(RecordRows, AreWhatTheCellsOfARowSay) {
  std::mt19937_64 random(11);
  const std::vector<std::string> names{"site", "a,b", "say \"hi\"", "zażółć", " led by a space", "line\nbreak"};
  for (const Format format : {Format::csv, Format::ndjson}) {
    for (const bool full : {false, true}) {
      RecordRows rows(format, full);
      for (int i = 0; i < 500; ++i) {
        const std::string& name = names[random() % names.size()];
        CheckResult result;
        result.time = from_ms(static_cast<std::int64_t>(random() % 4'102'444'800'000));
        result.state = static_cast<State>(random() % 4);
        result.location = LocationId{static_cast<std::uint16_t>(random() % 1024)};
        if (random() % 2 == 0) result.code = static_cast<std::uint16_t>(random());
        if (random() % 2 == 0) result.latency_us = static_cast<std::uint32_t>(random() % 5'000'000);
        if (random() % 2 == 0) result.interval_ms = static_cast<std::uint32_t>(random() % 100'000);
        if (random() % 4 == 0) result.error = ErrorClass::http_status;
        if (random() % 4 == 0) result.detail = names[random() % names.size()];
        if (random() % 4 == 0) result.phases = Phases{1, 2, 3, static_cast<std::uint32_t>(random()), 0};
        result.retry = random() % 2 == 0;
        const auto cells = record_cells(name, result, full);
        std::string expected;
        Json object = Json::object();
        for (std::size_t cell = 0; cell < cells.size(); ++cell) {
          const Json& value = cells[cell].value;
          object[std::string(to_string(export_fields(full)[cell]))] = value;
          if (cell > 0) expected += ',';
          if (!value.is_null()) expected += csv_field(value.is_string() ? value.get<std::string>() : dump(value));
        }
        if (format == Format::ndjson) expected = dump(object);
        std::string row;
        rows.begin(name);
        rows.add(result, row);
        EXPECT_EQ(row, expected + "\n");
      }
    }
  }
}

}  // namespace
}  // namespace nines::tools
