// The generator of histories does what its header says, value by value and in the large.
#include "history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <vector>

#include <nines/calendar.h>

namespace nines::history {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

std::vector<CheckResult> all_of(const Shape& shape, std::uint32_t index) {
  std::vector<CheckResult> results;
  ServerHistory(shape, index).results({shape.begin(), shape.now()}, results);
  return results;
}

/// FNV-1a over what is stored of a result.
std::uint64_t checksum(const std::vector<CheckResult>& results) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte, value >>= 8) hash = (hash ^ (value & 0xff)) * 0x100000001b3;
  };
  for (const CheckResult& result : results) {
    add(static_cast<std::uint64_t>(to_ms(result.time)));
    add(result.latency_us.value_or(kNoLatency));
    add(static_cast<std::uint64_t>(result.state) << 32 | static_cast<std::uint64_t>(result.error) << 16 | result.code);
  }
  return hash;
}

TEST(History, SizesAreThoseThatAreSpokenOf) {
  for (const auto& [name, servers, days] :
       {std::tuple{"T1", 20U, 14U}, {"T2", 100U, 90U}, {"T3", 1000U, 30U}, {"T4", 10'000U, 7U}}) {
    const auto shape = find_shape(name);
    ASSERT_TRUE(shape.has_value()) << name;
    EXPECT_EQ(shape->servers, servers);
    EXPECT_EQ(shape->days, days);
    EXPECT_EQ(shape->interval_ms, 60'000U);
    // Whole days of 1440 checks, and 1043 or 1044 minutes of the one that ends at 17:23:45.678.
    const std::uint64_t size = ServerHistory(*shape, servers - 1).size();
    EXPECT_NEAR(static_cast<double>(size), (days - 1) * 1440.0 + 1043.5, 1) << name;
  }
  EXPECT_EQ(find_shape("T5"), std::nullopt);
}

TEST(History, SizeEndsAtItsNowAndBeginsAtMidnight) {
  EXPECT_EQ(kT1.begin(), *parse_time("2026-01-01T00:00:00Z", {}));
  EXPECT_EQ(kT1.now(), *parse_time("2026-01-14T17:23:45.678Z", {}));
  const Shape ending{.servers = 1, .days = 3, .end = *parse_time("2026-07-14T03:04:05.006Z", {})};
  EXPECT_EQ(ending.begin(), *parse_time("2026-07-12T00:00:00Z", {}));
  EXPECT_EQ(ending.now(), ending.end);
  const auto results = all_of(ending, 0);
  EXPECT_GE(results.front().time, ending.begin());
  EXPECT_LT(results.back().time, ending.end);
}

// Another generator would make every stored figure, and every answer that other systems are held to, one of other data.
TEST(History, ValuesNeverChange) {
  EXPECT_EQ(checksum(all_of(kT1, 0)), 4589981233653044338U);
  EXPECT_EQ(checksum(all_of(kT2, 99)), 7765969538145591537U);
}

TEST(History, SeedIsAllThatTwoHistoriesOfOneSizeDifferIn) {
  Shape other = kT1;
  EXPECT_EQ(checksum(all_of(other, 3)), checksum(all_of(kT1, 3)));
  other.seed = 2;
  EXPECT_NE(checksum(all_of(other, 3)), checksum(all_of(kT1, 3)));
}

TEST(History, LongerOneBeginsWithTheShorterOne) {
  Shape longer = kT1;
  longer.days += 5;
  const auto more = all_of(longer, 7);
  const auto less = all_of(kT1, 7);
  ASSERT_GT(more.size(), less.size());
  EXPECT_TRUE(std::equal(less.begin(), less.end(), more.begin()));
}

TEST(History, AnyResultCanBeAskedForInAnyOrder) {
  const ServerHistory server(kT1, 5);
  const auto results = all_of(kT1, 5);
  ASSERT_EQ(server.size(), results.size());
  for (std::uint64_t i = 0; i < server.size(); i += 97) {
    const std::uint64_t number = server.size() - 1 - i;
    EXPECT_EQ(server[number], results[number]);
    EXPECT_EQ(server.lower_bound(results[number].time), number);
    EXPECT_EQ(server.lower_bound(results[number].time + std::chrono::milliseconds{1}), number + 1);
  }
  EXPECT_EQ(server.lower_bound(from_ms(0)), 0U);
  EXPECT_EQ(server.lower_bound(kT1.now()), server.size());
}

TEST(History, ServersAreNumberedAsANewStoreWould) {
  const Server server = ServerHistory(kT1, 4).server();
  EXPECT_EQ(server.id, ServerId{5});
  EXPECT_EQ(server.name, "site-0005");
  EXPECT_EQ(server.created_at, kT1.begin());
  EXPECT_EQ(server.rules.size(), 1U);
  EXPECT_EQ(all_of(kT1, 4).front().server, server.id);
}

TEST(History, TimesKeepToTheirIntervalGiveOrTakeFiftyMilliseconds) {
  for (const std::uint32_t interval_ms : {1000U, 60'000U, 600'000U}) {
    const Shape shape{.servers = 2, .days = 2, .interval_ms = interval_ms};
    const auto results = all_of(shape, 1);
    // The phase is not told: it is where the middle of all deviations lies.
    std::int64_t least = kDayMs;
    std::int64_t most = -kDayMs;
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::int64_t deviation =
          to_ms(results[i].time) - to_ms(shape.begin()) - static_cast<std::int64_t>(i) * interval_ms;
      least = std::min(least, deviation);
      most = std::max(most, deviation);
      seen.insert(deviation);
      EXPECT_TRUE(i == 0 || results[i].time > results[i - 1].time);
    }
    EXPECT_LE(most - least, 100);
    EXPECT_GE(least, 0);
    EXPECT_LT(most, interval_ms);
    EXPECT_TRUE(seen.size() == 101 || results.size() < 2000) << "each of -50 to 50 ms comes";
  }
}

TEST(History, LatenciesAreLognormalWithOneInAHundredASpike) {
  std::size_t spikes = 0;
  std::size_t count = 0;
  double least_median = 1e9;
  double greatest_median = 0;
  for (std::uint32_t index = 0; index < kT2.servers; index += 10) {
    std::vector<double> values;
    for (const CheckResult& result : all_of(kT2, index)) {
      if (result.latency_us) values.push_back(*result.latency_us);
    }
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) {
      return values[static_cast<std::size_t>(part * static_cast<double>(values.size()))];
    };
    const double median = at(0.5);
    least_median = std::min(least_median, median);
    greatest_median = std::max(greatest_median, median);
    // A spike is at least five times the usual, which itself is not three times the median: exp(0.25 x 4.4).
    spikes += static_cast<std::size_t>(values.end() - std::lower_bound(values.begin(), values.end(), 3 * median));
    count += values.size();
    // 15.87 % and 84.13 % lie a sigma from the median; spikes push both up by 1 %, half of it cancels.
    EXPECT_NEAR(std::log(at(0.8413 * 0.99) / at(0.1587 * 0.99)) / 2, 0.25, 0.005) << index;
    EXPECT_GT(values.back(), 15 * median);
    EXPECT_LT(values.back(), 10'000'000);
  }
  EXPECT_NEAR(static_cast<double>(spikes) / static_cast<double>(count), 0.01, 0.0006);
  EXPECT_GE(least_median, 39'000);
  EXPECT_LE(greatest_median, 304'000);
  EXPECT_GT(greatest_median, 2 * least_median);
}

TEST(History, OutagesLastTwoToNinetyMinutesAboutEveryThreeDays) {
  std::size_t outages = 0;
  std::int64_t shortest = kDayMs;
  std::int64_t longest = 0;
  for (std::uint32_t index = 0; index < kT2.servers; ++index) {
    const ServerHistory server(kT2, index);
    outages += server.outages().size();
    for (std::size_t i = 0; i < server.outages().size(); ++i) {
      const Window window = server.outages()[i].window;
      shortest = std::min(shortest, window.length().count());
      longest = std::max(longest, window.length().count());
      if (i == 0) continue;
      const auto gap = window.from - server.outages()[i - 1].window.from;
      EXPECT_GE(gap, std::chrono::days{1});
      EXPECT_LE(gap, std::chrono::days{5});
    }
  }
  EXPECT_GE(shortest, 2 * kMinuteMs);
  EXPECT_LT(shortest, 4 * kMinuteMs);
  EXPECT_LE(longest, 90 * kMinuteMs);
  EXPECT_GT(longest, 88 * kMinuteMs);
  EXPECT_NEAR(static_cast<double>(kT2.servers) * kT2.days / static_cast<double>(outages), 3, 0.15);
}

TEST(History, EveryCheckOfAnOutageFailsInItsOneWayAndNoOther) {
  bool seen_status = false;
  bool seen_timeout = false;
  for (std::uint32_t index = 0; index < kT1.servers; ++index) {
    const ServerHistory server(kT1, index);
    for (const CheckResult& result : all_of(kT1, index)) {
      const auto outage = std::find_if(server.outages().begin(), server.outages().end(),
                                       [&](const Outage& one) { return one.window.contains(result.time); });
      if (outage == server.outages().end()) {
        ASSERT_EQ(result.state, State::up);
        ASSERT_EQ(result.code, 200);
        ASSERT_TRUE(result.latency_us.has_value());
        ASSERT_TRUE(result.detail.empty());
        continue;
      }
      ASSERT_EQ(result.state, State::down);
      ASSERT_EQ(result.error, outage->error);
      ASSERT_FALSE(result.detail.empty());
      const bool status = outage->error == ErrorClass::http_status;
      ASSERT_EQ(result.code, status ? 503 : 0);
      ASSERT_EQ(result.latency_us.has_value(), status);
      (status ? seen_status : seen_timeout) = true;
    }
  }
  EXPECT_TRUE(seen_status && seen_timeout);
}

}  // namespace
}  // namespace nines::history
