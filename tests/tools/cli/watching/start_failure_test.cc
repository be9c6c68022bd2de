// Why `nines run` and `nines serve` do not start, in the format of their log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class StartFailure : public ::testing::Test {
 protected:
  /// The messages of a log in JSON, all of them errors.
  static std::vector<std::string> errors(const std::string& log) {
    std::vector<std::string> messages;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      const Json entry = Json::parse(line, nullptr, false);
      EXPECT_TRUE(entry.is_object()) << line;
      if (!entry.is_object()) continue;
      EXPECT_EQ(entry["level"], "error");
      EXPECT_TRUE(entry["time"].is_string());
      messages.push_back(entry["message"]);
    }
    return messages;
  }
  TempDir dir_;
};

TEST_F(StartFailure, OfRunIsAnEntryOfItsLog) {
  const std::string config = dir_.write("nines.yaml", "servers:\n  - {name: a, url: \"htps://x\"}\n");
  const Finished refused = nines({"run", "--config", config, "--log-format", "json"});
  EXPECT_EQ(refused.code, 1);
  const auto messages = errors(refused.err);
  ASSERT_EQ(messages.size(), 1U) << refused.err;
  EXPECT_THAT(messages[0], HasSubstr("did you mean `https`?"));
  EXPECT_THAT(nines({"run", "--config", config, "--log-format", "logfmt"}).err, StartsWith("time="));
  EXPECT_THAT(nines({"run", "--config", config}).err, StartsWith("nines: the configuration has mistakes:\n"));
  EXPECT_EQ(nines({"run", "--config", config, "--log-format", "jsn"}).code, 2);
}

TEST_F(StartFailure, OfATakenPortIsAnEntryAndMakesNoStore) {
  const std::string port = std::to_string(free_port());
  const std::string config =
      dir_.write("nines.yaml", "servers:\n  - {name: job, push: {}, interval: 1h}\nstore: {path: " + dir_.path("a.db") +
                                   "}\nweb: {listen: \"127.0.0.1:" + port + "\"}\n");
  Program owner({"run", "--config", config});
  ASSERT_TRUE(owner.says("checking"));
  for (const std::vector<std::string>& other : std::vector<std::vector<std::string>>{
           {"run", "--config", config, "--db", dir_.path("b.db"), "--log-format", "json"},
           {"serve", "--db", dir_.path("a.db"), "--listen", "127.0.0.1:" + port, "--log-format", "json"}}) {
    const Finished refused = nines(other);
    EXPECT_EQ(refused.code, 1);
    const auto messages = errors(refused.err);
    ASSERT_EQ(messages.size(), 1U) << refused.err;
    EXPECT_THAT(messages[0], HasSubstr("another program uses this port"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.path("b.db")));
  const Finished none = nines({"serve", "--db", dir_.path("none"), "--log-format", "json"});
  EXPECT_THAT(errors(none.err).at(0), HasSubstr("there is no store at"));
}

}  // namespace
}  // namespace nines::tools::testing
