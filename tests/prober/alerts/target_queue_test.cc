// The order of a target's deliveries.
#include "alerts/target_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <map>
#include <random>
#include <vector>

namespace nines::prober {
namespace {

using namespace std::chrono_literals;

constexpr ServerId kA{1};
constexpr ServerId kB{2};
constexpr TargetQueue::TimePoint kNow{100s};

TEST(TargetQueue, OneServersMessagesWaitForEachOther) {
  TargetQueue queue;
  queue.add(1, kA);
  queue.add(2, kA);
  EXPECT_EQ(queue.take(kNow), 1U);
  EXPECT_EQ(queue.take(kNow), std::nullopt) << "the end must not overtake the begin";
  EXPECT_EQ(queue.next_due(), std::nullopt);
  queue.settle(1);
  EXPECT_EQ(queue.take(kNow), 2U);
}

TEST(TargetQueue, MessageThatFailsHoldsUpItsServerOnly) {
  TargetQueue queue;
  queue.add(1, kA);
  queue.add(2, kA);
  queue.add(3, kB);
  EXPECT_EQ(queue.take(kNow), 1U);
  EXPECT_EQ(queue.retry(1, kNow + 10s), 1U);
  EXPECT_EQ(queue.take(kNow), 3U);
  EXPECT_EQ(queue.take(kNow), std::nullopt);
  EXPECT_EQ(queue.next_due(), kNow + 10s);
  EXPECT_EQ(queue.take(kNow + 10s), 1U);
}

TEST(TargetQueue, NewsAndRetriesTakeTurns) {
  TargetQueue queue;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    queue.add(id, ServerId{static_cast<std::uint32_t>(id)});
    ASSERT_EQ(queue.take(kNow), id);
    queue.retry(id, kNow + 1s);
  }
  for (std::uint64_t id = 11; id <= 13; ++id) queue.add(id, ServerId{static_cast<std::uint32_t>(id)});
  int retries = 0;
  for (int i = 0; i < 4; ++i) retries += *queue.take(kNow + 1s) < 10 ? 1 : 0;
  EXPECT_EQ(retries, 2);
}

TEST(TargetQueue, AttemptsAreRestored) {
  TargetQueue queue;
  queue.add(1, kA);
  queue.add(2, kA);
  queue.restore_attempts(1, 7);
  queue.restore_attempts(2, 3);
  EXPECT_EQ(queue.take(kNow), 1U) << "at once";
  EXPECT_EQ(queue.retry(1, kNow), 8U);
  queue.settle(1);
  EXPECT_EQ(queue.attempts(2), 3U);
  EXPECT_EQ(queue.take(kNow), 2U);
}

TEST(TargetQueue, OldestIdleIsNotInFlight) {
  TargetQueue queue;
  EXPECT_EQ(queue.oldest_idle(), std::nullopt);
  queue.add(1, kA);
  queue.add(2, kA);
  ASSERT_EQ(queue.take(kNow), 1U);
  EXPECT_EQ(queue.oldest_idle(), 2U);
}

// Random operations against what each message's own history allows.
TEST(TargetQueue, RandomDeliveriesKeepEveryServersOrderAndLoseNothing) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random); };
    TargetQueue queue;
    TargetQueue::TimePoint now = kNow;
    std::map<std::uint64_t, ServerId> owner;
    std::map<std::uint64_t, TargetQueue::TimePoint> held;  // until when
    std::map<ServerId, std::uint64_t> last_settled;
    std::vector<std::uint64_t> flying;
    std::uint64_t next_id = 1;
    const auto take_one = [&] {
      const auto id = queue.take(now);
      if (!id) return false;
      for (const std::uint64_t other : flying) EXPECT_NE(owner.at(other), owner.at(*id)) << "two of one server at once";
      EXPECT_GT(*id, last_settled[owner.at(*id)]);
      EXPECT_LE(held[*id], now) << "before its time";
      flying.push_back(*id);
      return true;
    };
    const auto land_one = [&](bool arrived) {
      const std::size_t i = below(static_cast<std::uint32_t>(flying.size()));
      const std::uint64_t id = flying[i];
      flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(i));
      if (!arrived) {
        queue.retry(id, now + std::chrono::seconds{below(5)});
        return;
      }
      EXPECT_EQ(last_settled[owner.at(id)] < id, true);
      last_settled[owner.at(id)] = id;
      queue.settle(id);
      owner.erase(id);
    };
    for (int step = 0; step < 300; ++step) {
      now += std::chrono::milliseconds{below(500)};
      const std::uint32_t what = below(10);
      if (what < 3) {
        owner[next_id] = ServerId{below(4) + 1};
        queue.add(next_id, owner[next_id]);
        ++next_id;
      } else if (what < 7) {
        static_cast<void>(take_one());
      } else if (!flying.empty()) {
        land_one(what == 9);
      }
      if (below(50) == 0) queue.hasten();
      if (below(5) == 0 && !owner.empty()) {
        const auto any = std::next(owner.begin(), below(static_cast<std::uint32_t>(owner.size())));
        if (queue.is_untried(any->first)) {
          held[any->first] = now + std::chrono::milliseconds{below(1'000)};
          queue.hold(any->first, held[any->first]);
        }
      }
      ASSERT_EQ(queue.size(), owner.size());
    }
    now += 10s;
    while (!flying.empty()) land_one(true);
    while (take_one()) land_one(true);
    EXPECT_EQ(queue.size(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace nines::prober
