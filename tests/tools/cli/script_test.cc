// What a script, a cron job or a slip of the finger meets: exit codes, streams, order of options, nothing lost.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Script : public ::testing::Test {
 protected:
  [[nodiscard]] Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  void import(const std::string& csv) const { ASSERT_EQ(run({"import", "-", "--interval", "60s"}, csv).code, 0); }
  [[nodiscard]] std::string exported() const { return run({"export"}).out; }
  TempDir dir_;
};

constexpr const char* kHeader = "server,time,state\n";

TEST_F(Script, CsvEndsItsLinesWithLfAlone) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  EXPECT_THAT(exported(), AllOf(HasSubstr("detail\na,"), Not(HasSubstr("\r"))));
  EXPECT_THAT(run({"server", "list", "-o", "csv"}).out, Not(HasSubstr("\r")));
}

TEST_F(Script, NameWithAControlCharacterIsOneBadLine) {
  const Finished imported = run(
      {"import", "-"}, std::string(kHeader) +
                           "good,2026-07-01T00:00:00Z,up\n\"bad\tname\",2026-07-01T00:00:00Z,up\nalso,2026-07-01T00:"
                           "00:00Z,up\n");
  EXPECT_EQ(imported.code, 3) << "done in part";
  EXPECT_THAT(imported.err, AllOf(HasSubstr("standard input:3: server `bad\\tname` contains a control character"),
                                  HasSubstr("2 results imported, 2 servers added, 1 bad line left out")));
  EXPECT_EQ(run({"uptime", "also", "--window", "2026-07-01"}).code, 0);
}

TEST_F(Script, StrictImportOfABadNameKeepsNothing) {
  const Finished imported = run({"import", "-", "--strict"}, std::string(kHeader) +
                                                                 "good,2026-07-01T00:00:00Z,up\n"
                                                                 "\"bad\tname\",2026-07-01T00:00:00Z,up\n");
  EXPECT_EQ(imported.code, 1);
  EXPECT_THAT(imported.err, HasSubstr("nothing was imported"));
  EXPECT_THAT(run({"server", "list", "-o", "csv"}).out, Not(HasSubstr("good")));
}

TEST_F(Script, SecondsInAColumnOfMillisecondsAreRefused) {
  const Finished imported = run({"import", "-"}, "server,time_ms,state\nsite,1784021400,up\nsite,1782864000000,up\n");
  EXPECT_EQ(imported.code, 3);
  EXPECT_THAT(imported.err,
              HasSubstr("time_ms `1784021400` lies before the year 2000; it takes milliseconds, are these "
                        "seconds?"));
  EXPECT_THAT(exported(), AllOf(HasSubstr("2026-07-01T00:00:00.000Z"), Not(HasSubstr("1970"))));
}

TEST_F(Script, SpooledInputFollowsNoLinkThatSomebodyLaid) {
  const std::string temporary = dir_.path("tmp");
  std::filesystem::create_directory(temporary);
  const std::string csv = std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n";
  const std::string victim = dir_.write("victim", "precious");
  // The name that a guesser would take, for every process that the command could be.
  for (int ahead = 0; ahead < 200; ++ahead) {
    std::filesystem::create_symlink(victim, temporary + "/nines-import-" + std::to_string(getpid() + ahead));
  }
  const Finished imported = nines({"import", "-", "--strict", "--db", dir_.path("db")}, csv, {"TMPDIR=" + temporary});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(read_file(victim), "precious");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(temporary)) files += entry.is_symlink() ? 0 : 1;
  EXPECT_EQ(files, 0U);
}

TEST_F(Script, InterruptedImportKeepsAndSaysWhatItTook) {
  const std::string pipe = dir_.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Program program({"import", pipe, "--db", dir_.path("db")});
  std::ofstream out(pipe);
  out << kHeader;
  for (int minute = 0; minute < 5; ++minute) out << "a,2026-07-01T00:0" << minute << ":00Z,up\n";
  out.flush();
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(dir_.path("db") + "/NINES"); }));
  ASSERT_TRUE(eventually([&] { return catches(program.pid(), SIGINT); }));
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  program.signal(SIGINT);
  out << "a,2026-07-01T00:05:00Z,up\n" << std::flush;  // wakes a reader that the signal came too early for
  const Finished finished = program.wait();
  EXPECT_EQ(finished.code, 128 + SIGINT);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("interrupted: "), HasSubstr("imported"), HasSubstr("takes the rest")));
  EXPECT_THAT(exported(), HasSubstr("a,2026-07-01T00:04:00.000Z,up"));
}

TEST_F(Script, OptionsMayStandBeforeTheCommand) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  const Finished before = nines({"--db", dir_.path("db"), "-o", "csv", "server", "list"});
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_EQ(before.out, run({"server", "list", "-o", "csv"}).out);
  EXPECT_EQ(nines({"--db=" + dir_.path("db"), "--json", "status"}).code, 0);
  EXPECT_EQ(nines({"--nonsense", "status"}).code, 2);
}

TEST_F(Script, HelpOfANounListsItsVerbs) {
  for (const auto& words : {std::vector<std::string>{"server", "--help"}, {"help", "server"}}) {
    const Finished help = nines(words);
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("server add"), HasSubstr("server remove"), Not(HasSubstr("status"))));
  }
  const Finished nonsense = nines({"help", "statsu"});
  EXPECT_EQ(nonsense.code, 2);
  EXPECT_THAT(nonsense.err, HasSubstr("did you mean `status`?"));
}

TEST_F(Script, HelpNamesTheWindowThatIsUsed) {
  EXPECT_THAT(nines({"incidents", "--help"}).out, HasSubstr("(default 30d)"));
  EXPECT_THAT(nines({"status", "--help"}).out, HasSubstr("(default 24h)"));
  EXPECT_THAT(nines({"report", "--help"}).out, HasSubstr("last-month)"));
  EXPECT_THAT(nines({"export", "--help"}).out, HasSubstr("everything)"));
}

TEST_F(Script, EditThatChangesNothingSucceedsAndOneThatAsksNothingDoesNot) {
  ASSERT_EQ(run({"server", "add", "a", "--interval", "30s"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "a", "--interval", "30s"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "a", "--resume"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "a", "--pause"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "a", "--pause"}).code, 0);
  EXPECT_EQ(run({"server", "edit", "a"}).code, 2);
  EXPECT_EQ(run({"server", "edit", "a", "--interval", "0s"}).code, 2);
}

TEST_F(Script, AddTakesOnlyWhatItHonours) {
  EXPECT_EQ(run({"server", "add", "a", "--pause"}).code, 2);
  EXPECT_EQ(run({"server", "add", "a", "--name", "b"}).code, 2);
  EXPECT_EQ(run({"server", "add", "a"}).code, 0);
  EXPECT_EQ(run({"server", "add", "a"}).code, 1);
  EXPECT_EQ(run({"server", "add", "a", "--if-missing"}).code, 0);
}

TEST_F(Script, PushSaysWhatIsWrongWithItsUrl) {
  const Finished scheme = nines({"push", "job", "--url", "ftp://127.0.0.1"});
  EXPECT_EQ(scheme.code, 2);
  EXPECT_THAT(scheme.err, AllOf(HasSubstr("is not a URL like"), Not(HasSubstr("internal error"))));
  const Finished nobody = nines({"push", "job", "--url", "http://127.0.0.1:" + std::to_string(free_port())});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("nobody listens there"));
  EXPECT_EQ(nines({"push", "job", "--exit-code", "abc", "--url", "http://127.0.0.1:1"}).code, 2);
}

TEST_F(Script, MistypedPathMakesNoDirectories) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"record", "a", "up"}, {"server", "add", "a"}, {"demo", "--days", "1"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--db", dir_.path("no/such/db")});
    const Finished finished = nines(arguments);
    EXPECT_EQ(finished.code, 1) << command[0];
    EXPECT_THAT(finished.err, HasSubstr("there is no directory `"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.path("no")));
}

TEST_F(Script, ObjectiveIsTakenAwayWithNone) {
  ASSERT_EQ(run({"server", "add", "a", "--objective", "99.9%"}).code, 0);
  EXPECT_THAT(run({"server", "show", "a", "--json"}).out, HasSubstr("\"objective\":0.999"));
  ASSERT_EQ(run({"server", "edit", "a", "--objective", "none"}).code, 0);
  EXPECT_THAT(run({"server", "show", "a", "--json"}).out, HasSubstr("\"objective\":null"));
}

TEST_F(Script, GroupOrTagThatNobodyHasIsAMistakeWithANeighbour) {
  ASSERT_EQ(run({"server", "add", "a", "--group", "payments", "--tag", "team=web"}).code, 0);
  const Finished group = run({"status", "--group", "payment"});
  EXPECT_EQ(group.code, 1);
  EXPECT_THAT(group.err, HasSubstr("there is no group `payment`; did you mean `payments`?"));
  EXPECT_EQ(run({"report", "--group", "payment"}).code, 1);
  EXPECT_THAT(run({"status", "--tag", "taem"}).err, HasSubstr("there is no tag `taem`; did you mean `team`?"));
  EXPECT_EQ(run({"status", "--group", "payments"}).code, 0);
}

TEST_F(Script, WindowWithoutMeasurementsIsNotCalledFreeOfOutages) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\na,2026-07-01T00:01:00Z,up\n");
  EXPECT_THAT(run({"incidents", "--window", "2025"}).err, HasSubstr("nothing was measured in this window"));
  EXPECT_THAT(run({"incidents", "--window", "2026-07"}).err, HasSubstr("no confirmed outage in this window"));
}

class Prune : public Script {
 protected:
  // A result at noon of each of the ten days before today, and one today.
  void SetUp() override {
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
    std::string csv = "server,time_ms,state\n";
    for (int ago = 10; ago >= 0; --ago) {
      const auto time = today - std::chrono::days{ago} + (ago > 0 ? std::chrono::hours{12} : std::chrono::hours{0});
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
      csv += "a," + std::to_string(ms) + ",up\n";
    }
    import(csv);
  }
  [[nodiscard]] long results() const {
    const std::string text = exported();
    return std::count(text.begin(), text.end(), '\n') - 1;
  }
};

TEST_F(Prune, DryRunSaysWhatWouldGoAndDropsNothing) {
  const Finished dry = run({"prune", "--keep", "3d", "--dry-run"});
  EXPECT_EQ(dry.code, 0);
  // Kept: today and the three days before it.
  EXPECT_THAT(dry.err, HasSubstr("7 results of 7 days of 1 server, "));
  EXPECT_EQ(results(), 11);
}

TEST_F(Prune, KeepsAtLeastTheSpanThatWasAskedFor) {
  ASSERT_EQ(run({"prune", "--keep", "1.5d", "-y"}).code, 0);
  EXPECT_EQ(results(), 3);  // today and two days before it
}

TEST_F(Script, RestoreChangesNothingOfTheCopy) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  const std::string copy = dir_.path("copy");
  ASSERT_EQ(run({"backup", copy}).code, 0);
  std::map<std::string, std::string> before;
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    before[entry.path().filename()] = read_file(entry.path());
  }
  const Finished restored = nines({"restore", copy, "--db", dir_.path("other")});
  EXPECT_EQ(restored.code, 0) << restored.err;
  std::map<std::string, std::string> after;
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    after[entry.path().filename()] = read_file(entry.path());
  }
  EXPECT_EQ(after, before);
  EXPECT_EQ(nines({"export", "--db", dir_.path("other")}).out, exported());
}

TEST_F(Script, FolderOfBackupsKeepsTheNewestAndRestoresOneByItsTime) {
  const std::string folder = dir_.path("backups");
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  ASSERT_EQ(run({"backup", "--keep", "2", folder}).code, 0);
  const std::string first = exported();
  import(std::string(kHeader) + "a,2026-07-01T00:01:00Z,down\n");
  const Finished second = run({"backup", "--keep", "2", folder});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err + second.out, HasSubstr("were new"));
  std::vector<std::filesystem::path> generations;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) generations.push_back(entry.path());
  ASSERT_EQ(generations.size(), 2U);
  std::sort(generations.begin(), generations.end());

  EXPECT_EQ(run({"verify", folder}).code, 0);
  ASSERT_EQ(nines({"restore", folder, "--db", dir_.path("newest")}).code, 0);
  EXPECT_EQ(nines({"export", "--db", dir_.path("newest")}).out, exported());
  // 2026-07-01T00-00-00.000Z, with the time's colons.
  std::string time = generations.front().filename();
  time[13] = time[16] = ':';
  const Finished restored = nines({"restore", folder, "--at", time, "--db", dir_.path("older")});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(nines({"export", "--db", dir_.path("older")}).out, first);
  EXPECT_EQ(nines({"restore", folder, "--at", "2020-01-01", "--db", dir_.path("none")}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(dir_.path("none")));

  ASSERT_EQ(run({"backup", "--keep", "2", folder}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(generations.front()));
  EXPECT_TRUE(std::filesystem::exists(generations.back()));
  std::ofstream(generations.back() / "NINES", std::ios::app) << " ";
  const Finished damaged = run({"verify", folder});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_THAT(damaged.err + damaged.out, HasSubstr("NINES is not what was backed up"));
}

TEST_F(Script, RunMakesTheBackupsOfItsConfiguration) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  const std::string folder = dir_.path("backups");
  const std::string config =
      dir_.write("c.yaml", "backup: {to: " + folder + ", every: 1h, keep: 2}\n" +
                               "servers:\n  - {name: job, url: \"push:\", push: {}, interval: 1h}\n");
  {
    Program program({"run", "--config", config, "--db", dir_.path("db"), "--listen", "off"});
    ASSERT_TRUE(program.says("backed up"));
  }
  EXPECT_EQ(run({"verify", folder}).code, 0);
  // A restart does not make one that is not due.
  {
    Program program({"run", "--config", config, "--db", dir_.path("db"), "--listen", "off"});
    ASSERT_TRUE(program.says("checking"));
  }
  std::size_t generations = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++generations;
  EXPECT_EQ(generations, 1U);
  ASSERT_EQ(nines({"restore", folder, "--db", dir_.path("restored")}).code, 0);
  EXPECT_THAT(nines({"export", "--db", dir_.path("restored")}).out, HasSubstr("\na,2026-07-01T00:00:00.000Z,up"));
}

TEST_F(Script, BackupWorksBesideAProcessThatWrites) {
  import(std::string(kHeader) + "a,2026-07-01T00:00:00Z,up\n");
  const std::string config =
      dir_.write("c.yaml", "servers:\n  - {name: job, url: \"push:\", push: {}, interval: 1h}\n");
  Program program({"run", "--config", config, "--db", dir_.path("db"), "--listen", "off"});
  ASSERT_TRUE(program.says("checking"));
  const Finished copied = run({"backup", dir_.path("copy")});
  EXPECT_EQ(copied.code, 0) << copied.err;
  EXPECT_THAT(nines({"export", "--db", dir_.path("copy")}).out, HasSubstr("\na,2026-07-01T00:00:00.000Z,up"));
}

/// Runs `nines` with its standard descriptors closed.
int run_closed(const std::vector<std::string>& arguments) {
  const pid_t pid = fork();
  if (pid == 0) {
    for (const int descriptor : {0, 1, 2}) close(descriptor);
    std::vector<char*> words = {const_cast<char*>("nines")};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    execv(NINES_BINARY, words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Script, ClosedStandardDescriptorsDoNotBecomeFilesOfTheStore) {
  EXPECT_EQ(run_closed({"record", "a", "up", "-v", "--db", dir_.path("db")}), 0);
  EXPECT_EQ(run_closed({"record", "a", "nonsense", "--db", dir_.path("db")}), 2);
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path("db"))) {
    EXPECT_THAT(read_file(entry.path()), Not(HasSubstr("nines:"))) << entry.path();
  }
  EXPECT_THAT(exported(), HasSubstr("\na,"));
}

}  // namespace
}  // namespace nines::tools::testing
