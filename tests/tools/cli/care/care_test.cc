// Looking after a store as a whole: what it takes, what is damaged in it, what can be saved, and what two stores differ
// in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::set<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

class Care : public ::testing::Test {
 protected:
  static constexpr int kServers = 3;
  static constexpr int kDays = 28;
  static constexpr int kChecksADay = 288;

  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", db()});
    return nines(arguments, input);
  }
  [[nodiscard]] std::string db() const { return dir_.path("db"); }
  [[nodiscard]] Json json(std::vector<std::string> arguments, int code = 0) const {
    arguments.emplace_back("--json");
    const Finished finished = run(std::move(arguments));
    EXPECT_EQ(finished.code, code) << finished.err;
    return Json::parse(finished.out, nullptr, false);
  }
  /// Checks every five minutes through July 2026, of three servers, latencies all different; compacted.
  void fill() const {
    std::string csv = "server,time,state,latency_us,detail\n";
    for (int server = 0; server < kServers; ++server) {
      for (int day = 1; day <= kDays; ++day) {
        for (int check = 0; check < kChecksADay; ++check) {
          char line[160];
          std::snprintf(line, sizeof line, "s%d,2026-07-%02dT%02d:%02d:00Z,%s,%d,%s\n", server, day, check / 12,
                        check % 12 * 5, check % 97 == 0 ? "down" : "up", 10'000 + check * 7919 % 100'000 + day,
                        check % 97 == 0 ? "no answer" : "");
          csv += line;
        }
      }
    }
    ASSERT_EQ(run({"import", "-", "--interval", "5m"}, csv).code, 0);
    ASSERT_EQ(run({"compact", "-q"}).code, 0);
  }
  /// Changes a byte in the middle of the largest table file, which holds chunks.
  void damage() const {
    std::filesystem::path largest;
    std::uintmax_t size = 0;
    for (const auto& entry : std::filesystem::directory_iterator(db())) {
      if (entry.path().extension() != ".sst" || entry.file_size() <= size) continue;
      largest = entry.path();
      size = entry.file_size();
    }
    ASSERT_GT(size, 50'000U);
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(size / 2);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 0x40));
  }
  TempDir dir_;
};

TEST_F(Care, InfoCountsResultsSpanAndBytesBySpaceAndServer) {
  fill();
  ASSERT_EQ(run({"record", "late", "up", "--time", "2026-07-30T00:00:00Z", "--latency", "80ms", "--code", "200",
                 "--interval", "60s"})
                .code,
            0);
  const Json info = json({"info"});
  EXPECT_EQ(info["servers"], 4);
  EXPECT_EQ(info["results"], kServers * kDays * kChecksADay + 1);
  EXPECT_EQ(info["oldest_result"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(info["newest_result"], "2026-07-30T00:00:00.000Z");
  EXPECT_EQ(info["spaces"]["checks"]["keys"], kServers * kDays) << "a chunk a day";
  EXPECT_EQ(info["spaces"]["days"]["keys"], kServers * (kDays - 1)) << "the newest has none yet";
  EXPECT_EQ(info["spaces"]["recent"], Json::parse(R"({"keys":1,"bytes":8})"));
  EXPECT_EQ(info["damaged_stretches"], 0);
  EXPECT_TRUE(info["owner"].is_null()) << "nobody runs";
  const double a_result = info["bytes_a_result"];
  EXPECT_DOUBLE_EQ(a_result, (info["spaces"]["checks"]["bytes"].get<double>() + 8) / info["results"].get<double>());
  EXPECT_GT(info["files"]["tables"], info["spaces"]["checks"]["bytes"]);
  const Json servers = json({"info", "--servers"})["servers"];
  ASSERT_EQ(servers.size(), 4U);
  std::uint64_t bytes = 0;
  for (const Json& server : servers) bytes += server["bytes"].get<std::uint64_t>();
  EXPECT_EQ(bytes, info["spaces"]["checks"]["bytes"].get<std::uint64_t>() +
                       info["spaces"]["days"]["bytes"].get<std::uint64_t>() + 8);
  EXPECT_EQ(servers[3]["server"], "late") << "the smallest last";
  EXPECT_EQ(servers[3]["rows"], 1);
}

TEST_F(Care, InfoAsksTheRunningNinesWhatItHasInMemory) {
  const std::string config = dir_.write(
      "nines.yaml", "servers:\n  - {name: job, url: \"push:\", push: {}, interval: 1h}\nstore: {path: " + db() +
                        "}\nweb: {listen: off}\n");
  Program owner({"run", "--config", config});
  ASSERT_TRUE(owner.says("checking"));
  ASSERT_EQ(run({"push", "job"}).code, 0);
  const Json info = json({"info"});
  ASSERT_TRUE(info["owner"].is_object());
  EXPECT_GE(info["owner"]["appended"], 1);
  EXPECT_GT(info["owner"]["head_results"], 0);
  EXPECT_EQ(run({"memory"}).code, 0);
  EXPECT_THAT(run({"info"}).out, HasSubstr("in memory of its process"));
}

TEST_F(Care, VerifyGoesOnBehindDamageAndNamesServersAndTimes) {
  fill();
  EXPECT_EQ(json({"verify"})["damages"], 0);
  damage();
  const Json report = json({"verify"}, 1);
  EXPECT_GE(report["damages"], 1);
  bool named = false;
  for (const Json& each : report["damage"]) {
    named = named || (each["server"].is_string() && each["from"].is_string() && each["to"].is_string());
  }
  EXPECT_TRUE(named) << report.dump();
  EXPECT_GT(report["results"], kServers * kDays * kChecksADay / 2) << "the rest was read";
  const Finished told = run({"verify"});
  EXPECT_THAT(told.err, AllOf(HasSubstr("2026-07-"), HasSubstr("nines repair")));
}

TEST_F(Care, RepairSavesAllThatCanBeReadAndSaysExactlyWhatItCouldNot) {
  fill();
  ASSERT_EQ(run({"server", "edit", "s1", "--retention", "5d", "--group", "core"}).code, 0);
  const std::set<std::string> before = lines_of(run({"export"}).out);
  damage();
  const Json report = json({"repair", dir_.path("saved")}, 3);
  ASSERT_GE(report["lost"].size(), 1U);
  EXPECT_EQ(report["servers"], kServers);
  EXPECT_EQ(report["whole"], false);
  // What is there is what was, and what is missing lies in the stretches that were named.
  const std::set<std::string> saved = lines_of(nines({"export", "--db", dir_.path("saved")}).out);
  EXPECT_TRUE(std::includes(before.begin(), before.end(), saved.begin(), saved.end()));
  std::vector<std::uint64_t> missing(report["lost"].size());
  for (const std::string& line : before) {
    if (saved.contains(line)) continue;
    const std::string server = line.substr(0, line.find(','));
    const std::string time = line.substr(server.size() + 1, 24);
    bool named = false;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      const Json& loss = report["lost"][i];
      if (loss["server"] != server || loss["from"].get<std::string>() > time || time >= loss["to"].get<std::string>()) {
        continue;
      }
      named = true;
      ++missing[i];
    }
    EXPECT_TRUE(named) << line;
  }
  EXPECT_EQ(report["results"].get<std::uint64_t>(), saved.size() - 1) << "without the header";
  bool any_exact = false;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const Json& loss = report["lost"][i];
    any_exact = any_exact || loss["exact"].get<bool>();
    if (loss["exact"].get<bool>()) {
      EXPECT_EQ(loss["results"].get<std::uint64_t>(), missing[i]) << loss.dump();
    } else {
      EXPECT_LE(loss["results"].get<std::uint64_t>(), missing[i]) << loss.dump();
    }
    EXPECT_GT(missing[i], 0U);
  }
  EXPECT_TRUE(any_exact) << report.dump();
  EXPECT_EQ(nines({"verify", "--db", dir_.path("saved")}).code, 0);
  const Json entry = Json::parse(nines({"server", "show", "s1", "--json", "--db", dir_.path("saved")}).out);
  EXPECT_EQ(entry["group"], "core");
  EXPECT_EQ(entry["retention_days"]["checks"], 5);
  EXPECT_EQ(run({"repair", dir_.path("saved")}).code, 1) << "never over what is there";
  // Nothing else is left behind.
  std::set<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(dir_.path())) names.insert(each.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"db", "saved"}));
}

TEST_F(Care, RepairOfAWholeStoreIsACopyWithoutADifference) {
  fill();
  EXPECT_EQ(json({"repair", dir_.path("saved")})["whole"], true);
  const Finished compared = nines({"diff", db(), dir_.path("saved")});
  EXPECT_EQ(compared.code, 0) << compared.out;
  EXPECT_THAT(compared.err, HasSubstr("no difference"));
}

TEST_F(Care, RepairOfAStoreWhoseLogIsGoneSavesWhatIsInItsTables) {
  fill();
  ASSERT_EQ(run({"compact"}).code, 0);
  const std::string before = run({"export"}).out;
  for (const auto& entry : std::filesystem::directory_iterator(db())) {
    if (entry.path().extension() == ".rows") std::filesystem::remove(entry.path());
  }
  const Finished refused = run({"status"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("nines repair NEW --db"));
  EXPECT_EQ(json({"repair", dir_.path("saved")}, 3)["whole"], false);
  EXPECT_EQ(nines({"export", "--db", dir_.path("saved")}).out, before);
}

TEST_F(Care, RepairOfWhatIsNoStoreSaysSo) {
  EXPECT_EQ(run({"repair", dir_.path("saved")}).code, 1);
  std::filesystem::create_directory(db());
  dir_.write("db/letter.txt", "hello");
  EXPECT_EQ(run({"repair", dir_.path("saved")}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(dir_.path("saved")));
}

TEST_F(Care, DiffNamesServersAndCountsResultsThatDiffer) {
  const std::string a = dir_.path("a");
  const std::string b = dir_.path("b");
  const std::string both = "same,2026-07-01T00:00:00Z,up,\n";
  ASSERT_EQ(nines({"import", "-", "--db", a},
                  "server,time,state,detail\n" + both +
                      "site,2026-07-01T00:00:00Z,up,\nsite,2026-07-01T00:01:00Z,up,\nsite,2026-09-01T00:00:00Z,down,a\n"
                      "old,2026-07-01T00:00:00Z,up,\n")
                .code,
            0);
  ASSERT_EQ(nines({"import", "-", "--db", b},
                  "server,time,state,detail\n" + both +
                      "new,2026-07-01T00:00:00Z,up,\nsite,2026-07-01T00:00:00Z,up,\nsite,2026-07-01T00:02:00Z,up,\n"
                      "site,2026-09-01T00:00:00Z,down,b\n")
                .code,
            0);
  ASSERT_EQ(nines({"server", "edit", "site", "--group", "core", "--db", b}).code, 0);
  const Finished compared = nines({"diff", a, b, "--json"});
  EXPECT_EQ(compared.code, 1) << compared.err;
  const Json servers = Json::parse(compared.out)["servers"];
  ASSERT_EQ(servers.size(), 3U) << compared.out;
  EXPECT_EQ(servers[0]["server"], "new");
  EXPECT_EQ(servers[0]["entry"], "only in B");
  EXPECT_EQ(servers[0]["only_b"], 1);
  EXPECT_EQ(servers[1]["entry"], "only in A");
  EXPECT_EQ(servers[2]["server"], "site");
  EXPECT_EQ(servers[2]["entry"], "group");
  EXPECT_EQ(servers[2]["only_a"], 1);
  EXPECT_EQ(servers[2]["only_b"], 1);
  EXPECT_EQ(servers[2]["changed"], 1);
  EXPECT_EQ(servers[2]["same"], 1);
  EXPECT_EQ(servers[2]["first"], "2026-07-01T00:01:00.000Z");
  EXPECT_EQ(servers[2]["last"], "2026-09-01T00:00:00.000Z");
  EXPECT_THAT(compared.err, HasSubstr("4 servers and 7 results compared, 3 of the servers differ"));
  EXPECT_EQ(nines({"diff", a, a}).code, 0);
  const Finished none = nines({"diff", a, dir_.path("none")});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("there is no store"));
  EXPECT_EQ(nines({"diff", a}).code, 2);
}

TEST_F(Care, VerifyOfABackupAnswersInEveryFormat) {
  ASSERT_EQ(run({"record", "a", "up"}).code, 0);
  ASSERT_EQ(run({"backup", dir_.path("copy")}).code, 0);
  const Json checked = json({"verify", dir_.path("copy")});
  ASSERT_EQ(checked["backups"].size(), 1U);
  EXPECT_EQ(checked["backups"][0]["whole"], true);
  EXPECT_TRUE(checked["backups"][0]["problem"].is_null());
  EXPECT_THAT(run({"verify", dir_.path("copy"), "-o", "csv"}).out, HasSubstr("path,made,bytes,whole,problem\n"));
  std::ofstream(dir_.path("copy/NINES"), std::ios::app) << " ";
  const Json damaged = json({"verify", dir_.path("copy")}, 1);
  EXPECT_EQ(damaged["backups"][0]["whole"], false);
  EXPECT_THAT(damaged["backups"][0]["problem"].get<std::string>(), HasSubstr("NINES is not what was backed up"));
}

TEST_F(Care, BackupStreamsAndIsRestoredFromTheStream) {
  fill();
  const Finished sent = run({"backup", "-"});
  ASSERT_EQ(sent.code, 0) << sent.err;
  const std::string to = dir_.path("restored");
  const Finished restored = nines({"restore", "-", "--db", to}, sent.out);
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(nines({"export", "--db", to}).out, run({"export"}).out);
  EXPECT_EQ(nines({"verify", "--db", to}).code, 0);
  EXPECT_EQ(nines({"restore", "-", "--db", to}, sent.out).code, 1) << "never over what is there";
  EXPECT_EQ(run({"backup", "-", "--keep", "2"}).code, 2);
}

TEST_F(Care, StreamThatIsCutDamagedOrSomethingElseRestoresNothing) {
  fill();
  const std::string sent = run({"backup", "-"}).out;
  ASSERT_GT(sent.size(), 4096U);
  std::string damaged = sent;
  damaged[sent.find("nineslog") + 20] ^= 1;  // in the first file's bytes
  std::string elsewhere = sent;
  elsewhere.replace(0, 8, "../x.row");  // the name of the first file
  for (const std::string& stream :
       {sent.substr(0, sent.size() / 2), damaged, elsewhere, std::string("no archive"), std::string()}) {
    SCOPED_TRACE(stream.substr(0, 20));
    const std::string to = dir_.path("restored");
    const Finished restored = nines({"restore", "-", "--db", to}, stream);
    EXPECT_EQ(restored.code, 1);
    EXPECT_THAT(restored.err, HasSubstr("nothing was restored"));
    EXPECT_FALSE(std::filesystem::exists(to));
  }
  // Nothing of what came in is left either.
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path(""))) {
    entries += entry.path().filename().string().find("incoming") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(entries, 0);
}

TEST_F(Care, PruneTellsServersDaysResultsAndBytes) {
  fill();
  const Finished dry = run({"prune", "--keep", "1000d", "--dry-run"});
  EXPECT_THAT(dry.err, HasSubstr("0 results of 0 days of 0 servers, 0 B would be dropped"));
  const Finished pruned = run({"prune", "--keep", "1d", "-y"});
  EXPECT_EQ(pruned.code, 0);
  EXPECT_THAT(pruned.err, HasSubstr("dropped 24,192 results of 84 days of 3 servers, "));
  EXPECT_EQ(json({"info"})["results"], 0);
  const Finished again = run({"prune", "--keep", "1d", "-y"});
  EXPECT_THAT(again.err, HasSubstr("dropped 0 results of 0 days of 0 servers, 0 B")) << "summaries outlive results";
}

}  // namespace
}  // namespace nines::tools::testing
