// Several appenders, readers, cursors that are held, flushes, sealing, compaction and retention at once, while
// descriptors run out, syncs are slow, power is cut, or the process is killed: nothing acknowledged is lost, nothing
// wrong is read, nothing aborts, nothing hangs, and the store goes on by itself once the disk is well.
//
// Each storm is a process of its own, so that its end by a signal is a failure here and not the end of all tests.
//
//   NINES_TEST_LONG=n    n times as long
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <tuple>

#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/storm_ledger.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// A running nines_storm; what it prints goes where the test's output goes, but for its first line.
class StormProcess {
 public:
  StormProcess(const std::string& kind, const std::string& directory, std::uint32_t appenders, std::uint64_t seed,
               milliseconds duration) {
    const std::string count = std::to_string(appenders);
    const std::string number = std::to_string(seed);
    const std::string time = std::to_string(duration.count());
    pid_ = ::fork();
    if (pid_ == 0) {
#if defined(__SANITIZE_THREAD__)
      // The order of locks is watched here, where all kinds of work meet and no append has more than 64 servers.
      const char* const given = std::getenv("TSAN_OPTIONS");
      ::setenv("TSAN_OPTIONS", (std::string(given != nullptr ? given : "") + " detect_deadlocks=1").c_str(), 1);
#endif
      ::execl(NINES_STORM, NINES_STORM, kind.c_str(), directory.c_str(), count.c_str(), number.c_str(), time.c_str(),
              nullptr);
      ::_exit(127);
    }
  }
  ~StormProcess() {
    if (pid_ > 0) kill();
  }
  StormProcess(const StormProcess&) = delete;
  StormProcess& operator=(const StormProcess&) = delete;

  /// What is wrong with how it ended within `timeout`; empty when it ended well.
  [[nodiscard]] std::string end(milliseconds timeout) {
    const auto late = steady_clock::now() + timeout;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (steady_clock::now() > late) {
        kill();
        return "hangs";
      }
      std::this_thread::sleep_for(milliseconds{5});
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) return std::string("was ended by the signal ") + ::strsignal(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "broke a promise; see above";
  }
  /// Kills it; true when it was still running.
  bool kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t pid_ = -1;
};

constexpr milliseconds kQuickStorm{1'200};
constexpr seconds kStormTimeout{280};

std::string storm(const std::string& kind, const std::string& directory, std::uint32_t appenders) {
  const int share = long_share();
  StormProcess process(kind, directory, appenders, 1, kQuickStorm * share);
  return process.end(kStormTimeout + kQuickStorm * share);
}

class Storms : public ::testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {};

TEST_P(Storms, BreakNoPromise) {
  const auto& [kind, appenders] = GetParam();
  TemporaryDirectory directory;
  EXPECT_EQ(storm(kind, directory.path(), appenders), "");
}

INSTANTIATE_TEST_SUITE_P(Of, Storms,
                         ::testing::Combine(::testing::Values("calm", "io", "no_space", "efbig", "emfile", "slow",
                                                              "power"),
                                            ::testing::Values(1U, 2U, 8U)),
                         [](const ::testing::TestParamInfo<Storms::ParamType>& storm_info) {
                           return std::get<0>(storm_info.param) + "With" +
                                  std::to_string(std::get<1>(storm_info.param)) +
                                  (std::get<1>(storm_info.param) == 1 ? "Appender" : "Appenders");
                         });

class SmallFileSystem : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(SmallFileSystem, ThatIsReallyFullBreaksNoPromise) {
  TemporaryDirectory directory;
  const std::string small = directory / "small";
  ASSERT_EQ(::mkdir(small.c_str(), 0700), 0);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs here: " << std::strerror(errno);
  }
  ::setenv("LEDGER_DIRECTORY", directory.path().c_str(), 1);
  EXPECT_EQ(storm("full", small, GetParam()), "");
  ::unsetenv("LEDGER_DIRECTORY");
  EXPECT_EQ(::umount2(small.c_str(), MNT_DETACH), 0);
}

INSTANTIATE_TEST_SUITE_P(With, SmallFileSystem, ::testing::Values(1U, 2U, 8U));

TEST(StormKill, LosesNothingThatWasSafeFromIt) {
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  std::mt19937_64 random(3);
  const int rounds = 12 * long_share();
  for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    constexpr std::array<std::uint32_t, 3> kCounts = {1, 2, 8};
    {
      StormProcess process("calm", directory.path(), kCounts[static_cast<std::size_t>(round) % 3],
                           static_cast<std::uint64_t>(round), seconds{600});
      std::this_thread::sleep_for(milliseconds{100 + random() % 250});
      ASSERT_TRUE(process.kill()) << "the storm ended by itself";
    }
    StormLedger ledger(directory / "ledger");
    const auto store = open_or_fail(path, storm_options());
    ASSERT_NE(store, nullptr);
    if (store->catalog()->servers().size() <= StormLedger::kAppenders) continue;
    const StormFound found = check_storm(*store, ledger.snapshot(), Fate::process, true);
    for (std::uint32_t i = 0; i < StormLedger::kAppenders; ++i) ledger.settle(i, found[i]);
  }
  StormLedger ledger(directory / "ledger");
  EXPECT_GT(ledger.begun(0), 0U);
}

}  // namespace
}  // namespace nines::test
