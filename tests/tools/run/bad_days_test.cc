// `nines run` on bad days of its own, as a user meets them: no descriptors, no memory, a disk that stalls, a clock that
// is set. Two servers, of which one fails meanwhile: it is told, the other is not, and everything goes on by itself.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "show/output.h"
#include "tools/support/command_line.h"
#include "tools/support/faulty_machine.h"
#include "tools/support/two_servers.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

/// A sanitizer's runtime has its own ways with memory, and stands no library that is loaded before it.
constexpr bool kSanitized = NINES_SANITIZED != 0;

/// How long a misfortune lasts: a few seconds, or thirty with NINES_TEST_LONG=1.
std::chrono::seconds misfortune() {
  const char* const wanted = std::getenv("NINES_TEST_LONG");
  return std::chrono::seconds{wanted != nullptr && *wanted != '\0' ? 30 : 4};
}

/// A network of this test's own, in which the program and its servers live: a machine's other programs, which use its
/// ports and its loopback, have no part in a misfortune. Without the right to make one the machine's is used.
class OwnNetwork {
 protected:
  OwnNetwork() {
    if (geteuid() != 0) return;
    machines_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (machines_ < 0 || unshare(CLONE_NEWNET) != 0) return;
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strncpy(loopback.ifr_name, "lo", sizeof loopback.ifr_name - 1);
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    EXPECT_EQ(ioctl(any, SIOCSIFFLAGS, &loopback), 0);
    close(any);
  }
  ~OwnNetwork() {
    if (machines_ < 0) return;
    EXPECT_EQ(setns(machines_, CLONE_NEWNET), 0);
    close(machines_);
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

 private:
  int machines_ = -1;  // the network of before
};

class BadDays : private OwnNetwork, public TwoServers {
 protected:
  /// Everything is well again: one outage was told, with its end, and nothing of the steady server was ever down.
  void expect_one_outage_told() {
    EXPECT_TRUE(eventually([&] { return told() == "down failing\nresolved failing\n"; })) << told();
    program_->signal(SIGTERM);
    const Finished finished = program_->wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(told(), "down failing\nresolved failing\n");
    const std::string rows = nines({"export", "--db", store_}).out;
    EXPECT_THAT(rows, HasSubstr("steady,"));
    std::istringstream lines(rows);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_FALSE(line.starts_with("steady,") && line.find(",down,") != std::string::npos) << line;
    }
  }

  /// Lowers a limit of the running program to `value`, for as long as `meanwhile` takes.
  template <class Meanwhile>
  void with_limit(__rlimit_resource what, rlim_t value, Meanwhile meanwhile) {
    rlimit former{};
    ASSERT_EQ(prlimit(program_->pid(), what, nullptr, &former), 0);
    const rlimit low{value, former.rlim_max};
    ASSERT_EQ(prlimit(program_->pid(), what, &low, nullptr), 0);
    meanwhile();
    ASSERT_EQ(prlimit(program_->pid(), what, &former, nullptr), 0);
  }
};

TEST_F(BadDays, WithoutDescriptorsNothingIsKnownAndTheOutageIsToldAfterwards) {
  start();
  with_limit(RLIMIT_NOFILE, 0, [&] {
    fail_one();
    EXPECT_NE(nines({"record", "by-hand", "up", "--wait", "1s", "--db", store_}).code, 0);
    std::this_thread::sleep_for(misfortune());
    EXPECT_EQ(told(), "") << "nothing can be known";
  });
  const Finished recorded = nines({"record", "by-hand", "up", "--db", store_});
  EXPECT_EQ(recorded.code, 0) << recorded.err;
  ASSERT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told();
  mend_it();
  expect_one_outage_told();
}

TEST_F(BadDays, WithoutMemoryItLivesAndTellsTheOutageAtLastAfterwards) {
  if (kSanitized) GTEST_SKIP() << "memory cannot be taken from a sanitizer";
  start();
  std::ifstream status("/proc/" + std::to_string(program_->pid()) + "/statm");
  rlim_t pages = 0;
  status >> pages;
  with_limit(RLIMIT_AS, pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)), [&] {
    fail_one();
    std::this_thread::sleep_for(misfortune());
  });
  ASSERT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told() << program_->err_so_far();
  mend_it();
  expect_one_outage_told();
}

TEST_F(BadDays, ClockThatIsSetByHoursMakesNoOutageAndHidesNone) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer stands no preloaded library";
  constexpr std::int64_t kHour = 3'600'000;
  const FaultyMachine machine(data_);
  start(machine.environment());
  const auto set_clock = [&](std::int64_t hours, const char* words) {
    machine.set(FaultyMachine::Field::clock_ms, hours * kHour);
    EXPECT_TRUE(program_->says(words)) << program_->err_so_far();
  };
  set_clock(5, "the wall clock was set forward by 18000 s");
  set_clock(-2, "the wall clock was set back by 25200 s");
  std::this_thread::sleep_for(std::chrono::seconds{2});
  EXPECT_EQ(told(), "") << "no outage";
  fail_one();
  ASSERT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told();
  set_clock(7, "the wall clock was set forward by 32400 s");
  std::this_thread::sleep_for(std::chrono::seconds{2});
  EXPECT_EQ(told(), "down failing\n") << "the same outage";
  set_clock(0, "the wall clock was set back by 25200 s");
  mend_it();
  expect_one_outage_told();
}

TEST_F(BadDays, WhileTheDiskStallsAnOutageIsTold) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer stands no preloaded library";
  const std::string stall = data_ + "/stalled";
  start({std::string("LD_PRELOAD=") + NINES_STALLED_DISK, "STALLED_DISK=" + stall});
  std::ofstream(stall).close();
  fail_one();
  ASSERT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told();
  std::this_thread::sleep_for(misfortune());
  EXPECT_EQ(get(page_, "/-/healthy").status, 200) << "the page answers meanwhile";
  EXPECT_THAT(get(page_, "/metrics").body, HasSubstr("\nnines_alerts_open 1\n"));
  std::filesystem::remove(stall);
  mend_it();
  expect_one_outage_told();
}

}  // namespace
}  // namespace nines::tools::testing
