// What many checks leave behind: nothing. And what many at once do to each other: nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "checks/runner.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t threads() {
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// Keeps `at_once` checks in flight until `total` were reported.
class Stream {
 public:
  Stream(CheckRunner& runner, std::vector<std::shared_ptr<const CompiledCheck>> checks, std::size_t total)
      : runner_(runner), checks_(std::move(checks)), total_(total) {}

  void run(std::size_t at_once) {
    for (std::size_t i = 0; i < at_once; ++i) start_next();
    runner_.run();
  }
  std::size_t most_threads = 0;

 private:
  void start_next() {
    if (started_ == total_) return;
    const auto& check = checks_[started_++ % checks_.size()];
    runner_.start(check, [this](const CheckOutcome& /*outcome*/) {
      if (++reported_ % 100 == 0) most_threads = std::max(most_threads, threads());
      if (reported_ == total_) {
        runner_.stop();
      } else {
        start_next();
      }
    });
  }

  CheckRunner& runner_;
  const std::vector<std::shared_ptr<const CompiledCheck>> checks_;
  const std::size_t total_;
  std::size_t started_ = 0;
  std::size_t reported_ = 0;
};

TEST(Limits, TwoThousandChecksLeakNoDescriptor) {
  LoopbackServer good([](Connection&) {});
  SilentUdp black_hole;
  std::vector<std::shared_ptr<const CompiledCheck>> checks;
  for (const auto& url :
       {good.url("http"), good.url("tcp", ""), good.url("https"),
        "http://127.0.0.1:" + std::to_string(free_port()) + "/", std::string("http://x.invalid/"),
        std::string("http://localhost:") + std::to_string(good.port()) + "/", "dns://" + black_hole.address() + "/x"}) {
    auto spec = spec_for(url);
    spec.timeouts.total = milliseconds(30);
    checks.push_back(*compile(spec));
  }
  auto runner = CheckRunner::create({});
  ASSERT_TRUE(runner.has_value());
  Stream(**runner, checks, 50).run(25);  // whatever is opened once and kept
  const std::size_t before = open_descriptors();
  Stream stream(**runner, checks, 2000);
  stream.run(25);
  EXPECT_LE(open_descriptors(), before + 3);  // the server may be about to close one
  EXPECT_EQ((*runner)->in_flight(), 0U);
  EXPECT_EQ((*runner)->stats().checks, 2050U);
}

TEST(Limits, LookupsMakeNoThreads) {
  SilentUdp black_hole;
  RunnerOptions options;
  options.dns_servers = {black_hole.address()};
  auto runner = CheckRunner::create(options);
  ASSERT_TRUE(runner.has_value());
  auto spec = spec_for("http://silent.example/");
  spec.timeouts.total = milliseconds(20);
  const std::size_t before = threads();
  Stream stream(**runner, {*compile(spec)}, 300);
  stream.run(100);
  EXPECT_EQ(stream.most_threads, before);
}

TEST(Limits, ARunnerWithChecksInFlightCanBeDestroyed) {
  LoopbackServer silent([](Connection& c) { c.wait_for_close(); });
  SilentUdp black_hole;
  RunnerOptions options;
  options.dns_servers = {black_hole.address()};
  const std::size_t before = open_descriptors();
  {
    auto runner = prober::Runner::create(options);
    ASSERT_TRUE(runner.has_value());
    for (const auto& url : {silent.url("http"), silent.url("tcp", ""), silent.url("smtp"), silent.url("https"),
                            std::string("http://x.example/"), "dns://" + black_hole.address() + "/x"}) {
      auto spec = spec_for(url);
      if (url.starts_with("tcp")) spec.body_contains = {"a greeting"};
      (*runner)->start(*compile(spec), [](const CheckOutcome&) { ADD_FAILURE() << "nothing should have ended"; });
    }
    (*runner)->call_at(CheckRunner::Clock::now() + milliseconds(100), [&] { (*runner)->stop(); });
    (*runner)->run();
  }
  EXPECT_LE(open_descriptors(), before + 4);  // the server's ends of the four connections
}

TEST(Limits, HangingTargetsDoNotDelayTimers) {
  LoopbackServer silent([](Connection& c) { c.wait_for_close(); });
  auto spec = spec_for(silent.url("http"));
  spec.timeouts.total = milliseconds(600);
  const auto check = *compile(spec);
  auto runner = CheckRunner::create({});
  ASSERT_TRUE(runner.has_value());
  int reported = 0;
  for (int i = 0; i < 200; ++i) {
    (*runner)->start(check, [&](const CheckOutcome& outcome) {
      EXPECT_EQ(outcome.error, ErrorClass::timeout);
      if (++reported == 200) (*runner)->stop();
    });
  }
  const auto begun = CheckRunner::Clock::now();
  (*runner)->run();
  EXPECT_LT(CheckRunner::Clock::now() - begun, milliseconds(600) + kSlack);
}

}  // namespace
}  // namespace nines
