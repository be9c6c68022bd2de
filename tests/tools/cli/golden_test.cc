// What commands write for people, letter by letter: in 20, 40, 80, 120 and 200 columns, with colour, without, and in
// the C locale. One file a command in tests/tools/golden; NINES_UPDATE_GOLDEN=1 in the environment writes them anew,
// and whoever does that reads the difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

constexpr const char* kLongName = "orders-eu-central-1.internal.production.example.org";

/// Results of three days of July 2026, a check every ten minutes; the whole past, so that the clock changes nothing.
class Golden : public ::testing::TestWithParam<std::pair<const char*, std::vector<std::string>>> {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>();
    std::string csv = "server,time,state,latency_us,code,error,detail\n";
    for (int day = 10; day <= 12; ++day) {
      for (int check = 0; check < 144; ++check) {
        char when[32];
        std::snprintf(when, sizeof when, "2026-07-%02dT%02d:%02d:00Z", day, check / 6, check % 6 * 10);
        const int latency = 80'000 + (check * 7919 + day) % 20'000;
        const bool broken = day == 12 && check >= 130;
        add(csv, "payments", when, broken ? ",503,http_status,Service Unavailable" : "", latency);
        add(csv, "search", when, check % 12 == 5 || check % 12 == 6 ? ",0,timeout,no answer within 10s" : "",
            latency / 4);
        add(csv, "mail", when, "", check >= 60 ? latency * 9 : latency);
        add(csv, kLongName, when, day == 11 && check % 40 == 0 ? ",0,reset,connection reset by peer" : "", latency);
      }
    }
    add(csv, "payments", "2026-07-13T00:00:00Z", "", 80'000);  // what goes on for ever is longer each day
    ASSERT_EQ(nines({"import", "-", "--interval", "10m", "--db", db()}, csv).code, 0);
    for (const std::vector<std::string>& change : std::vector<std::vector<std::string>>{
             {"server", "edit", "payments", "--group", "shop", "--objective", "99.9%", "--url", "https://pay.example/"},
             {"server", "edit", "search", "--group", "shop", "--tag", "team=web"},
             {"server", "edit", "mail", "--group", "office"},
             {"maintenance", "add", "mail", "--from", "2026-07-12T02:00Z", "--for", "1h"},
             {"compact"}}) {
      std::vector<std::string> words = change;
      words.insert(words.end(), {"-q", "--db", db()});
      ASSERT_EQ(nines(words).code, 0) << change[1];
    }
  }
  static void TearDownTestSuite() { dir_.reset(); }
  static std::string db() { return dir_->path("db"); }

  static void add(std::string& csv, const std::string& server, const std::string& when, const std::string& failure,
                  int latency) {
    csv += server + "," + when;
    csv += failure.empty() ? ",up," + std::to_string(latency) + ",200,,\n" : ",down," + failure + "\n";
  }

  /// `text` with the escape character as it can be read.
  static std::string readable(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\x1b' ? std::string("<ESC>") : std::string(1, c);
    return out;
  }

  static std::string shown(const std::vector<std::string>& command) {
    std::string text;
    for (const char* const columns : {"20", "40", "80", "120", "200"}) {
      struct Mode {
        const char* name;
        std::vector<std::string> settings;
      };
      for (const Mode& mode : {Mode{"without colour", {"LC_ALL=C.UTF-8"}}, Mode{"C locale", {"LC_ALL=C"}},
                               Mode{"with colour", {"LC_ALL=C.UTF-8", "FORCE_COLOR=1"}}}) {
        std::vector<std::string> environment = mode.settings;
        environment.insert(environment.end(), {std::string("COLUMNS=") + columns, "NINES_DB=" + db()});
        const Finished finished = nines(command, "", environment);
        EXPECT_EQ(finished.code, 0) << finished.err;
        text += std::string("== ") + columns + " columns, " + mode.name + "\n" + readable(finished.out);
      }
    }
    return text;
  }
  static std::unique_ptr<TempDir> dir_;
};

std::unique_ptr<TempDir> Golden::dir_;

TEST_P(Golden, IsWhatItWas) {
  const auto& [name, command] = GetParam();
  const std::filesystem::path file = std::filesystem::path(NINES_SOURCE_DIR) / "tests/tools/golden" / name;
  const std::string text = shown(command);
  if (std::getenv("NINES_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << text;
    return;
  }
  EXPECT_EQ(text, read_file(file.string())) << "NINES_UPDATE_GOLDEN=1 writes it anew";
}

const std::vector<std::string> kDay{"--from", "2026-07-12", "--to", "2026-07-13"};

std::vector<std::string> of_day(std::vector<std::string> command) {
  command.insert(command.end(), kDay.begin(), kDay.end());
  return command;
}

INSTANTIATE_TEST_SUITE_P(
    Commands, Golden,
    ::testing::Values(std::pair{"status.txt", of_day({"status"})},
                      std::pair{"status-groups.txt", of_day({"status", "--groups"})},
                      std::pair{"status-server.txt", of_day({"status", "payments"})},
                      std::pair{"uptime.txt", of_day({"uptime", "payments"})},
                      std::pair{"uptime-why.txt", of_day({"uptime", "payments", "--why"})},
                      std::pair{"incidents.txt", of_day({"incidents"})},
                      std::pair{"latency.txt", of_day({"latency", "mail"})},
                      std::pair{"latency-points.txt", of_day({"latency", "mail", "--points", "6"})},
                      std::pair{"bars.txt", of_day({"bars"})},
                      std::pair{"bars-hours.txt", of_day({"bars", "payments", "--by", "hour"})},
                      std::pair{"slo.txt", of_day({"slo", "payments"})},
                      std::pair{"service.txt", of_day({"service", "all(payments, any(search, mail))"})},
                      std::pair{"report.txt", of_day({"report"})},
                      std::pair{"points.txt", std::vector<std::string>{"points", "payments", "--from",
                                                                       "2026-07-12T21:00", "--to", "2026-07-12T22:00"}},
                      std::pair{"tail.txt", std::vector<std::string>{"tail", "-n", "5"}},
                      std::pair{"scan-runs.txt", of_day({"scan", "search", "--runs"})},
                      std::pair{"explain-estimate.txt", of_day({"explain", "uptime", "payments", "--estimate"})},
                      std::pair{"maintenance-list.txt", std::vector<std::string>{"maintenance", "list"}},
                      std::pair{"help-status.txt", std::vector<std::string>{"status", "--help"}}),
    [](const auto& each) {
      std::string name = each.param.first;
      name.resize(name.find('.'));
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace nines::tools::testing
