// The usual latency of an hour of the week, and how far the latest is from it.
#include <nines/baseline.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleNear;
using ::testing::Optional;

class Baseline : public History {
 protected:
  // One check a minute for an hour, latencies ascending by `step_us` from `first_us`.
  void hour(TimeMs from, std::uint32_t first_us, std::uint32_t step_us, int count = 60) {
    for (int i = 0; i < count; ++i) {
      CheckResult result;
      result.server = server_.id;
      result.time = from + minutes{i};
      result.state = State::up;
      result.interval_ms = 60'000;
      result.latency_us = first_us + static_cast<std::uint32_t>(i) * step_us;
      put(result);
    }
  }
  [[nodiscard]] BaselineAnswer ask(const BaselineOptions& options = {}) const {
    const auto answer = latency_baseline(store_, server_.id, query(now_, now_), options);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return *answer;
  }

  TimeMs tuesday_ = at("2026-07-14T09:00:00Z");  // hour 24 + 9 of the week
};

TEST_F(Baseline, IsTheMedianOfTheSameHourInTheWeeksBefore) {
  hour(tuesday_ - days{14}, 1000, 10);
  hour(tuesday_ - days{7}, 1000, 10);
  hour(tuesday_ - hours{1}, 9'000'000, 0);  // another hour
  hour(tuesday_, 2000, 0);
  now_ = tuesday_ + hours{1};
  const BaselineAnswer answer = ask();
  EXPECT_EQ(answer.hour, 33U);
  // 1000 to 1590 twice: the 60th of 120 is 1290; the deviations 0, 10, 10, ... have 150 as their 60th.
  EXPECT_EQ(answer.hours[33], (UsualLatency{120, 1290, 150}));
  EXPECT_EQ(answer.hours[32], (UsualLatency{60, 9'000'000, 0}));
  EXPECT_EQ(answer.hours[0], std::nullopt);
  EXPECT_EQ(answer.recent_count, 60U);
  EXPECT_EQ(answer.recent_median_us, 2000U);
  EXPECT_THAT(answer.deviations, Optional(DoubleNear((2000.0 - 1290) / (1.4826 * 150), 1e-12)));
}

TEST_F(Baseline, HoursAreThoseOfTheZone) {
  hour(tuesday_ - days{7}, 1000, 1);
  now_ = tuesday_ + hours{1};
  const BaselineAnswer answer = ask({4, minutes{60}, *Zone::find("Europe/Paris")});
  EXPECT_TRUE(answer.hours[24 + 11].has_value());
  EXPECT_EQ(answer.hours[24 + 9], std::nullopt);
  EXPECT_EQ(answer.hour, 24U + 11);
}

TEST_F(Baseline, TooFewOrTooEvenLatenciesTellNothing) {
  hour(tuesday_ - days{7}, 1000, 10, 19);
  hour(tuesday_, 2000, 0);
  now_ = tuesday_ + hours{1};
  EXPECT_EQ(ask().hours[33], std::nullopt);
  EXPECT_EQ(ask().deviations, std::nullopt);
  hour(tuesday_ - days{14}, 1000, 0);
  EXPECT_EQ(ask().hours[33]->mad_us, 0U);
  EXPECT_EQ(ask().deviations, std::nullopt);
  EXPECT_EQ(ask({1, minutes{60}, {}}).hours[33], std::nullopt) << "one week does not reach that far";
}

TEST_F(Baseline, OptionsOutOfTheirBoundsAreRefused) {
  for (const BaselineOptions& options : {BaselineOptions{0, minutes{60}, {}}, BaselineOptions{53, minutes{60}, {}},
                                         BaselineOptions{4, minutes{0}, {}}, BaselineOptions{4, minutes{1441}, {}}}) {
    EXPECT_EQ(latency_baseline(store_, server_.id, query(now_, now_), options).error().code,
              ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace nines::test
