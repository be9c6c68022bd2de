// The two programs behind the command: the small one that most commands need, and the one with the network's libraries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Runs `program` by a shell, without this process's environment but for PATH.
Finished run_by_shell(const TempDir& dir, const std::string& program, const std::string& words) {
  const std::string line = "env -i PATH=\"$PATH\" '" + program + "' " + words + " >'" + dir.path("out") + "' 2>'" +
                           dir.path("err") + "' </dev/null";
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(dir.path("out")), read_file(dir.path("err"))};
}

TEST(Programs, CommandLoadsNoLibraryOfTheNetwork) {
  const Finished loaded = nines({"status"}, {}, {"LD_TRACE_LOADED_OBJECTS=1"});
  EXPECT_THAT(loaded.out, AllOf(HasSubstr("libstdc++"), Not(HasSubstr("libcurl")), Not(HasSubstr("libssl")),
                                Not(HasSubstr("libcrypto")), Not(HasSubstr("libsystemd")), Not(HasSubstr("httplib")),
                                Not(HasSubstr("libarchive"))))
      << "each takes longer to load than most commands take";
}

TEST(Programs, CommandOfTheNetworkIsFoundThroughALink) {
  const TempDir dir;
  std::filesystem::create_symlink(NINES_BINARY, dir.path("linked"));
  const std::string file = dir.write("site.yaml", "servers:\n  - {name: site, url: \"tcp://127.0.0.1:1\"}\n");
  const Finished checked = run_by_shell(dir, dir.path("linked"), "config check '" + file + "'");
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.err, HasSubstr("is good: 1 server"));
}

TEST(Programs, CommandOfTheNetworkKeepsItsWordsAndItsExitCode) {
  const TempDir dir;
  const Finished checked = run_by_shell(dir, NINES_BINARY, "-q check --timeout 2s -- 'tcp://127.0.0.1:1/ a b'");
  EXPECT_EQ(checked.code, 2) << checked.err;
  EXPECT_THAT(checked.err, HasSubstr("url"));
  EXPECT_EQ(run_by_shell(dir, NINES_BINARY, "check tcp://127.0.0.1:1 --json").code, 1);
}

TEST(Programs, MissingOtherProgramIsSaidByItsPath) {
  const TempDir dir;
  std::filesystem::create_directory(dir.path("bin"));
  std::filesystem::copy_file(NINES_BINARY, dir.path("bin/nines"));
  const Finished checked = run_by_shell(dir, dir.path("bin/nines"), "check tcp://127.0.0.1:1");
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("`nines check` is in a program of its own, `"),
                                 HasSubstr("nines-network`, which cannot be started: No such file or directory")));
  EXPECT_EQ(run_by_shell(dir, dir.path("bin/nines"), "record a up --db '" + dir.path("db") + "'").code, 0)
      << "what needs no network works without it";
}

}  // namespace
}  // namespace nines::tools::testing
