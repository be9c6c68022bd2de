// README.md's first ten minutes, run as they stand there by a shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The commands of the block behind `heading`, without their prompts.
std::vector<std::string> commands_under(const std::string& heading) {
  std::istringstream readme(read_file(std::string(NINES_SOURCE_DIR) + "/README.md"));
  std::vector<std::string> commands;
  bool under = false;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) under = line == "## " + heading;
    if (under && line.starts_with("```")) inside = !inside;
    if (under && inside && line.starts_with("$ ")) commands.push_back(line.substr(2));
  }
  return commands;
}

TEST(FirstMinutes, OfTheReadmeWorkAsTheyStandThere) {
  const TempDir dir;
  const std::vector<std::string> commands = commands_under("Ten minutes with the command");
  ASSERT_GT(commands.size(), 20U);
  ASSERT_THAT(commands.front(), HasSubstr("export PATH=")) << "where ./dev builds, which may be elsewhere here";
  const std::string binary(NINES_BINARY);
  std::string script = "set -euo pipefail\nexport PATH=" + binary.substr(0, binary.rfind('/')) +
                       ":$PATH TMPDIR=" + dir.path() + "\nunset NINES_DB NINES_URL COLUMNS\n";
  // A port of the tests' own, and a word of which command failed.
  const std::string port = std::to_string(free_port());
  for (std::size_t i = 1; i < commands.size(); ++i) {
    std::string command = std::regex_replace(commands[i], std::regex("127\\.0\\.0\\.1:8080"), "127.0.0.1:" + port);
    if (command.find("nines init") != std::string::npos)
      command.insert(command.find(" --url"), " --listen 127.0.0.1:" + port);
    script += "echo 'then: '" + std::to_string(i) + " >&2\n" + command + "\n";
  }
  script += "wait\n";
  const std::string file = dir.write("first.sh", script);
  const int status =
      std::system(("timeout 120 bash " + file + " > " + dir.path("out") + " 2> " + dir.path("err")).c_str());
  const std::string out = read_file(dir.path("out"));
  const std::string err = read_file(dir.path("err"));
  EXPECT_EQ(WEXITSTATUS(status), 0) << script << err;
  EXPECT_THAT(out, HasSubstr("payments"));
  EXPECT_THAT(out, HasSubstr("\"uptime_ratio\""));
  EXPECT_THAT(out, HasSubstr("127.0.0.1:" + port)) << "the server that it made and checked itself";
  EXPECT_THAT(err, HasSubstr("no difference")) << "of the backup";
  EXPECT_THAT(err, HasSubstr("results imported"));
  EXPECT_THAT(err, Not(HasSubstr("internal error")));
}

}  // namespace
}  // namespace nines::tools::testing
