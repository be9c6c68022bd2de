// What every command writes for people keeps to the terminal's columns, in colour, without, and in the C locale.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "show/text.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string without_colour(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x1b') {
      at = std::min(text.find('m', at), text.size());
    } else {
      plain += text[at];
    }
  }
  return plain;
}

class Width : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>();
    ASSERT_EQ(nines({"demo", "--db", db(), "--servers", "3", "--days", "3", "-q"}).code, 0);
    ASSERT_EQ(nines({"server", "edit", "payments", "--service-hours", "mon-fri 08:00-18:00", "--latency-target",
                     "300ms", "--latency-objective", "95%", "-q", "--db", db()})
                  .code,
              0);
    ASSERT_EQ(nines({"backup", dir_->path("copy"), "-q", "--db", db()}).code, 0);
    ASSERT_EQ(nines({"record", "payments", "up", "-q", "--db", db()}).code, 0);
  }
  static void TearDownTestSuite() { dir_.reset(); }
  static std::string db() { return dir_->path("db"); }
  static std::vector<std::vector<std::string>> commands() {
    return {{"--help"},
            {"status", "--help"},
            {"server", "--help"},
            {"status"},
            {"status", "--groups"},
            {"status", "payments"},
            {"status", "api"},
            {"uptime", "payments"},
            {"uptime", "api", "--window", "30d"},
            {"uptime", "payments", "--why", "--window", "6h"},
            {"uptime", "payments", "--compare", "previous"},
            {"incidents"},
            {"latency", "payments", "--phases"},
            {"latency", "payments", "--points", "5"},
            {"latency", "payments", "--baseline"},
            {"bars"},
            {"bars", "payments", "--by", "day", "--window", "3d"},
            {"slo", "payments"},
            {"service", "all(payments, any(search, checkout))", "--objective", "99.9%"},
            {"report", "--window", "3d"},
            {"points", "payments", "--window", "1h"},
            {"tail"},
            {"scan", "payments"},
            {"scan", "payments", "--runs"},
            {"explain", "status"},
            {"explain", "uptime", "payments", "--window", "30d"},
            {"explain", "report", "--estimate"},
            {"server", "list"},
            {"server", "show", "payments"},
            {"maintenance", "list"},
            {"info"},
            {"info", "--servers"},
            {"verify"},
            {"verify", dir_->path("copy")},
            {"diff", db(), dir_->path("copy")},
            {"config", "keys"}};
  }
  static Finished run(std::vector<std::string> arguments, const std::vector<std::string>& environment) {
    return nines(arguments, "", environment);
  }
  static std::unique_ptr<TempDir> dir_;
};

std::unique_ptr<TempDir> Width::dir_;

TEST_F(Width, NoLineIsLongerThanTheTerminalIsWide) {
  for (const std::vector<std::string>& command : commands()) {
    for (const std::size_t width : {20U, 40U, 80U, 120U, 200U}) {
      if (width < 40 && command.back() == "--help") continue;  // which has no fewer columns than that
      const std::string columns = "COLUMNS=" + std::to_string(width);
      const Finished finished = run(command, {columns, "LC_ALL=C.UTF-8", "NINES_DB=" + db()});
      ASSERT_LE(finished.code, 1) << command[0] << ' ' << finished.err;
      EXPECT_FALSE(finished.out.empty()) << command[0];
      std::istringstream lines(finished.out);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(display_width(line), width) << command[0] << ' ' << command.back() << ": " << line;
      }
      EXPECT_THAT(finished.out, Not(HasSubstr("\x1b"))) << command[0];
    }
  }
}

TEST_F(Width, ColourAddsNothingButColour) {
  // Those whose figures do not go with the clock.
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"server", "list"},
                                             {"server", "show", "payments"},
                                             {"maintenance", "list"},
                                             {"verify", dir_->path("copy")},
                                             {"points", "payments", "--window", "today"},
                                             {"scan", "payments", "--runs", "--window", "today"},
                                             {"diff", db(), dir_->path("copy")}}) {
    const std::vector<std::string> environment{"COLUMNS=80", "LC_ALL=C.UTF-8", "NINES_DB=" + db()};
    std::vector<std::string> coloured = environment;
    coloured.emplace_back("FORCE_COLOR=1");
    const std::string shown = run(command, coloured).out;
    EXPECT_THAT(shown, HasSubstr("\x1b[1m")) << command[0];
    EXPECT_EQ(without_colour(shown), run(command, environment).out) << command[0];
  }
}

TEST_F(Width, TheCLocaleGetsAsciiAlone) {
  for (const std::vector<std::string>& command : commands()) {
    const Finished finished = run(command, {"COLUMNS=80", "LC_ALL=C", "NINES_DB=" + db()});
    const auto wide = std::find_if(finished.out.begin(), finished.out.end(), [](char c) { return (c & 0x80) != 0; });
    EXPECT_EQ(wide, finished.out.end()) << command[0] << ' ' << command.back() << ": "
                                        << finished.out.substr(
                                               0,
                                               static_cast<std::size_t>(std::distance(finished.out.begin(), wide)) + 8);
  }
}

}  // namespace
}  // namespace nines::tools::testing
