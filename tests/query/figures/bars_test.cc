// Bars: equal buckets and calendar days.
#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleEq;
using ::testing::Optional;

class BarsOfAWindow : public History {
 protected:
  [[nodiscard]] std::vector<Bar> ask(TimeMs from, TimeMs to, const BarOptions& options) const {
    auto answer = bars(store_, server_.id, query(from, to), options);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(answer->bars);
  }

  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(BarsOfAWindow, EachBucketHasItsOwnTimesAndChecks) {
  checks(start_,
         "uuuudd"
         "dddguu"
         "......");
  const auto found = ask(start_, start_ + minutes{18}, {3, {}, {}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].time[State::up], 4 * kMinute);
  EXPECT_EQ(found[0].time[State::down], 2 * kMinute);
  EXPECT_EQ(found[0].checks, 6U);
  EXPECT_EQ(found[0].failed_checks, 2U);
  EXPECT_EQ(found[0].latency_count, 4U);
  EXPECT_EQ(found[0].latency_mean_us, 80'000);
  EXPECT_THAT(found[0].uptime_ratio, Optional(DoubleEq(4.0 / 6)));
  EXPECT_EQ(found[1].time[State::down], 3 * kMinute);
  EXPECT_EQ(found[1].time[State::degraded], kMinute);
  EXPECT_EQ(found[1].latency_max_us, 900'000U);
  EXPECT_EQ(found[2].time[State::up], 100 * kSecond) << "the last result holds 160 s";
  EXPECT_EQ(found[2].time[State::unknown], 260 * kSecond);
  EXPECT_EQ(found[2].checks, 0U);
}

TEST_F(BarsOfAWindow, BucketWithoutDataHasNoRatio) {
  checks(start_ + hours{1}, "uu");
  const auto found = ask(start_, start_ + hours{2}, {2, {}, {}});
  EXPECT_EQ(found[0].uptime_ratio, std::nullopt);
  EXPECT_EQ(found[0].time[State::unknown], kHour);
  EXPECT_EQ(found[1].uptime_ratio, 1.0);
}

TEST_F(BarsOfAWindow, TimeBeforeCreationAndAfterNowIsInNoState) {
  change([&](Server& server) { server.created_at = start_ + minutes{30}; });
  checks(start_ + minutes{30}, std::string(30, 'u'));
  now_ = start_ + minutes{60};
  const auto found = ask(start_, start_ + minutes{120}, {2, {}, {}});
  EXPECT_EQ(found[0].time.total_ms(), 30 * kMinute);
  EXPECT_EQ(found[0].time[State::up], 30 * kMinute);
  EXPECT_EQ(found[1].time.total_ms(), 0);
}

TEST_F(BarsOfAWindow, BucketsOfAnyCountCoverTheWindow) {
  for (const std::uint32_t count : {1U, 7U, 48U, 1000U}) {
    const auto windows = bar_windows({start_, start_ + std::chrono::milliseconds{100'003}}, {count, {}, {}});
    ASSERT_EQ(windows->size(), count);
    EXPECT_EQ(windows->front().from, start_);
    EXPECT_EQ(windows->back().to, start_ + std::chrono::milliseconds{100'003});
    for (std::size_t i = 1; i < count; ++i) EXPECT_EQ((*windows)[i].from, (*windows)[i - 1].to);
  }
}

TEST_F(BarsOfAWindow, DaysFollowTheZone) {
  const Zone paris = *Zone::find("Europe/Paris");
  const TimeMs from = at("2026-03-27T23:00:00Z");
  change([&](Server& server) { server.created_at = from; });
  checks(from, std::string(std::size_t{3} * 24 * 60, 'u'));
  now_ = at("2026-04-01");
  const auto found = ask(from, at("2026-03-30T22:00:00Z"), {0, CalendarUnit::day, paris});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].checks, 24U * 60);
  EXPECT_EQ(found[1].checks, 23U * 60) << "clocks go forward";
  EXPECT_EQ(found[1].time[State::up], 23 * kHour);
  EXPECT_EQ(found[2].checks, 24U * 60);
}

TEST_F(BarsOfAWindow, CheckAtAnEdgeIsInTheLaterBucket) {
  checks(start_, "uuuu");
  const auto found = ask(start_, start_ + minutes{4}, {2, {}, {}});
  EXPECT_EQ(found[0].checks, 2U);
  EXPECT_EQ(found[1].checks, 2U);
}

TEST_F(BarsOfAWindow, SumOfTheBarsIsTheWholeWindow) {
  checks(start_, "uudduu..nnguuud..uuu");
  const Figures whole = figures(start_, start_ + minutes{25});
  TimePerState time;
  std::uint64_t checks = 0;
  for (const Bar& bar : ask(start_, start_ + minutes{25}, {13, {}, {}})) {
    time += bar.time;
    checks += bar.checks;
  }
  EXPECT_EQ(time, whole.time);
  EXPECT_EQ(checks, whole.counts.checks);
}

TEST_F(BarsOfAWindow, NoBarsOrTooManyAreRefused) {
  const Window window{start_, start_ + hours{1}};
  EXPECT_EQ(bar_windows({start_, start_}, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bar_windows(window, {0, {}, {}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bar_windows(window, {kMaxBars + 1, {}, {}}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace nines::test
