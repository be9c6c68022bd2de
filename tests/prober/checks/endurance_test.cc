// Thousands of checks, most of them of servers that misbehave: no descriptor stays open, no check stays in flight, and
// under AddressSanitizer (preset asan) no memory is lost. NINES_TEST_LONG=1 makes 10,000 of the 500.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nines/check_runner.h>

#include "prober/support/hostile_crowd.h"
#include "prober/support/loopback_server.h"

namespace nines::prober_test {
namespace {

constexpr std::size_t kAtOnce = 64;

std::size_t checks_to_make() {
  const char* wanted = std::getenv("NINES_TEST_LONG");
  return wanted != nullptr && *wanted != '\0' ? 10'000 : 500;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// Whether `done` holds within half a minute.
bool comes_true(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return done();
}

/// Makes `count` checks, kind after kind, kAtOnce at a time; how many of each state were found.
class Marathon {
 public:
  Marathon(CheckRunner& runner, const std::vector<CheckSpec>& kinds, std::size_t count)
      : runner_(runner), count_(count) {
    for (const CheckSpec& spec : kinds) {
      auto compiled = compile(spec);
      EXPECT_TRUE(compiled) << spec.url;
      if (compiled) checks_.push_back(*compiled);
    }
  }

  void run() {
    for (std::size_t i = 0; i < kAtOnce; ++i) start_next();
    runner_.run();
  }
  [[nodiscard]] std::size_t up() const noexcept { return up_; }
  [[nodiscard]] std::size_t others() const noexcept { return done_ - up_; }
  [[nodiscard]] std::size_t late() const noexcept { return late_; }

 private:
  void start_next() {
    if (started_ == count_) return;
    const auto& check = checks_[started_++ % checks_.size()];
    runner_.start(check, [this, begun = CheckRunner::Clock::now()](const CheckOutcome& outcome) {
      up_ += outcome.state == State::up ? 1U : 0U;
      // Far past every timeout, also on a busy machine under a sanitizer.
      late_ += CheckRunner::Clock::now() - begun > std::chrono::seconds{20} ? 1U : 0U;
      if (++done_ == count_) runner_.stop();
      start_next();
    });
  }

  CheckRunner& runner_;
  std::vector<std::shared_ptr<const CompiledCheck>> checks_;
  const std::size_t count_;
  std::size_t started_ = 0;
  std::size_t done_ = 0;
  std::size_t up_ = 0;
  std::size_t late_ = 0;
};

TEST(Endurance, ManyChecksOfHostileServersLeaveNothingBehind) {
  const HostileCrowd crowd;
  const SilentUdp name_server;
  const auto kinds = crowd.kinds();
  const std::size_t before = open_descriptors();
  {
    RunnerOptions options;
    options.dns_servers = {name_server.address()};
    auto runner = CheckRunner::create(options);
    ASSERT_TRUE(runner);
    // The first round opens what is opened once: name servers, random numbers, authorities.
    Marathon(**runner, kinds, kinds.size() * kAtOnce / 16).run();
    EXPECT_TRUE(comes_true([&] { return crowd.open() == 0; }));
    const std::size_t warm = open_descriptors();
    Marathon marathon(**runner, kinds, checks_to_make());
    marathon.run();
    EXPECT_GT(marathon.up(), 0U);
    EXPECT_GT(marathon.others(), marathon.up()) << "most of the servers are bad";
    EXPECT_EQ(marathon.late(), 0U);
    EXPECT_EQ((*runner)->in_flight(), 0U);
    EXPECT_TRUE(comes_true([&] { return crowd.open() == 0; })) << "a check left its connection open";
    // One more or less is the socket to the name server, open while it owes an answer.
    EXPECT_TRUE(comes_true([&] { return open_descriptors() <= warm + 1; })) << open_descriptors() << " > " << warm;
  }
  EXPECT_LE(open_descriptors(), before + 1) << "the runner is gone; libcurl may keep the random source open";
}

}  // namespace
}  // namespace nines::prober_test
