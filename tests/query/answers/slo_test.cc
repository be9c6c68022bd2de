// Error budgets and burn rates.
#include <nines/slo.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleNear;
using ::testing::Optional;

class SloTest : public History {
 protected:
  [[nodiscard]] SloAnswer ask(TimeMs from, TimeMs to, std::optional<double> objective = {}) const {
    auto answer = slo(store_, server_.id, query(from, to), objective);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(*answer);
  }

  TimeMs start_ = at("2026-07-14T00:00:00Z");
};

TEST_F(SloTest, BudgetIsOneMinusTheObjectiveOfKnownTime) {
  checks(start_, std::string(90, 'u') + std::string(4, 'd') + std::string(6, 'u'));
  const SloAnswer answer = ask(start_, start_ + minutes{100}, 0.95);
  EXPECT_EQ(answer.time.known_ms(), 100 * kMinute);
  EXPECT_NEAR(answer.budget_ms, 5.0 * kMinute, 1e-3);
  EXPECT_NEAR(answer.spent_ms, 4.0 * kMinute, 1e-3);
  EXPECT_NEAR(answer.remaining_ms, 1.0 * kMinute, 1e-3);
  EXPECT_THAT(answer.remaining_ratio, Optional(DoubleNear(0.2, 1e-9)));
  EXPECT_TRUE(answer.met);
}

TEST_F(SloTest, OverspentBudgetIsNegative) {
  checks(start_, std::string(90, 'u') + std::string(10, 'd') + "u");
  const SloAnswer answer = ask(start_, start_ + minutes{100}, 0.95);
  EXPECT_THAT(answer.remaining_ratio, Optional(DoubleNear(-1.0, 1e-9)));
  EXPECT_FALSE(answer.met);
}

TEST_F(SloTest, ServersOwnObjectiveIsTheDefault) {
  EXPECT_EQ(slo(store_, server_.id, query(start_, start_ + hours{1})).error().code, ErrorCode::invalid_argument);
  change([](Server& server) { server.objective = 0.999; });
  EXPECT_EQ(ask(start_, start_ + hours{1}).objective, 0.999);
  EXPECT_EQ(ask(start_, start_ + hours{1}, 0.9).objective, 0.9);
  EXPECT_EQ(slo(store_, server_.id, query(start_, start_ + hours{1}), 1.0).error().code, ErrorCode::invalid_argument);
}

TEST_F(SloTest, WithoutKnownTimeNothingIsMet) {
  const SloAnswer answer = ask(start_, start_ + hours{1}, 0.99);
  EXPECT_EQ(answer.uptime_ratio, std::nullopt);
  EXPECT_EQ(answer.remaining_ratio, std::nullopt);
  EXPECT_FALSE(answer.met);
  EXPECT_EQ(answer.burn[0].rate, std::nullopt);
}

TEST_F(SloTest, BurnRateIsTheBadRatioOverTheAllowedOne) {
  // Four days up but for the last 6 minutes.
  checks(start_, std::string(std::size_t{4} * 1440 - 6, 'u') + "dddddd");
  now_ = start_ + hours{96};
  const SloAnswer answer = ask(now_ - minutes{30}, now_, 0.99);
  EXPECT_THAT(answer.burn[0].rate, Optional(DoubleNear(6.0 / 60 / 0.01, 1e-9)));
  EXPECT_THAT(answer.burn[0].short_rate, Optional(DoubleNear(100, 1e-9)));
  EXPECT_FALSE(answer.burn[0].firing) << "10 over the hour is below 14.4";
  EXPECT_THAT(answer.burn[1].rate, Optional(DoubleNear(6.0 / 360 / 0.01, 1e-9)));
  EXPECT_THAT(answer.burn[2].rate, Optional(DoubleNear(6.0 / 1440 / 0.01, 1e-9)));
  EXPECT_THAT(answer.burn[3].rate, Optional(DoubleNear(6.0 / 4320 / 0.01, 1e-9)));
  EXPECT_EQ(answer.window, (Window{now_ - minutes{30}, now_})) << "burn windows do not widen the window";
}

TEST_F(SloTest, AlertFiresWhenBothWindowsBurn) {
  checks(start_, std::string(std::size_t{4} * 1440 - 20, 'u') + std::string(20, 'd'));
  now_ = start_ + hours{96};
  const SloAnswer burning = ask(start_, now_, 0.99);
  EXPECT_TRUE(burning.burn[0].firing);
  now_ = start_ + hours{96} + minutes{10};
  checks(start_ + hours{96}, std::string(10, 'u'));
  const SloAnswer over = ask(start_, now_, 0.99);
  EXPECT_GT(over.burn[0].rate, 14.4);
  EXPECT_FALSE(over.burn[0].firing) << "the last five minutes are fine";
}

}  // namespace
}  // namespace nines::test
