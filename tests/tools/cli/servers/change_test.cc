// What is said by hand of servers and of time: names, rules, maintenance, corrections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

class ServerChange : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string csv = "server,time,state,interval_s\n";
    for (int minute = 0; minute < 60; ++minute) {
      const std::string time = "2026-07-01T00:" + std::string(minute < 10 ? "0" : "") + std::to_string(minute) + ":00Z";
      csv += "site," + time + (minute >= 20 && minute < 30 ? ",down,60\n" : ",up,60\n");
    }
    ASSERT_EQ(run({"import", "-"}, csv).code, 0);
  }
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  [[nodiscard]] double uptime() const {
    const Finished finished =
        run({"uptime", "site", "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-01T01:00:00Z", "--json"});
    return Json::parse(finished.out)["uptime_ratio"];
  }
  [[nodiscard]] Json shown() const { return Json::parse(run({"server", "show", "site", "--json"}).out); }
  TempDir dir_;
};

TEST_F(ServerChange, MaintenanceForLastWeekChangesLastWeeksAnswer) {
  EXPECT_DOUBLE_EQ(uptime(), 50.0 / 60);
  EXPECT_EQ(run({"maintenance", "add", "site", "--from", "2026-07-01T00:20:00Z", "--for", "5m"}).code, 0);
  EXPECT_DOUBLE_EQ(uptime(), 50.0 / 55);
  EXPECT_EQ(run({"maintenance", "add", "site", "--from", "2026-07-01T02:25:00", "--to", "2026-07-01T02:30:00", "--tz",
                 "Europe/Paris", "--note", "costs $5"})
                .code,
            0);
  EXPECT_DOUBLE_EQ(uptime(), 1.0);
  const Json list = Json::parse(run({"maintenance", "list", "--json"}).out)["maintenance"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1]["number"], 2);
  EXPECT_EQ(list[1]["from"], "2026-07-01T00:25:00.000Z");
  EXPECT_EQ(list[1]["duration_ms"], 300'000);
  EXPECT_EQ(list[1]["note"], "by hand: costs $5");
  EXPECT_EQ(list[1]["when"], "over");
}

TEST_F(ServerChange, MaintenanceEndsByItselfOrByItsNumber) {
  EXPECT_EQ(run({"maintenance", "end", "site"}).code, 1) << "none is under way";
  EXPECT_EQ(run({"maintenance", "add", "site", "--from", "-1h", "--for", "2h"}).code, 0);
  EXPECT_EQ(run({"maintenance", "add", "site", "--every", "sunday", "--from", "02:00", "--for", "1h"}).code, 0);
  EXPECT_EQ(run({"maintenance", "end", "site"}).code, 0);
  Json list = Json::parse(run({"maintenance", "list", "site", "--json"}).out)["maintenance"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["when"], "over");
  EXPECT_EQ(list[1]["when"], "in force");
  EXPECT_EQ(list[1]["repeat"], "weekly");
  EXPECT_EQ(list[1]["start"], "02:00");
  EXPECT_TRUE(list[1]["to"].is_null());
  EXPECT_EQ(run({"maintenance", "end", "site", "2"}).code, 0);
  EXPECT_EQ(run({"maintenance", "end", "site", "7"}).code, 1);
  EXPECT_EQ(run({"maintenance", "end", "site", "-3"}).code, 2);
}

TEST_F(ServerChange, BadMaintenanceIsRefusedByTheRulesOfAConfiguration) {
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{"--from", "now"},
                                             {"--for", "1h"},
                                             {"--from", "2026-07-01", "--to", "2026-06-01"},
                                             {"--from", "now", "--for", "9d"},
                                             {"--from", "now", "--for", "1h", "--tz", "Mars"},
                                             {"--from", "soon", "--for", "1h"},
                                             {"--every", "someday", "--from", "02:00", "--for", "1h"},
                                             {"--every", "day", "--from", "25:00", "--for", "1h"}}) {
    std::vector<std::string> arguments{"maintenance", "add", "site"};
    arguments.insert(arguments.end(), bad.begin(), bad.end());
    EXPECT_EQ(run(arguments).code, 2) << bad[1];
  }
  EXPECT_THAT(run({"maintenance", "add", "site", "--every", "sundy", "--from", "02:00", "--for", "1h"}).err,
              HasSubstr("did you mean `sunday`?"));
  EXPECT_EQ(run({"maintenance", "add", "stie", "--from", "now", "--for", "1h"}).code, 1);
}

TEST_F(ServerChange, ACorrectionSaysWhatTimeReallyWasAndCanBeTakenAway) {
  const auto correct = [this](const std::string& from, const std::string& to, const std::string& as) {
    return run({"correct", "site", "--from", "2026-07-01T00:" + from + ":00Z", "--to", "2026-07-01T00:" + to + ":00Z",
                "--as", as});
  };
  EXPECT_EQ(correct("20", "30", "up").code, 0);
  EXPECT_DOUBLE_EQ(uptime(), 1.0);
  EXPECT_EQ(correct("22", "24", "measured").code, 0) << "in the middle";
  EXPECT_DOUBLE_EQ(uptime(), 58.0 / 60);
  EXPECT_EQ(shown()["corrections"].size(), 2U);
  EXPECT_EQ(correct("00", "59", "measured").code, 0);
  EXPECT_TRUE(shown()["corrections"].empty());
  EXPECT_DOUBLE_EQ(uptime(), 50.0 / 60);
  EXPECT_EQ(correct("20", "20", "up").code, 2);
  EXPECT_EQ(correct("20", "30", "fine").code, 2);
  EXPECT_EQ(correct("20", "30", "paused").code, 2);
  EXPECT_EQ(run({"correct", "site"}).code, 2);
}

TEST_F(ServerChange, AServerIsRenamedWithItsHistory) {
  EXPECT_EQ(run({"server", "rename", "site", "www"}).code, 0);
  EXPECT_EQ(run({"server", "show", "site"}).code, 1);
  EXPECT_THAT(run({"export", "www"}).out, HasSubstr("www,2026-07-01T00:00:00.000Z,up"));
  ASSERT_EQ(run({"server", "add", "other"}).code, 0);
  EXPECT_EQ(run({"server", "rename", "www", "other"}).code, 1) << "taken";
  EXPECT_EQ(run({"server", "rename", "www", "b\tad"}).code, 1);
  EXPECT_EQ(run({"server", "rename", "www", "www"}).code, 0) << "so already";
}

TEST_F(ServerChange, RetentionQuorumAndMergingAreEdited) {
  EXPECT_EQ(run({"server", "edit", "site", "--retention", "36h", "--quorum", "2", "--merge-within", "5m"}).code, 0);
  Json server = shown();
  EXPECT_EQ(server["rules"].back()["quorum"], 2);
  EXPECT_EQ(server["rules"].back()["merge_within_ms"], 300'000);
  EXPECT_EQ(server["retention_days"]["checks"], 2) << "at least what was asked for";
  EXPECT_EQ(run({"server", "edit", "site", "--retention", "forever", "--quorum", "majority"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "site", "--retention", "none"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "site", "--retention", "1h"}).code, 2);
  EXPECT_EQ(run({"server", "edit", "site", "--quorum", "most"}).code, 2);
}

TEST_F(ServerChange, ShellsGetCandidatesFromTheTablesAndTheStore) {
  ASSERT_EQ(run({"server", "add", "$(touch x) y", "--group", "core", "--tag", "team=web"}).code, 0);
  const auto candidates = [this](std::vector<std::string> words) {
    std::vector<std::string> arguments{"complete", "--db", dir_.path("db"), "--"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return nines(arguments, "", {"NINES_DB=" + dir_.path("db")}).out;
  };
  EXPECT_EQ(candidates({"stat"}), "status\n");
  EXPECT_EQ(candidates({"server", "re"}), "remove\nrename\n");
  EXPECT_EQ(candidates({"uptime", ""}), "$(touch x) y\nsite\n");
  EXPECT_EQ(candidates({"uptime", "site", ""}), "");
  EXPECT_EQ(candidates({"status", "--gro"}), "--group\n--groups\n");
  EXPECT_EQ(candidates({"status", "--group", ""}), "core\n");
  EXPECT_EQ(candidates({"status", "--tag", "t"}), "team=web\n");
  EXPECT_EQ(candidates({"status", "-o", "n"}), "ndjson\n");
  EXPECT_EQ(candidates({"nonsense", "x"}), "");
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(nines({"completion", shell}).out, HasSubstr("nines complete -- ")) << shell;
  }
  EXPECT_EQ(nines({"completion", "tcsh"}).code, 2);
  // bash itself: nothing of a name is expanded.
  const std::string script =
      dir_.write("complete.sh",
                 "set -eu\neval \"$(nines completion bash)\"\nCOMP_WORDS=(nines uptime '')\nCOMP_CWORD=2\n_nines\n"
                 "printf '%s\\n' \"${COMPREPLY[@]}\"\n");
  const std::string binary(NINES_BINARY);
  const std::string command = "cd " + dir_.path() + " && PATH=" + binary.substr(0, binary.rfind('/')) +
                              ":$PATH NINES_DB=" + dir_.path("db") + " bash " + script + " > " + dir_.path("out");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(dir_.path("out")), "\\$\\(touch\\ x\\)\\ y\nsite\n");
}

TEST_F(ServerChange, ZshAndFishThemselvesOfferServersGroupsAndTags) {
  ASSERT_EQ(run({"server", "edit", "site", "--group", "core", "--tag", "team=web"}).code, 0);
  const std::string binary(NINES_BINARY);
  const std::string setting = "cd " + dir_.path() + " && PATH=" + binary.substr(0, binary.rfind('/')) +
                              ":$PATH HOME=" + dir_.path() + " NINES_DB=" + dir_.path("db") + " ";
  const auto output_of = [&](const std::string& shell, const std::string& script) -> std::string {
    const std::string file = dir_.write("complete." + shell, script);
    const std::string command = setting + shell + " " + file + " > " + dir_.path("out") + " 2> " + dir_.path("err");
    EXPECT_EQ(std::system(command.c_str()), 0) << read_file(dir_.path("err"));
    return read_file(dir_.path("out"));
  };
  if (std::system("command -v zsh >/dev/null && command -v fish >/dev/null") != 0) GTEST_SKIP() << "no zsh and fish";
  EXPECT_EQ(output_of("zsh",
                      "compdef() { true; }\ncompadd() { print -l -- \"${(@P)2}\"; }\n_files() { print FILES; }\n"
                      "eval \"$(nines completion zsh)\"\n"
                      "words=(nines uptime si); CURRENT=3; _nines\nwords=(nines status --group ''); CURRENT=4; _nines\n"
                      "words=(nines status --tag ''); CURRENT=4; _nines\nwords=(nines import ''); CURRENT=3; _nines\n"),
            "site\ncore\nteam=web\nFILES\n");
  EXPECT_EQ(output_of("fish",
                      "nines completion fish | source\ncomplete -C 'nines uptime si'\n"
                      "complete -C 'nines status --group '\ncomplete -C 'nines status --tag '\n"),
            "site\ncore\nteam=web\n");
}

TEST_F(ServerChange, AConfigurationIsWrittenToBeginWith) {
  const std::string file = dir_.path("nines.yaml");
  const Finished made = nines({"init", file, "--url", "https://example.org/a?b=$c", "--url", "https://example.org/",
                               "--url", "tcp://127.0.0.1:22", "--interval", "30s", "--listen", "off"});
  EXPECT_EQ(made.code, 0) << made.err;
  const Finished good = nines({"config", "check", file});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.err, HasSubstr("3 servers"));
  EXPECT_THAT(read_file(file), HasSubstr("\"example.org 2\""));
  const std::string odd = dir_.path("odd.yaml");
  EXPECT_EQ(nines({"init", odd, "--url", "https://example.org/", "--db", "a\nb.db"}).code, 0);
  EXPECT_THAT(read_file(odd), HasSubstr("path: \"a\\nb.db\""));
  EXPECT_EQ(nines({"init", file, "--url", "https://example.org/"}).code, 1) << "never over a file that is there";
  EXPECT_EQ(nines({"init", dir_.path("b.yaml")}).code, 2) << "no terminal to ask on";
  EXPECT_EQ(nines({"init", dir_.path("b.yaml"), "--url", "ftpz://x"}).code, 2);
  EXPECT_EQ(nines({"init", dir_.path("b.yaml"), "--url", "https://x/", "--interval", "1ms"}).code, 2);
  EXPECT_EQ(read_file(dir_.path("b.yaml")), "") << "nothing was written";
}

TEST_F(ServerChange, TheReferencesAreThoseOfTheTables) {
  EXPECT_EQ(nines({"config", "reference"}).out, read_file(std::string(NINES_SOURCE_DIR) + "/tools/CONFIGURATION.md"))
      << "write it anew: nines config reference > tools/CONFIGURATION.md";
  const Json keys = Json::parse(nines({"config", "keys", "--json"}).out)["keys"];
  std::size_t intervals = 0;
  for (const Json& key : keys) intervals += key["key"] == "interval" && key["takes"] == "a duration from 100ms to 31d";
  EXPECT_EQ(intervals, 1U);
  const Finished manual = nines({"manual"});
  EXPECT_EQ(manual.code, 0);
  EXPECT_THAT(manual.out, HasSubstr(".SS nines maintenance add"));
  const Finished keys_manual = nines({"manual", "config"});
  EXPECT_EQ(keys_manual.code, 0);
  for (const Json& key : keys) {
    std::string name = key["key"];
    for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.insert(at, "\\");
    EXPECT_THAT(keys_manual.out, HasSubstr(".BR " + name + " "));
  }
  EXPECT_EQ(nines({"manual", "servers"}).code, 2);
}

}  // namespace
}  // namespace nines::tools::testing
