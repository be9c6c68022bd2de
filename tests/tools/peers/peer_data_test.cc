// Whole stores of other tools, as those tools wrote them, where NINES_PEER_DATA names a folder that has them with the
// facts that are known of each: every one is imported, and what arrived is compared with its facts.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "show/output.h"
#include "show/times.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

/// What is in a store of one server.
struct Arrived {
  std::uint64_t results = 0;
  std::map<std::string, std::uint64_t> states;
  std::map<std::string, std::uint64_t> codes;
  double latency_us = 0;
  std::int64_t first_ms = -1;
  std::int64_t last_ms = -1;
};

/// "2026-11-27 16:41:12.717" or "2026-11-27 14:46:03.000676718 +0000 UTC", in UTC.
std::int64_t moment(const std::string& text) {
  const auto time = parse_rfc3339(text.substr(0, std::min<std::size_t>(text.find(" +"), 23)));
  return time ? to_ms(*time) : -1;
}

class PeerData : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const folder = std::getenv("NINES_PEER_DATA");
    if (folder == nullptr) GTEST_SKIP() << "NINES_PEER_DATA names no folder with stores of other tools";
    folder_ = folder;
  }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] Json facts(const std::string& name) const {
    std::ifstream in(file(name));
    Json json = Json::parse(in, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << name;
    return json;
  }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("nines")});
    return nines(arguments);
  }
  /// Imports, twice, of which the second changes nothing, and reads what has arrived.
  void import(const std::vector<std::string>& names) {
    std::vector<std::string> words{"import"};
    for (const std::string& name : names) words.push_back(file(name));
    const Finished first = run(words);
    ASSERT_EQ(first.code, 0) << first.err;
    const std::string exported = run({"export"}).out;
    const Finished second = run(words);
    EXPECT_EQ(second.code, 0) << second.err;
    EXPECT_EQ(run({"export"}).out, exported) << "the same import again changes nothing";
    std::istringstream lines(run({"export", "--format", "ndjson"}).out);
    for (std::string line; std::getline(lines, line);) {
      const Json row = Json::parse(line);
      Arrived& server = arrived_[row["server"]];
      const std::int64_t time = moment(row["time"]);
      if (server.results++ == 0) server.first_ms = time;
      server.last_ms = time;
      ++server.states[row["state"]];
      if (row.contains("code") && row["code"].is_number()) ++server.codes[std::to_string(row["code"].get<int>())];
      if (row.contains("latency_us") && row["latency_us"].is_number())
        server.latency_us += row["latency_us"].get<double>();
    }
    const Json list = Json::parse(run({"server", "list", "--json"}).out);
    for (const Json& server : list.at("servers")) {
      const std::string name = server.at("server");
      const Json shown = Json::parse(run({"server", "show", name, "--json"}).out);
      if (shown.contains("tags") && shown["tags"].contains("imported-from"))
        names_[shown["tags"]["imported-from"]] = name;
    }
  }
  /// The confirmed outages of a server, by their begin.
  [[nodiscard]] std::map<std::int64_t, Json> incidents(const std::string& name) const {
    std::map<std::int64_t, Json> found;
    const Json list = Json::parse(run({"incidents", name, "--from", "2026-01-01", "--to", "2027-01-01", "--json"}).out);
    for (const Json& incident : list["incidents"]) found[moment(incident["from"])] = incident;
    return found;
  }
  void compare_kuma(const std::string& database, const std::string& facts_file) {
    import({database});
    int compared = 0;
    const Json known = facts(facts_file);
    for (const Json& monitor : known.at("monitors")) {
      if (monitor["type"] == "group" || monitor["beats"] == 0 || !monitor["by_status"].is_object()) continue;
      const auto name = names_.find(fmt::format("uptime-kuma/{}", monitor["id"].get<int>()));
      const Json& by = monitor["by_status"];
      const auto count = [&by](const char* key) { return by.value(key, std::uint64_t{0}); };
      const std::uint64_t measured = count("up") + count("down") + count("pending");
      SCOPED_TRACE(monitor["name"].get<std::string>());
      ASSERT_NE(name, names_.end());
      Arrived& server = arrived_[name->second];
      EXPECT_EQ(server.results, measured);
      EXPECT_EQ(server.states["up"], count("up"));
      EXPECT_EQ(server.states["down"], count("down") + count("pending"));
      if (count("maintenance") == 0 && measured > 0) {
        EXPECT_EQ(server.first_ms, moment(monitor["first"]));
        EXPECT_EQ(server.last_ms, moment(monitor["last"]));
      }
      const double ping_ms = monitor["ping_sum_ms"];
      if (monitor["type"] != "manual") {
        EXPECT_NEAR(server.latency_us / 1000, ping_ms, 0.001 * static_cast<double>(measured) + 0.01);
      }
      const auto outages = incidents(name->second);
      for (const Json& outage : monitor["outages"]) {
        if (!outage.contains("first_down") || outage["first_down"].is_null()) continue;
        EXPECT_TRUE(outages.contains(moment(outage["first_failure"]))) << outage.dump();
      }
      ++compared;
    }
    EXPECT_GT(compared, 20);
  }

  std::string folder_;
  TempDir dir_;
  std::map<std::string, Arrived> arrived_;    // by server
  std::map<std::string, std::string> names_;  // by where it came from
};

TEST_F(PeerData, UptimeKuma1) {
  compare_kuma("uptime-kuma-1.db", "uptime-kuma-1.facts.json");
}

TEST_F(PeerData, UptimeKuma2) {
  compare_kuma("uptime-kuma-2.db", "uptime-kuma-2.facts.json");
}

TEST_F(PeerData, UptimeKumaMigrated) {
  import({"uptime-kuma-2-migrated.db"});
  const Json facts_of_all = facts("uptime-kuma-2-migrated.facts.json");
  for (const auto& [name, monitor] : facts_of_all.items()) {
    SCOPED_TRACE(name);
    const auto known = names_.find(fmt::format("uptime-kuma/{}", monitor["monitor_id"].get<int>()));
    ASSERT_NE(known, names_.end());
    EXPECT_GT(arrived_[known->second].results, 100U) << "the last day as it was";
    const auto outages = incidents(known->second);
    for (const Json& outage : monitor["outages"]) {
      if (outage.contains("pending_only")) continue;
      // What was pending first is gone where beats were thrown away: the outage then begins where it was confirmed.
      const bool whole = outages.contains(moment(outage["first_failure"]));
      const bool confirmed = outages.contains(moment(outage["first_down"]));
      EXPECT_TRUE(whole || confirmed) << outage.dump();
    }
  }
}

TEST_F(PeerData, Gatus) {
  import({"gatus.db"});
  int compared = 0;
  const Json known = facts("gatus.facts.json");
  for (const auto& [key, endpoint] : known.at("endpoints").items()) {
    SCOPED_TRACE(key);
    if (endpoint["results"] == 0) continue;
    const auto name = names_.find("gatus/" + key);
    ASSERT_NE(name, names_.end());
    Arrived& server = arrived_[name->second];
    EXPECT_EQ(server.results, endpoint["results"].get<std::uint64_t>());
    EXPECT_EQ(server.states["up"], endpoint["results_success"].get<std::uint64_t>());
    const auto outages = incidents(name->second);
    for (const Json& outage : endpoint["outages_from_events"]) {
      // Those that are results too are judged by them: what was only slow is degraded here.
      if (!outage.is_array() || !outage[1].is_string()) continue;
      if (moment(outage[1]) >= moment(endpoint["first_result"])) continue;
      EXPECT_TRUE(outages.contains(moment(outage[0]))) << outage.dump();
    }
    ++compared;
  }
  EXPECT_GT(compared, 8);
}

TEST_F(PeerData, Prometheus) {
  const Json known = facts("prometheus.facts.json");
  for (const std::vector<std::string>& files :
       {std::vector<std::string>{"prometheus.openmetrics.txt"}, {"prometheus-tsdb-dump.txt"}}) {
    SCOPED_TRACE(files[0]);
    std::filesystem::remove_all(dir_.path("nines"));
    arrived_.clear();
    import(files);
    for (const auto& [labels, series] : known.items()) {
      SCOPED_TRACE(labels);
      const std::string instance = labels.substr(10, labels.find('"', 10) - 10);
      ASSERT_TRUE(arrived_.contains(instance));
      Arrived& server = arrived_[instance];
      EXPECT_EQ(server.results, series["samples"].get<std::uint64_t>());
      EXPECT_EQ(server.states["up"], series["success"].get<std::uint64_t>());
      EXPECT_EQ(server.states["down"], series["failed"].get<std::uint64_t>());
      EXPECT_EQ(server.first_ms, series["first_ms"].get<std::int64_t>());
      EXPECT_EQ(server.last_ms, series["last_ms"].get<std::int64_t>());
      // What failed without an answer has no response time here.
      const double seconds = series["duration_sum_s"];
      EXPECT_LE(server.latency_us / 1e6, seconds + 0.0001);
      if (series["failed"] == 0) {
        EXPECT_NEAR(server.latency_us / 1e6, seconds, 0.0001);
      }
      for (const auto& [code, count] : series["status_codes"].items()) {
        if (code == "0") continue;
        EXPECT_EQ(server.codes[code], count.get<std::uint64_t>());
      }
    }
  }
}

TEST_F(PeerData, OtherFormsOfTheSameSamplesAreTakenOrRefusedWithTheReason) {
  const Finished raw = run({"import", file("prometheus-query-raw.json")});
  EXPECT_EQ(raw.code, 0) << raw.err;
  for (const auto& [name, why] :
       std::map<std::string, std::string>{{"prometheus-query-range-probe_success.json", "range"},
                                          {"prometheus-tsdb-block.tar", "promtool"},
                                          {"uptime-kuma-1-backup.json", "configuration"},
                                          {"gatus-config.yaml", "configuration"}}) {
    const Finished refused = run({"import", file(name)});
    EXPECT_EQ(refused.code, 1) << name;
    EXPECT_THAT(refused.err, ::testing::HasSubstr(why)) << name;
  }
}

TEST_F(PeerData, ConfigurationsBecomeGoodOnes) {
  for (const std::vector<std::string>& files : {std::vector<std::string>{"gatus-config.yaml"},
                                                {"uptime-kuma-1-backup.json"},
                                                {"uptime-kuma-1.db"},
                                                {"uptime-kuma-2.db"},
                                                {"blackbox.yml", "prometheus.yml"}}) {
    std::vector<std::string> words{"config", "import"};
    for (const std::string& name : files) words.push_back(file(name));
    const Finished made = nines(words);
    EXPECT_EQ(made.code, 0) << made.err;
    const Finished checked = nines({"config", "check", dir_.write("ours.yaml", made.out)});
    EXPECT_EQ(checked.code, 0) << files[0] << checked.err;
  }
}

TEST_F(PeerData, FiguresOfBothAreExplained) {
  for (const std::string name : {"uptime-kuma-1.db", "uptime-kuma-2.db", "gatus.db"}) {
    SCOPED_TRACE(name);
    std::filesystem::remove_all(dir_.path("nines"));
    ASSERT_EQ(run({"import", file(name)}).code, 0);
    const Finished compared = run({"compare", "--with", file(name), "--json"});
    ASSERT_EQ(compared.code, 0) << compared.err;
    const Json answer = Json::parse(compared.out);
    EXPECT_GT(answer["servers"].size(), 5U);
    for (const Json& server : answer["servers"]) {
      if (server["difference"].is_null() || std::abs(server["difference"].get<double>()) < 0.000'01) continue;
      EXPECT_FALSE(server["why"].get<std::string>().empty()) << server.dump();
    }
  }
}

}  // namespace
}  // namespace nines::tools::testing
