// Answers of the command line that go beyond the usual figures: why, compared, in hours, of services, said by people.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kFrom = "2026-07-01T00:00:00Z";
constexpr const char* kTo = "2026-07-01T01:00:00Z";

// A check a minute from 00:00 on, "site" down 00:20 to 00:22 with one failure more at 00:40, "spare" always up.
// Latencies of "site" are 1000, 2000 ... in microseconds, in the order of time.
class Answers : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string csv = "server,time,state,latency_us,code,error\n";
    for (int minute = 0; minute < 60; ++minute) {
      char line[160];
      const bool down = minute == 20 || minute == 21 || minute == 40;
      std::snprintf(line, sizeof line, "site,2026-07-01T00:%02d:00Z,%s,%d,%d,%s\n", minute, down ? "down" : "up",
                    1000 * (minute + 1), down ? 503 : 200, down ? "http_status" : "");
      csv += line;
      std::snprintf(line, sizeof line, "spare,2026-07-01T00:%02d:00Z,up,1000,200,\n", minute);
      csv += line;
    }
    ASSERT_EQ(run({"import", "-", "--interval", "60s"}, csv).code, 0);
  }
  [[nodiscard]] Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  [[nodiscard]] Finished ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--from", kFrom, "--to", kTo});
    return run(std::move(arguments));
  }
  [[nodiscard]] Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Finished finished = ask(std::move(arguments));
    EXPECT_EQ(finished.code, 0) << finished.err;
    Json parsed = Json::parse(finished.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << finished.out;
    return parsed;
  }
  TempDir dir_;
};

TEST_F(Answers, WhyNamesTheRunsAndSumsToTheFigures) {
  const Json why = json({"uptime", "site", "--why"});
  ASSERT_EQ(why["runs"].size(), 5U);
  EXPECT_EQ(why["runs"][1]["checks"], 2);
  EXPECT_EQ(why["runs"][1]["error"], "http_status");
  EXPECT_EQ(why["runs"][3]["measured"], "down");
  EXPECT_EQ(why["runs"][3]["judged"], "up");
  ASSERT_EQ(why["stretches"].size(), 5U);
  EXPECT_EQ(why["stretches"][1]["why"], "2 checks down (http_status 503)");
  EXPECT_EQ(why["stretches"][3]["why"], "1 check down (http_status 503), not confirmed");
  std::int64_t down_ms = 0;
  std::int64_t all_ms = 0;
  for (const Json& stretch : why["stretches"]) {
    all_ms += stretch["duration_ms"].get<std::int64_t>();
    if (stretch["state"] == "down") down_ms += stretch["duration_ms"].get<std::int64_t>();
  }
  EXPECT_EQ(down_ms, 120'000);
  EXPECT_EQ(all_ms, 3'600'000);
  EXPECT_EQ(why["figures"], json({"uptime", "site"}));
  EXPECT_EQ(why["over_ms"], 3'600'000);
  EXPECT_EQ(why["bad_ms"], 120'000);
  const std::string text = ask({"uptime", "site", "--why"}).out;
  EXPECT_THAT(text, HasSubstr("rules: every 1m, timeout 10s, 2 failures in a row confirm, 1 success ends"));
  EXPECT_THAT(text, HasSubstr("time: up 3,480,000 ms + down 120,000 ms = 3,600,000 ms"));
  EXPECT_THAT(text, HasSubstr("checks: 57 successful + 3 failed + 0 not counted = 60; 1 of the failed not confirmed"));
  EXPECT_THAT(text, HasSubstr("uptime: (3,600,000 - 120,000) / 3,600,000 ms = 96.666 %"));
  EXPECT_EQ(ask({"uptime", "site", "--why", "--hours", "mon-fri 08:00-18:00"}).code, 2);
}

TEST_F(Answers, WhyOfAWindowWithoutAnythingSaysThatNothingHolds) {
  const Finished why = run({"uptime", "site", "--why", "--window", "2026-07-02"});
  EXPECT_EQ(why.code, 0);
  EXPECT_THAT(why.out, AllOf(HasSubstr("no check holds"), HasSubstr("uptime: no value")));
}

TEST_F(Answers, WhyOfAWindowBeforeTheServerWasMadeIsOneStory) {
  ASSERT_EQ(run({"server", "add", "new", "https://example.org"}).code, 0);
  const Finished why = run({"uptime", "new", "--why", "--window", "2026-07"});
  EXPECT_EQ(why.code, 0);
  EXPECT_TRUE(why.out.starts_with("time: none; the window lies before the server was made, or in the future\n"))
      << why.out;
}

TEST_F(Answers, UptimeShowsBoundsResolutionCausesAndDetection) {
  const Json figures = json({"uptime", "site"});
  EXPECT_EQ(figures["resolution_ms"], 60'000);
  EXPECT_EQ(figures["causes"][0]["down_ms"], 120'000);
  EXPECT_EQ(figures["places"][0]["failed_checks"], 3);
  EXPECT_EQ(figures["incidents"][0]["detected_at"], "2026-07-01T00:21:00.000Z");
  const std::string text = run({"uptime", "site", "--from", kFrom, "--to", "2026-07-01T02:00:00Z"}).out;
  EXPECT_THAT(text, HasSubstr("if all that is unknown was down or up"));
  EXPECT_THAT(text, HasSubstr("a check every 1m"));
  EXPECT_THAT(text, HasSubstr("2m; by cause: http_status 503 2m"));
  EXPECT_THAT(text, HasSubstr("if every failure counts"));
}

TEST_F(Answers, ComparedWithTheStretchBefore) {
  const Finished compared =
      run({"uptime", "site", "--compare", "previous", "--json", "--from", "2026-07-01T00:30:00Z", "--to", kTo});
  ASSERT_EQ(compared.code, 0) << compared.err;
  const Json json = Json::parse(compared.out);
  EXPECT_EQ(json["before"]["from"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(json["down_change_ms"], -120'000);
  EXPECT_EQ(json["incidents_change"], -1);
  EXPECT_NEAR(json["uptime_change"].get<double>(), 2.0 / 30.0, 1e-12);
  EXPECT_THAT(run({"uptime", "site", "--compare", "previous", "--from", "2026-07-01T00:30:00Z", "--to", kTo}).out,
              AllOf(HasSubstr("+6.667 points"), HasSubstr("-2m")));
  const Finished month = run({"uptime", "site", "--compare", "previous", "--json", "--window", "2026-08"});
  EXPECT_EQ(Json::parse(month.out)["before"]["to"], "2026-08-01T00:00:00.000Z");
  EXPECT_EQ(ask({"uptime", "site", "--compare", "fortnight"}).code, 2);
}

TEST_F(Answers, ServiceHoursAreThoseAskedForOrTheServersOwn) {
  // 2026-07-01 is a Wednesday.
  const Json asked = json({"uptime", "site", "--hours", "wed 00:20-00:40"});
  EXPECT_EQ(asked["service_hours"]["service_ms"], 1'200'000);
  EXPECT_EQ(asked["service_hours"]["time_ms"]["down"], 120'000);
  EXPECT_FALSE(json({"uptime", "site"}).contains("service_hours"));
  ASSERT_EQ(run({"server", "edit", "site", "--service-hours", "wed 02:00-02:30", "--timezone", "Europe/Paris"}).code,
            0);
  EXPECT_EQ(json({"uptime", "site"})["service_hours"]["service_ms"], 1'800'000);
  EXPECT_EQ(json({"uptime", "site"})["service_hours"]["uptime_ratio"], 1.0 - 120.0 / 1800.0);
  EXPECT_EQ(run({"server", "edit", "site", "--service-hours", "someday"}).code, 2);
  EXPECT_EQ(ask({"uptime", "site", "--hours", "25:00"}).code, 2);
}

TEST_F(Answers, ServiceOfServersHasOutagesAndABudgetOfItsOwn) {
  const Json both = json({"service", "all(site, spare)", "--objective", "99%"});
  EXPECT_EQ(both["time_ms"]["down"], 120'000);
  EXPECT_EQ(both["incidents"][0]["servers"], Json::parse(R"(["site"])"));
  EXPECT_EQ(both["budget"]["budget_ms"], 36'000);
  EXPECT_EQ(both["budget"]["met"], false);
  EXPECT_EQ(json({"service", "any(site, spare)"})["uptime_ratio"], 1.0);
  EXPECT_THAT(ask({"service", "all(site, spare)"}).out, HasSubstr("DOWN AT ITS START"));
  EXPECT_EQ(ask({"service", "some(site)"}).code, 2);
  EXPECT_EQ(ask({"service", "all(site, nobody)"}).code, 1);
}

TEST_F(Answers, BudgetIsForThePeriodThatWasAskedForOrTheServersOwn) {
  const Json month = json({"slo", "site", "--objective", "99.9%"});
  EXPECT_EQ(month["period"]["from"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(month["period"]["to"], "2026-08-01T00:00:00.000Z");
  EXPECT_EQ(json({"slo", "site", "--objective", "99.9%", "--period", "7d"})["period"]["from"],
            "2026-06-24T01:00:00.000Z");
  ASSERT_EQ(run({"server", "edit", "site", "--objective", "99.9%", "--objective-period", "week"}).code, 0);
  EXPECT_EQ(json({"slo", "site"})["period"]["from"], "2026-06-29T00:00:00.000Z");
  EXPECT_THAT(ask({"slo", "site"}).out, AllOf(HasSubstr("period budget"), HasSubstr("used up")));
  EXPECT_THAT(ask({"slo", "site", "--objective", "90%"}).out, HasSubstr("cannot reach 14.4"));
  EXPECT_EQ(ask({"slo", "site", "--period", "36h"}).code, 2);
  EXPECT_EQ(run({"server", "edit", "site", "--objective-period", "moon"}).code, 2);
}

TEST_F(Answers, PromisedLatencyIsJudged) {
  // 57 successes of 1 to 60 ms; 20 of 21 up to 21 ms answered, three failed.
  const Json asked = json({"latency", "spare", "--target", "1ms"});
  EXPECT_EQ(asked["target"]["within"], 60);
  EXPECT_EQ(asked["target"]["apdex"], 1.0);
  ASSERT_EQ(
      run({"server", "edit", "site", "--objective", "99%", "--latency-target", "20ms", "--latency-objective", "50%"})
          .code,
      0);
  const Json own = json({"slo", "site"});
  EXPECT_EQ(own["latency"]["within"], 20);
  EXPECT_EQ(own["latency"]["met"], false);
  EXPECT_THAT(ask({"slo", "site"}).out, HasSubstr("50.000 % are promised: not met"));
  EXPECT_EQ(ask({"latency", "site", "--target", "soon"}).code, 2);
}

TEST_F(Answers, SeriesOfLatenciesCarriesThePhasesThatWereAskedFor) {
  const Json json_of = json({"latency", "site", "--phases", "--points", "10"});
  EXPECT_TRUE(json_of.contains("phases_us"));
  EXPECT_TRUE(json_of["phases_us"].contains("dns"));
  EXPECT_FALSE(json({"latency", "site", "--points", "10"}).contains("phases_us"));
}

TEST_F(Answers, MeanIsTheSameForPeopleAndPrograms) {
  ASSERT_EQ(run({"import", "-"},
                "server,time,state,latency_us\nmean,2026-07-01T00:00:00Z,up,1\n"
                "mean,2026-07-01T00:01:00Z,up,1\nmean,2026-07-01T00:02:00Z,up,1\n"
                "mean,2026-07-01T00:03:00Z,up,7\n")
                .code,
            0);
  EXPECT_EQ(json({"uptime", "mean"})["latency_us"]["mean"], 3);
  EXPECT_THAT(ask({"uptime", "mean"}).out, HasSubstr("mean 3 µs"));
  EXPECT_THAT(ask({"latency", "mean"}).out, HasSubstr("3 µs"));
}

TEST_F(Answers, BaselineSaysThatItKnowsTooLittle) {
  const Json baseline = json({"latency", "site", "--baseline"});
  EXPECT_TRUE(baseline["deviations"].is_null());
  EXPECT_EQ(ask({"latency", "site", "--weeks", "2"}).code, 2);
}

TEST_F(Answers, WhatPeopleSayOfAnOutageIsKeptAndTheFirstAcknowledgementCounts) {
  EXPECT_EQ(run({"incident", "ack", "site", "--by", "ann", "--note", "the provider is on it"}).code, 0);
  EXPECT_EQ(run({"incident", "note", "site", "full <disk>", "--at", "2026-07-01T00:21:30Z"}).code, 0);
  EXPECT_EQ(run({"incident", "ack", "site", "--by", "bob"}).code, 0);
  const Json incident = json({"incidents", "site"})["incidents"][0];
  ASSERT_EQ(incident["annotations"].size(), 3U);
  EXPECT_EQ(incident["annotations"][0]["author"], "ann");
  EXPECT_EQ(incident["annotations"][0]["kind"], "acknowledged");
  EXPECT_EQ(incident["annotations"][1]["text"], "full <disk>");
  EXPECT_EQ(incident["acknowledged_at"], incident["annotations"][0]["made_at"]);
  EXPECT_EQ(incident["annotations"][2]["at"], "2026-07-01T00:20:00.000Z");
  const Json figures = json({"uptime", "site"});
  EXPECT_EQ(figures["incidents"][0]["annotations"].size(), 3U);
  EXPECT_EQ(json({"uptime", "site", "--compare", "previous"})["now"]["incidents"], figures["incidents"]);
  const Json reported = json({"report", "site"})["servers"][0];
  EXPECT_EQ(reported["incidents"], figures["incidents"]);
  EXPECT_TRUE(figures["mtta_ms"].is_number_integer());
  EXPECT_EQ(reported["mtta_ms"], figures["mtta_ms"]);
  EXPECT_THAT(ask({"incidents", "site"}).out, AllOf(HasSubstr("by ann"), HasSubstr("full <disk>")));
  const Finished elsewhere = run({"incident", "ack", "site", "--at", "2026-07-01T00:30:00Z"});
  EXPECT_EQ(elsewhere.code, 1);
  EXPECT_THAT(elsewhere.err, HasSubstr("no confirmed outage then"));
  EXPECT_EQ(run({"incident", "note", "spare", "nothing"}).code, 1);
  EXPECT_EQ(run({"incident", "note", "site", ""}).code, 2);
  EXPECT_EQ(run({"incident", "note", "site", std::string(2000, 'x')}).code, 1);
}

class Reports : public Answers {
 protected:
  [[nodiscard]] std::string page(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"report", "--month", "2026-07", "--html"});
    const Finished finished = run(std::move(more));
    EXPECT_EQ(finished.code, 0) << finished.err;
    return finished.out;
  }
};

TEST_F(Reports, PageNeedsNothingElseAndSaysWhatACustomerAsks) {
  ASSERT_EQ(run({"server", "edit", "site", "--objective", "99.9%"}).code, 0);
  ASSERT_EQ(run({"incident", "note", "site", "full <disk>", "--by", "ann"}).code, 0);
  const std::string html = page({"--title", "Service levels of Acme & Co"});
  EXPECT_THAT(html, AllOf(HasSubstr("Service levels of Acme &amp; Co"), HasSubstr("July 2026"), HasSubstr("not met"),
                          HasSubstr("http_status 503"), HasSubstr("ann: full &lt;disk&gt;"),
                          HasSubstr("<h2>Method</h2>"), HasSubstr("Had all of it been down"), HasSubstr("SHA-256")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<link")), Not(HasSubstr("http://")),
                          Not(HasSubstr("<disk>"))));
  EXPECT_EQ(run({"report", "--month", "2026-07", "--window", "7d"}).code, 2);
}

TEST_F(Reports, PageSaysWhatHoldsInServiceHoursAndHowServicesAreCombined) {
  ASSERT_EQ(run({"server", "edit", "site", "--service-hours", "wed 00:00-00:40"}).code, 0);
  const std::string html = page();
  EXPECT_THAT(html, AllOf(HasSubstr("<dt>In service hours</dt>"), HasSubstr(" of 3h20m</small>"),  // five Wednesdays
                          HasSubstr("Promised wed 00:00-00:40 (UTC)"),
                          HasSubstr("That is the lowest uptime of its services.")));
  EXPECT_THAT(page({"--group-rule", "weighted-mean"}),
              HasSubstr("That is the mean of its services by their known time."));
}

TEST_F(Reports, TableSaysWhichPeriodItIsAndThatNothingWasMeasured) {
  const Finished july = run({"report", "--month", "2026-07"});
  EXPECT_THAT(july.out, StartsWith("Report of 2026-07-01 00:00:00Z to 2026-08-01 00:00:00Z\n\nNAME"));
  EXPECT_THAT(july.err, Not(HasSubstr("nothing was measured")));
  const Finished empty = run({"report", "--month", "2019-07"});
  EXPECT_EQ(empty.code, 0);
  EXPECT_THAT(empty.err, HasSubstr("nothing was measured in this window"));
  EXPECT_THAT(run({"report", "--month", "2019-07", "-o", "csv"}).err, Not(HasSubstr("nothing")));
}

TEST_F(Reports, SameDataMakeTheSamePageAlsoAfterRetention) {
  const std::string before = page();
  EXPECT_EQ(page(), before);
  ASSERT_EQ(run({"compact"}).code, 0);
  ASSERT_EQ(run({"prune", "--keep", "1d", "-y"}).code, 0);
  EXPECT_EQ(run({"points", "site", "--from", kFrom, "--to", kTo, "-o", "csv"}).out.find("2026-07-01"),
            std::string::npos)
      << "the results are gone";
  EXPECT_EQ(page(), before);
}

TEST_F(Reports, CommandOnThePageMakesThePageAgain) {
  const std::string html =
      page({"site", "--title", "What we've promised", "--objective", "99%", "--tz", "Europe/Paris"});
  const std::size_t begin = html.find("<code>nines report ");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(html.substr(begin + 6, html.find("</code>", begin) - begin - 6),
            "nines report site --from 2026-06-30T22:00:00.000Z --to 2026-07-31T22:00:00.000Z --tz Europe/Paris --html "
            "--objective 99% --title &#39;What we&#39;\\&#39;&#39;ve promised&#39;");
  EXPECT_EQ(run({"report", "site", "--from", "2026-06-30T22:00:00.000Z", "--to", "2026-07-31T22:00:00.000Z", "--tz",
                 "Europe/Paris", "--html", "--objective", "99%", "--title", "What we've promised"})
                .out,
            html);
}

TEST_F(Reports, PeriodThatIsNotOverSaysUntilWhenItMayChange) {
  const std::string html = run({"report", "--window", "this-year", "--html"}).out;
  EXPECT_THAT(html, AllOf(HasSubstr("may still change it"), Not(HasSubstr("byte by byte"))));
}

TEST_F(Reports, ChecksumsTellWhetherResultsOrJudgementChanged) {
  const auto sums = [this] { return Json::parse(run({"report", "--month", "2026-07", "--json"}).out)["sha256"]; };
  const Json before = sums();
  ASSERT_EQ(run({"incident", "ack", "site"}).code, 0);
  const Json said = sums();
  EXPECT_EQ(said["results"], before["results"]);
  EXPECT_NE(said["catalog"], before["catalog"]);
  ASSERT_EQ(run({"import", "-"}, "server,time,state\nsite,2026-07-01T00:00:00Z,down\n").code, 0);
  const Json changed = sums();
  EXPECT_NE(changed["results"], said["results"]);
  EXPECT_EQ(changed["catalog"], said["catalog"]);
  ASSERT_EQ(run({"import", "-"}, "server,time,state\nsite,2026-09-01T00:00:00Z,down\n").code, 0);
  EXPECT_EQ(sums()["results"], changed["results"]) << "what lies beyond the period does not matter";
  EXPECT_EQ(changed["results"].get<std::string>().size(), 64U);
}

TEST_F(Reports, PdfIsMadeWhereChromiumIsThere) {
  if (!std::filesystem::exists("/usr/bin/chromium")) GTEST_SKIP() << "no Chromium";
  const Finished printed = run({"report", "--month", "2026-07", "--pdf", dir_.path("july.pdf")});
  ASSERT_EQ(printed.code, 0) << printed.err;
  EXPECT_EQ(read_file(dir_.path("july.pdf")).substr(0, 5), "%PDF-");
}

}  // namespace
}  // namespace nines::tools::testing
