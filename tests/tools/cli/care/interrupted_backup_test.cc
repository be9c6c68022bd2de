// Ctrl-C in the middle of a backup: it is said, no half copy has the backup's name, and the next one goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tools/support/command_line.h"
#include "tools/support/faulty_machine.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

TEST(InterruptedBackup, IsSaidAndGoneOnWith) {
  const TempDir dir;
  const std::string db = dir.path("db");
  ASSERT_EQ(nines({"import", "-", "--db", db}, "server,time_ms,state\na,1784021400000,up\n").code, 0);
  const FaultyMachine machine(dir.path("disk"));
  for (const bool keeps : {false, true}) {
    const std::string target = dir.path("disk") + (keeps ? "/many" : "/copy");
    std::vector<std::string> words{"backup", target, "--db", db};
    if (keeps) words.insert(words.end(), {"--keep", "3"});
    machine.set(FaultyMachine::Field::stalled, 1);
    Program program(words, "", machine.environment());
    ASSERT_TRUE(eventually([&] { return catches(program.pid(), SIGINT); }));
    program.signal(SIGINT);
    machine.set(FaultyMachine::Field::stalled, 0);
    const Finished interrupted = program.wait();
    EXPECT_EQ(interrupted.code, 128 + SIGINT) << interrupted.err;
    EXPECT_THAT(interrupted.err, HasSubstr("interrupted; there is no new backup yet"));
    EXPECT_FALSE(std::filesystem::exists(dir.path("disk") + "/copy"));
    const Finished whole = nines(words, "", machine.environment());
    EXPECT_EQ(whole.code, 0) << whole.err;
    EXPECT_EQ(nines({"verify", target}).code, 0);
    if (!keeps) std::filesystem::remove_all(target);
  }
}

}  // namespace
}  // namespace nines::tools::testing
