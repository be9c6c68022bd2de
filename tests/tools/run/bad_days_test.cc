// `nines run` on bad days of its own, as a user meets them: no descriptors, no memory, a disk that stalls, a clock that is
// set. Two servers, of which one fails meanwhile: it is told, the other is not, and everything goes on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "show/output.h"
#include "tools/support/command_line.h"
#include "tools/support/faulty_machine.h"
#include "tools/support/test_web_server.h"

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

class BadDaysTest : public ::testing::Test {
 protected:
  void start(const std::vector<std::string>& environment = {}) {
    std::filesystem::create_directory(dir_.path("data"));
    const std::string script =
        dir_.write("tell.sh", "#!/bin/sh\necho \"$NINES_EVENT $NINES_SERVER\" >> " + log_ + "\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    std::string yaml = "servers:\n";
    for (const auto& [name, port] : {std::pair("steady", steady_port_), std::pair("failing", failing_port_)}) {
      yaml += std::string("  - {name: ") + name + ", url: \"http://127.0.0.1:" + std::to_string(port) +
              "/\", interval: 300ms, timeout: 250ms, confirm: {failures: 2}}\n";
    }
    yaml += "store: {path: " + dir_.path("data") + "/db}\nweb: {listen: \"127.0.0.1:" + std::to_string(page_) +
            "\"}\nalerts: [{exec: [\"" + script + "\"]}]\n";
    program_.emplace(std::vector<std::string>{"run", "--config", dir_.write("nines.yaml", yaml)}, "", environment);
    ASSERT_TRUE(program_->says("steady is up since")) << program_->err_so_far();
    ASSERT_TRUE(program_->says("failing is up since")) << program_->err_so_far();
  }
  void fail_one() { failing_.reset(); }
  void mend_it() { failing_ = std::make_unique<TestWebServer>(failing_port_); }

  /// Everything is well again: one outage was told, with its end, and nothing of the steady server was ever down.
  void expect_one_outage_told() {
    const auto told = [&] { return read_file(log_); };
    EXPECT_TRUE(eventually([&] { return told() == "down failing\nresolved failing\n"; })) << told();
    program_->signal(SIGTERM);
    const Finished finished = program_->wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(told(), "down failing\nresolved failing\n");
    const std::string rows = nines({"export", "--db", dir_.path("data") + "/db"}).out;
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
  [[nodiscard]] std::string told() const { return read_file(log_); }

  TempDir dir_;
  const std::string log_ = dir_.path("told");
  const int steady_port_ = free_port();
  const int failing_port_ = free_port();
  const int page_ = free_port();
  TestWebServer steady_{steady_port_};
  std::unique_ptr<TestWebServer> failing_ = std::make_unique<TestWebServer>(failing_port_);
  std::optional<Program> program_;
};

TEST_F(BadDaysTest, WithoutDescriptorsNothingIsKnownAndTheOutageIsToldAfterwards) {
  start();
  with_limit(RLIMIT_NOFILE, 0, [&] {
    fail_one();
    EXPECT_NE(nines({"record", "by-hand", "up", "--wait", "1s", "--db", dir_.path("data") + "/db"}).code, 0);
    std::this_thread::sleep_for(misfortune());
    EXPECT_EQ(told(), "") << "nothing can be known";
  });
  const Finished recorded = nines({"record", "by-hand", "up", "--db", dir_.path("data") + "/db"});
  EXPECT_EQ(recorded.code, 0) << recorded.err;
  ASSERT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told();
  mend_it();
  expect_one_outage_told();
}

TEST_F(BadDaysTest, WithoutMemoryItLivesAndTellsTheOutageAtLastAfterwards) {
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

TEST_F(BadDaysTest, ClockThatIsSetByHoursMakesNoOutageAndHidesNone) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer stands no preloaded library";
  constexpr std::int64_t kHour = 3'600'000;
  const FaultyMachine machine(dir_.path("data"));
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

TEST_F(BadDaysTest, WhileTheDiskStallsAnOutageIsTold) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer stands no preloaded library";
  const std::string stall = dir_.path("data") + "/stalled";
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
