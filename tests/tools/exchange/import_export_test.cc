// `nines import` and `nines export`: what goes in comes out.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

class ImportExport : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  [[nodiscard]] std::string exported(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), "export");
    const Finished finished = run(more);
    EXPECT_EQ(finished.code, 0) << finished.err;
    return finished.out;
  }
  TempDir dir_;
};

constexpr const char* kHeader = "server,time,state,latency_us,code,location,interval_s,error,detail\n";

TEST_F(ImportExport, RowsComeOutAsTheyWentIn) {
  const std::string csv = std::string(kHeader) +
                          "a,2026-07-01T00:00:00.000Z,up,81234,200,0,60,,\n"
                          "a,2026-07-01T00:01:00.250Z,down,,503,0,60,http_status,\"said \"\"no\"\", twice\"\n"
                          "a,2026-07-01T00:02:00.000Z,degraded,900000,200,0,1.5,slow,\"two\nlines\"\n"
                          "b c,2026-07-01T00:00:30.000Z,unknown,,,7,,own_network,\n";
  const Finished imported = run({"import", dir_.write("in.csv", csv)});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out, "") << "standard output is data only";
  EXPECT_THAT(imported.err, HasSubstr("4 results imported, 2 servers added"));
  EXPECT_EQ(exported(), csv);
}

TEST_F(ImportExport, ResultsOlderThanRetentionAreCountedAndEndNothing) {
  EXPECT_EQ(run({"server", "add", "a", "--retention", "30d"}).code, 0);
  std::string csv = "server,time,state\n";
  for (int day = 1; day <= 28; ++day) {
    for (int hour = 0; hour < 24; ++hour)
      csv += fmt::format("a,2020-02-{:02}T{:02}:00:00Z,up\nb,2020-02-{:02}T{:02}:00:00Z,up\n", day, hour, day, hour);
  }
  csv += "a,-1h,up\n";
  const std::string recent = run({"record", "a", "up"}).err;
  const std::string now = Json::parse(run({"points", "a", "--window", "1h", "--json"}).out)["points"][0]["time"];
  csv.replace(csv.rfind("-1h"), 3, now);
  const Finished imported = run({"import", "-"}, csv);
  EXPECT_EQ(imported.code, 0) << imported.err << recent;
  EXPECT_THAT(imported.err, HasSubstr("673 results imported"));
  EXPECT_THAT(imported.err, HasSubstr("left out: 672 results older than retention keeps"));
  EXPECT_EQ(
      Json::parse(run({"points", "b", "--from", "2020-01-01", "--to", "2021-01-01", "--json"}).out)["points"].size(),
      28U * 24U);
}

TEST_F(ImportExport, ImportingAgainChangesNothing) {
  const std::string csv = std::string(kHeader) + "a,2026-07-01T00:00:00.000Z,up,1,200,0,60,,\n";
  const std::string path = dir_.write("in.csv", csv);
  EXPECT_EQ(run({"import", path}).code, 0);
  const std::string catalog = run({"server", "show", "a", "--json"}).out;
  EXPECT_EQ(run({"import", path}).code, 0);
  EXPECT_EQ(exported(), csv);
  EXPECT_EQ(run({"server", "show", "a", "--json"}).out, catalog);
}

TEST_F(ImportExport, ColumnsComeInAnyOrderAndByTheirOtherNames) {
  EXPECT_EQ(run({"import", "-", "--interval", "30s"},
                "up,latency_ms,time_ms,server\n1,51.25,1782864000000,a\n0,,1782864030000,a\n")
                .code,
            0);
  EXPECT_EQ(exported(), std::string(kHeader) +
                            "a,2026-07-01T00:00:00.000Z,up,51250,,0,30,,\n"
                            "a,2026-07-01T00:00:30.000Z,down,,,0,30,,\n");
  const Json server = Json::parse(run({"server", "show", "a", "--json"}).out);
  EXPECT_EQ(server["rules"][0]["interval_ms"], 30'000) << "a new server checks as often as its data says";
  EXPECT_EQ(server["created_at"], "2026-07-01T00:00:00.000Z") << "and was there from its first result on";
}

TEST_F(ImportExport, AnUnknownColumnIsRefusedWithASuggestion) {
  const Finished finished = run({"import", "-"}, "server,tiem,state\na,2026-07-01T00:00:00Z,up\n");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("standard input: line 1: there is no column `tiem`; did you mean `time`?"));
}

TEST_F(ImportExport, BadLinesAreNamedAndTheGoodOnesKept) {
  const std::string path = dir_.write("in.csv",
                                      "server,time,state,latency_us\n"
                                      "a,2026-07-01T00:00:00Z,up,1\n"
                                      "a,yesterday,up,1\n"
                                      "a,2026-07-01T00:01:00Z,sideways,1\n"
                                      "a,2026-07-01T00:02:00Z,up,-5\n"
                                      "a,2026-07-01T00:03:00Z,up\n"
                                      ",2026-07-01T00:03:00Z,up,1\n"
                                      "a,2999-07-01T00:03:00Z,up,1\n"
                                      "a,1969-07-01T00:03:00Z,up,1\n"
                                      "\"a,2026-07-01T00:04:00Z,up,1\n"
                                      "a,2026-07-01T00:05:00Z,down,\n");
  const Finished finished = run({"import", path});
  EXPECT_EQ(finished.code, 3);
  for (const char* const message :
       {":3: time `yesterday` is not an RFC 3339 time", ":4: state `sideways` is not one of",
        ":5: latency_us `-5` is not", ":6: it has 3 fields where the header has 4", ":7: it has no server",
        ":8: time `2999-07-01T00:03:00Z` lies in the future", ":9: time `1969-07-01T00:03:00Z`",
        ":10: a quote is not closed", "2 results imported", "8 bad lines left out"}) {
    EXPECT_THAT(finished.err, HasSubstr(message));
  }
  EXPECT_EQ(exported(), std::string(kHeader) +
                            "a,2026-07-01T00:00:00.000Z,up,1,,0,,,\n"
                            "a,2026-07-01T00:05:00.000Z,down,,,0,,,\n");
}

TEST_F(ImportExport, StrictKeepsNothingWhenALineIsBad) {
  const std::string bad = "server,time,state\na,2026-07-01T00:00:00Z,up\na,never,up\n";
  for (const bool from_stdin : {false, true}) {
    const Finished finished =
        from_stdin ? run({"import", "-", "--strict"}, bad) : run({"import", dir_.write("in.csv", bad), "--strict"});
    EXPECT_EQ(finished.code, 1);
    EXPECT_THAT(finished.err, HasSubstr(":3: time `never`"));
    EXPECT_THAT(finished.err, HasSubstr("nothing was imported"));
    EXPECT_EQ(exported(), kHeader);
  }
  EXPECT_EQ(run({"import", "-", "--strict"}, "server,time,state\na,2026-07-01T00:00:00Z,up\n").code, 0);
  EXPECT_THAT(exported(), HasSubstr("a,2026-07-01T00:00:00.000Z,up"));
}

TEST_F(ImportExport, NoCreateRefusesNewServersAndDryRunStoresNothing) {
  EXPECT_EQ(run({"server", "add", "a"}).code, 0);
  const std::string csv = "server,time,state\na,2026-07-01T00:00:00Z,up\nb,2026-07-01T00:00:00Z,up\n";
  EXPECT_THAT(run({"import", "-", "--dry-run"}, csv).err, HasSubstr("2 results would be imported"));
  EXPECT_EQ(exported(), kHeader);
  const Finished finished = run({"import", "-", "--no-create"}, csv);
  EXPECT_EQ(finished.code, 3);
  EXPECT_THAT(finished.err, HasSubstr(":3: there is no server `b`"));
  EXPECT_THAT(exported(), ::testing::Not(HasSubstr("b,")));
}

TEST_F(ImportExport, ALineThatIsTheOnlyOneAndBadIsAFailure) {
  EXPECT_EQ(run({"import", "-"}, "server,time,state\na,never,up\n").code, 1);
}

TEST_F(ImportExport, AFileThatIsNotThereIsOneSentence) {
  const Finished finished = run({"import", dir_.path("none.csv")});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("none.csv` cannot be read: No such file or directory"));
}

// Random results of several servers and places, in any order, some written twice: what comes out is what a map from key
// to row would hold, in CSV and in NDJSON, and goes in again unchanged.
TEST_F(ImportExport, RandomHistoriesRoundTrip) {
  std::mt19937 random(11);
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::array kDetails{"", "plain", "a,b", "say \"x\"", "two\r\nlines", " outer ", "Grüße"};
  std::map<std::tuple<std::string, std::int64_t, std::size_t>, std::string> model;
  std::string csv =
      "server,time_ms,state,latency_us,code,location,interval_s,error,detail,retry,dns_us,connect_us,tls_us,first_byte_"
      "us,transfer_us\n";
  for (int i = 0; i < 3'000; ++i) {
    const std::string server = fmt::format("s{}", pick(3));
    const std::int64_t time = 1'782'864'000'000 + static_cast<std::int64_t>(pick(4320)) * 60'000;
    const std::size_t location = pick(2);
    constexpr std::array kStates{"up", "down", "degraded", "unknown"};
    const bool phases = pick(3) == 0;
    const std::string latency = pick(4) == 0 ? "" : std::to_string(pick(2'000'000));
    const std::string detail = csv_field(kDetails[pick(kDetails.size())]);
    std::string rest =
        fmt::format("{},{},{},{},{},{},{},{}", kStates[pick(4)], latency, pick(2) == 0 ? "" : "200", location,
                    pick(2) == 0 ? "60" : "0.5", pick(3) == 0 ? "timeout" : "", detail, pick(2));
    for (int p = 0; p < 5; ++p) {
      rest += ',';
      if (phases) rest += std::to_string(pick(100'000));
    }
    csv += fmt::format("{},{},{}\n", server, time, rest);
    model[{server, time, location}] = rest;
  }
  ASSERT_EQ(run({"import", "-"}, csv).code, 0);

  // The same rows, time by its other name, sorted as a map is.
  const auto sorted_rows = [&](const std::string& text) {
    std::map<std::string, int> rows;
    std::size_t at = text.find("\n") + 1;
    std::string row;
    for (bool quoted = false; at < text.size(); ++at) {
      row += text[at];
      if (text[at] == '"') quoted = !quoted;
      if (!quoted && row.ends_with("\n")) {
        ++rows[row];
        row.clear();
      }
    }
    return rows;
  };
  std::map<std::string, int> expected;
  for (const auto& [key, rest] : model) {
    const auto& [server, time, location] = key;
    const std::int64_t s = (time - 1'782'864'000'000) / 1000;
    const std::string clock =
        fmt::format("2026-07-{:02}T{:02}:{:02}:{:02}.000Z", 1 + s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
    ++expected[fmt::format("{},{},{}\n", server, clock, rest)];
  }
  const std::string out = exported({"--full"});
  EXPECT_EQ(sorted_rows(out), expected);

  const std::string ndjson = exported({"--full", "--format", "ndjson"});
  const TempDir other;
  EXPECT_EQ(nines({"import", other.write("in.ndjson", ndjson), "--db", other.path("db")}).code, 0);
  EXPECT_EQ(nines({"export", "--full", "--db", other.path("db")}).out, out);
  EXPECT_EQ(run({"import", other.path("in.ndjson")}).code, 0);
  EXPECT_EQ(exported({"--full"}), out) << "importing again changes nothing";
}

TEST_F(ImportExport, ExportTakesNamesAndAWindow) {
  const std::string csv =
      "server,time,state\na,2026-07-01T00:00:00Z,up\na,2026-07-02T00:00:00Z,up\nb,2026-07-01T00:00:00Z,up\n";
  EXPECT_EQ(run({"import", "-"}, csv).code, 0);
  EXPECT_EQ(exported({"a", "--window", "2026-07-01"}), std::string(kHeader) + "a,2026-07-01T00:00:00.000Z,up,,,0,,,\n");
  const Finished unknown = run({"export", "c"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.out, "");
}

TEST_F(ImportExport, OpenMetricsCarriesTimesAndEscapes) {
  EXPECT_EQ(run({"import", "-"}, "server,time_ms,state,latency_us\n\"a\"\"b\\\",1782864000250,up,1500000\n").code, 0);
  EXPECT_EQ(exported({"--format", "openmetrics"}),
            "# TYPE probe_success gauge\n# HELP probe_success 1 when the check found its server up or degraded\n"
            "probe_success{server=\"a\\\"b\\\\\",location=\"0\"} 1 1782864000.25\n"
            "# TYPE probe_duration_seconds gauge\n# HELP probe_duration_seconds response time of the check\n"
            "probe_duration_seconds{server=\"a\\\"b\\\\\",location=\"0\"} 1.5 1782864000.25\n# EOF\n");
}

}  // namespace
}  // namespace nines::tools::testing
