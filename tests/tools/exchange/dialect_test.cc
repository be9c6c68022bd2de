// CSV as other programs write it: names, words, times, packing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

class Dialects : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  [[nodiscard]] std::string exported() const { return run({"export"}).out; }
  TempDir dir_;
};

constexpr const char* kHeader = "server,time,state,latency_us,code,location,interval_s,error,detail\n";

TEST_F(Dialects, ATableOfPostgresqlIsTakenWithTheNamesOfItsColumns) {
  const Finished finished = run({"import", "-", "--map", "server=host,time=checked_at,state=ok,latency_ms=ms"},
                                "id\thost\tchecked_at\tok\tms\tnote\n"
                                "1\ta\t2026-07-01 02:00:00.25+02\tt\t81.5\tx\n"
                                "2\ta\t2026-07-01 05:31:00+0530\tf\t\\N\t\\N\n"
                                "3\ta\t2026-07-01 00:02:00 UTC\ttrue\t\\N\t\n");
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(exported(), std::string(kHeader) +
                            "a,2026-07-01T00:00:00.250Z,up,81500,,0,,,\n"
                            "a,2026-07-01T00:01:00.000Z,down,,,0,,,\n"
                            "a,2026-07-01T00:02:00.000Z,up,,,0,,,\n");
}

TEST_F(Dialects, SemicolonsAndDecimalCommasAreTakenWhereTheyAreAskedFor) {
  const std::string csv = "server;time;state;latency_ms\r\na;2026-07-01T00:00:00Z;OK;81,5\r\n";
  const Finished refused = run({"import", "-"}, csv);
  EXPECT_EQ(refused.code, 1) << "81,5 may be 815 as well";
  EXPECT_EQ(run({"import", "-", "--decimal-comma"}, "\xEF\xBB\xBF" + csv).code, 0);
  EXPECT_EQ(exported(), std::string(kHeader) + "a,2026-07-01T00:00:00.000Z,up,81500,,0,,,\n");
}

TEST_F(Dialects, TimesWithoutAZoneAreOfTheZoneThatIsNamedAndElseSaidToBeUtc) {
  const std::string csv = "server,time,up\na,2026-07-01 02:00:00,1\na,2026-12-01 02:00:00.5,0\n";
  const Finished said = run({"import", "-", "--dry-run"}, csv);
  EXPECT_THAT(said.err, HasSubstr("1 bad line")) << "one lies in the future";
  EXPECT_THAT(said.err, HasSubstr("2 times without a zone read as UTC; --tz says otherwise"));
  EXPECT_EQ(run({"import", "-", "--tz", "Europe/Paris"},
                "server,time,up\na,2026-07-01 02:00:00,1\na,2026-02-01 02:00:00.5,no\n")
                .code,
            0);
  EXPECT_EQ(exported(), std::string(kHeader) +
                            "a,2026-02-01T01:00:00.500Z,down,,,0,,,\n"
                            "a,2026-07-01T00:00:00.000Z,up,,,0,,,\n");
  EXPECT_EQ(run({"import", "-", "--tz", "Paris"}, csv).code, 2);
}

TEST_F(Dialects, OnlyTimesCountAsTimesWithoutAZone) {
  const Finished said = run({"import", "-", "--dry-run"}, "server,time,up\na,2026-07-01 02:00:00,1\na,never,1\n");
  EXPECT_THAT(said.err, HasSubstr("1 time without a zone read as UTC"));
}

TEST_F(Dialects, NumbersOfTimeAreToldApartByTheirSizeAndSaid) {
  for (const auto& [text, unit] : {std::pair{"1782864000", "seconds"},
                                   {"1782864000.000", "seconds"},
                                   {"1782864000000", "milliseconds"},
                                   {"1782864000000999", "microseconds"},
                                   {"1782864000000999999", "nanoseconds"}}) {
    const Finished finished = run({"import", "-"}, fmt::format("server,time,state\na,{},up\n", text));
    EXPECT_EQ(finished.code, 0) << text << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(fmt::format("1 time read as {} since 1970", unit)));
    EXPECT_EQ(exported(), std::string(kHeader) + "a,2026-07-01T00:00:00.000Z,up,,,0,,,\n") << text;
  }
  for (const char* const text : {"1.2.3", ".", ".5", "17828640000009999990000", "-1"}) {
    EXPECT_EQ(run({"import", "-"}, fmt::format("server,time,state\na,{},up\n", text)).code, 1) << text;
  }
}

TEST_F(Dialects, TimesBeforeAnybodyCheckedAreRefusedInEveryForm) {
  for (const char* const text : {"1999-12-31T23:59:59Z", "1970-01-21T15:33:41Z"}) {
    const Finished finished = run({"import", "-"}, fmt::format("server,time,state\na,{},up\n", text));
    EXPECT_EQ(finished.code, 1) << text;
    EXPECT_THAT(finished.err, HasSubstr("lies before the year 2000"));
  }
  EXPECT_THAT(run({"record", "a", "up", "--time", "1980-01-01"}).err, HasSubstr("lies before the year 2000"));
}

TEST_F(Dialects, CodesMayHaveZerosBehindThePoint) {
  EXPECT_EQ(run({"import", "-"}, "server,time,state,code\na,2026-07-01T00:00:00Z,up,200.0\n").code, 0);
  EXPECT_EQ(run({"import", "-"}, "server,time,state,code\na,2026-07-01T00:01:00Z,up,200.5\n").code, 1);
  EXPECT_THAT(exported(), HasSubstr("2026-07-01T00:00:00.000Z,up,,200,"));
}

TEST_F(Dialects, AMapThatDoesNotFitIsRefusedBeforeAnythingIsRead) {
  const std::string csv = "host,time,state\na,2026-07-01T00:00:00Z,up\n";
  EXPECT_THAT(run({"import", "-"}, csv).err, HasSubstr("there is no column `host`"));
  EXPECT_THAT(run({"import", "-"}, csv).err, HasSubstr("--map FIELD=host says what it is"));
  EXPECT_THAT(run({"import", "-", "--map", "server=hots"}, csv).err,
              HasSubstr("--map names a column that the header has not"));
  EXPECT_EQ(run({"import", "-", "--map", "sever=host"}, csv).code, 2);
  EXPECT_EQ(run({"import", "-", "--map", "server="}, csv).code, 2);
  EXPECT_EQ(run({"import", "-", "--map", "server=host,server=x"}, csv).code, 2);
  EXPECT_EQ(run({"import", "-", "--map", "server=host"}, csv).code, 0);
}

std::string gzip(const std::string& text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

TEST_F(Dialects, PackedFilesAreUnpackedMemberAfterMember) {
  std::string csv = "server,time_ms,state\n";
  for (int i = 0; i < 20'000; ++i) csv += fmt::format("a,{},up\n", 1'782'864'000'000 + i * 60'000LL);
  const std::size_t half = csv.size() / 2;
  for (const auto& pack : {gzip, zstd}) {
    const std::string packed = pack(csv.substr(0, half)) + pack(csv.substr(half));
    for (const std::string& name : {std::string("-"), dir_.write("history", packed)}) {
      const Finished finished = run({"import", name, "--interval", "60s", "--strict"}, packed);
      EXPECT_EQ(finished.code, 0) << finished.err;
      EXPECT_THAT(finished.err, HasSubstr("20,000 results imported"));
    }
    for (const std::size_t size : {packed.size() - 1, packed.size() / 2, std::size_t{5}}) {
      const Finished cut = run({"import", "-", "--dry-run"}, packed.substr(0, size));
      EXPECT_EQ(cut.code, 1) << size << cut.err;
    }
  }
  // gzip has a checksum of what it holds.
  std::string flipped = gzip(csv);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  EXPECT_EQ(run({"import", "-", "--dry-run"}, flipped).code, 1);
}

TEST_F(Dialects, AFileOfWhichNothingCanBeTakenIsLeftSoon) {
  std::string csv = "server,time,state\n";
  for (int i = 0; i < 5'000; ++i) csv += "a,never,up\n";
  const Finished finished = run({"import", "-"}, csv);
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("none of the first 1000 lines can be taken"));
}

TEST_F(Dialects, ABadValueInAnyFieldCostsItsLineOnly) {
  const std::string good = "a,2026-07-01T00:00:00Z,up,1,200,0,60,,\n";
  std::string csv = std::string(kHeader) + good;
  for (const char* const line :
       {"\"\x01\",2026-07-01T00:00:01Z,up,1,200,0,60,,", "\xED\xA0\x80,2026-07-01T00:00:01Z,up,1,200,0,60,,",
        "a,2026-07-01T00:00:01Z,up,99999999999,200,0,60,,", "a,2026-07-01T00:00:01Z,up,1,70000,0,60,,",
        "a,2026-07-01T00:00:01Z,up,1,200,1024,60,,", "a,2026-07-01T00:00:01Z,up,1,200,0,99999999,,",
        "a,2026-07-01T00:00:01Z,up,1,200,0,60,nonsense,", "a,2026-07-01T00:00:01Z,up,1,200,0,60,,\xFF"}) {
    csv += std::string(line) + "\n";
  }
  const Finished finished = run({"import", "-"}, csv);
  EXPECT_EQ(finished.code, 3) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("1 result imported"));
  EXPECT_THAT(exported(), HasSubstr("a,2026-07-01T00:00:00.000Z,up,1,200,0,60,,\n"));
}

TEST_F(Dialects, ResultsThatAreFurtherApartThanTheyHoldAreSaidWithTheIntervalThatFits) {
  std::string csv = "server,time_ms,state\n";
  for (int i = 0; i < 50; ++i) csv += fmt::format("a,{},up\n", 1'782'864'000'000 + i * 300'000LL);
  EXPECT_THAT(run({"import", "-"}, csv).err,
              HasSubstr("`a` lie further apart than one holds for, so the time between is "
                        "unknown; --interval 5m says how often it was checked"));
  const Finished finished = run({"import", "-", "--interval", "5m"}, csv);
  EXPECT_THAT(finished.err, ::testing::Not(HasSubstr("further apart")));
}

}  // namespace
}  // namespace nines::tools::testing
