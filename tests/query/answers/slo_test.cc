// Error budgets and burn rates.
#include <nines/slo.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleNear;
using ::testing::Optional;

class Slo : public History {
 protected:
  [[nodiscard]] SloAnswer ask(TimeMs from, TimeMs to, std::optional<double> objective = {}) const {
    auto answer = slo(store_, server_.id, query(from, to), {objective, {}});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(*answer);
  }

  TimeMs start_ = at("2026-07-14T00:00:00Z");
};

TEST_F(Slo, BudgetIsOneMinusTheObjectiveOfTheTimeThatTheRatioIsOver) {
  checks(start_, std::string(90, 'u') + std::string(4, 'd') + std::string(6, 'u'));
  const SloAnswer answer = ask(start_, start_ + minutes{100}, 0.95);
  EXPECT_EQ(answer.time.known_ms(), 100 * kMinute);
  EXPECT_EQ(answer.budget_ms, 5 * kMinute);
  EXPECT_EQ(answer.spent_ms, 4 * kMinute);
  EXPECT_EQ(answer.remaining_ms, kMinute);
  EXPECT_THAT(answer.remaining_ratio, Optional(DoubleNear(0.2, 1e-9)));
  EXPECT_EQ(answer.met, true);
}

TEST_F(Slo, OverspentBudgetIsNegative) {
  checks(start_, std::string(90, 'u') + std::string(10, 'd') + "u");
  const SloAnswer answer = ask(start_, start_ + minutes{100}, 0.95);
  EXPECT_THAT(answer.remaining_ratio, Optional(DoubleNear(-1.0, 1e-9)));
  EXPECT_EQ(answer.met, false);
}

TEST_F(Slo, ServersOwnObjectiveIsTheDefault) {
  EXPECT_EQ(slo(store_, server_.id, query(start_, start_ + hours{1})).error().code, ErrorCode::invalid_argument);
  change([](Server& server) { server.objective = 0.999; });
  EXPECT_EQ(ask(start_, start_ + hours{1}).objective, 0.999);
  EXPECT_EQ(ask(start_, start_ + hours{1}, 0.9).objective, 0.9);
  EXPECT_EQ(slo(store_, server_.id, query(start_, start_ + hours{1}), {1.0, {}}).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(Slo, WithoutKnownTimeNothingIsMet) {
  const SloAnswer answer = ask(start_, start_ + hours{1}, 0.99);
  EXPECT_EQ(answer.uptime_ratio, std::nullopt);
  EXPECT_EQ(answer.remaining_ratio, std::nullopt);
  EXPECT_EQ(answer.met, std::nullopt);
  EXPECT_EQ(answer.burn[0].rate, std::nullopt);
}

TEST_F(Slo, BurnRateIsTheBadRatioOverTheAllowedOne) {
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

TEST_F(Slo, AlertFiresWhenBothWindowsBurn) {
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

TEST_F(Slo, BurnThatEqualsItsFactorFires) {
  // 51,840 ms of the last hour and 4,320 ms of its last five minutes are 14.4 times what 99.9 % allows in both.
  checks(start_, std::string(24 * 60, 'u'));
  now_ = start_ + hours{24};
  const auto down = [&](TimeMs from, std::int64_t ms) {
    change([&](Server& server) {
      server.corrections.push_back({{from, from + std::chrono::milliseconds{ms}}, State::down, ""});
    });
  };
  down(now_ - minutes{50}, 51'840 - 4'320);
  down(now_ - minutes{2}, 4'320);
  EXPECT_TRUE(ask(start_, now_, 0.999).burn[0].firing);
  change([](Server& server) { --server.corrections[0].window.to; });
  EXPECT_FALSE(ask(start_, now_, 0.999).burn[0].firing) << "a millisecond less does not";
}

TEST_F(Slo, MetIsTheSameAsAnythingRemainingUnderAnyPolicy) {
  // 260 s known, 0.4 s of it down, in ten minutes.
  checks(start_, "u");
  check(start_ + std::chrono::seconds{100}, 'u');
  change([&](Server& server) {
    server.corrections.push_back(
        {{start_ + minutes{1}, start_ + minutes{1} + std::chrono::milliseconds{400}}, State::down, ""});
  });
  policy_.unknown = UnknownPolicy::as_up;
  const SloAnswer lenient = ask(start_, start_ + minutes{10}, 0.999);
  EXPECT_EQ(lenient.time.known_ms(), 260 * kSecond);
  EXPECT_EQ(lenient.budget_ms, 600);
  EXPECT_EQ(lenient.spent_ms, 400);
  EXPECT_EQ(lenient.met, true);
  policy_.unknown = UnknownPolicy::exclude;
  const SloAnswer known = ask(start_, start_ + minutes{10}, 0.999);
  EXPECT_EQ(known.budget_ms, 260);
  EXPECT_EQ(known.remaining_ms, -140);
  EXPECT_EQ(known.met, false);
}

TEST_F(Slo, BurnNeedsHalfOfItsTimeKnown) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "ud" + std::string(58, '.') + "dd");
  now_ = start_ + minutes{62};
  const SloAnswer answer = ask(start_, now_, 0.999);
  EXPECT_EQ(answer.burn[0].rate, std::nullopt) << "two failed checks after an hour of silence";
  EXPECT_EQ(answer.burn[0].short_rate, std::nullopt) << "two of five minutes";
  EXPECT_FALSE(answer.burn[0].firing);
}

TEST_F(Slo, ObjectiveThatCannotReachAFactorSaysSo) {
  const auto can_fire = [&](double objective) {
    std::string text;
    for (const BurnRate& burn : ask(start_, start_ + hours{1}, objective).burn) text += burn.can_fire ? 'y' : 'n';
    return text;
  };
  EXPECT_EQ(can_fire(0.99), "yyyy");
  EXPECT_EQ(can_fire(0.93), "nyyy") << "down all the time burns 14.28 times";
  EXPECT_EQ(can_fire(0.8), "nnyy");
  EXPECT_EQ(can_fire(0.5), "nnny");
}

TEST_F(Slo, PeriodHasItsWholeBudgetAndTheDateOfItsExhaustion) {
  // 36 hours into July, five minutes of them down in the last 24 hours.
  const TimeMs july = at("2026-07-01T00:00:00Z");
  change([&](Server& server) { server.created_at = july; });
  checks(july, std::string(30 * 60, 'u') + "ddddd" + std::string(6 * 60 - 5, 'u'));
  now_ = july + hours{36};
  const PeriodBudget month = ask(now_ - hours{1}, now_, 0.999).period;
  EXPECT_EQ(month.window, (Window{july, at("2026-08-01T00:00:00Z")}));
  EXPECT_EQ(month.budget_ms, 31 * 24 * 3600);  // a thousandth of it in milliseconds: 44 min 38 s
  EXPECT_EQ(month.spent_ms, 5 * kMinute);
  EXPECT_EQ(month.remaining_ms, 2'678'400 - 300'000);
  EXPECT_THAT(month.spent_ratio, DoubleNear(300.0 / 2678.4, 1e-12));
  EXPECT_EQ(month.threshold, std::nullopt);
  EXPECT_EQ(month.exhausted_at, now_ + std::chrono::milliseconds{2'378'400LL * 86'400'000 / 300'000});

  // What is left of 1 % would last for 88 days, of which the month has 29.5.
  EXPECT_EQ(ask(now_ - hours{1}, now_, 0.99).period.exhausted_at, std::nullopt) << "August has a budget of its own";

  const auto rolling = slo(store_, server_.id, query(july, now_), {0.999, BudgetPeriod{{}, {}, std::chrono::days{2}}});
  EXPECT_EQ(rolling->period.window, (Window{now_ - hours{48}, now_}));
  EXPECT_EQ(rolling->period.budget_ms, 172'800);
  EXPECT_EQ(rolling->period.threshold, 1.0);
  EXPECT_EQ(rolling->period.exhausted_at, now_);
  EXPECT_EQ(
      slo(store_, server_.id, query(july, now_), {0.999, BudgetPeriod{{}, {}, std::chrono::days{0}}}).error().code,
      ErrorCode::invalid_argument);
}

TEST_F(Slo, WindowBehindNowIsTheEmptyOneThatUptimeHas) {
  checks(start_, "uu");
  now_ = start_ + minutes{2};
  const SloAnswer answer = ask(start_ + hours{1}, start_ + hours{2}, 0.99);
  EXPECT_EQ(answer.window, (Window{start_ + hours{1}, start_ + hours{1}}));
  EXPECT_EQ(answer.window, figures(start_ + hours{1}, start_ + hours{2}).window);
  EXPECT_EQ(answer.met, std::nullopt);
}

TEST_F(Slo, AnswersAsUptimeDoesForAServerYoungerThanItsHistory) {
  change([&](Server& server) { server.created_at = start_ + hours{1}; });
  checks(start_, "uu");
  for (const auto& [from, to] : {std::pair{90, 150}, std::pair{30, 200}}) {
    const TimeMs begin = start_ + std::chrono::seconds{from};
    const TimeMs end = start_ + std::chrono::seconds{to};
    EXPECT_EQ(ask(begin, end, 0.99).time, figures(begin, end).time);
    EXPECT_EQ(ask(begin, end, 0.99).window, figures(begin, end).window);
    EXPECT_EQ(figures(begin, end).time[State::up], (to - from) * kSecond);
  }
}

TEST(BudgetPeriodText, UnitsDaysAndTheUsual) {
  EXPECT_EQ(parse_budget_period("", {})->unit, CalendarUnit::month);
  EXPECT_EQ(parse_budget_period("quarter", {})->unit, CalendarUnit::quarter);
  const auto rolling = parse_budget_period("28d", {});
  ASSERT_TRUE(rolling.has_value());
  EXPECT_FALSE(rolling->unit.has_value());
  EXPECT_EQ(rolling->rolling, std::chrono::days{28});
  EXPECT_EQ(parse_budget_period("2w", {})->rolling, std::chrono::days{14});
  for (const char* text : {"moon", "0d", "367d", "36h", "30", "-1d"}) {
    EXPECT_FALSE(parse_budget_period(text, {}).has_value()) << text;
  }
}

TEST_F(Slo, PeriodIsThatOfTheServerUnlessAnotherIsAsked) {
  change([](Server& server) {
    server.objective = 0.999;
    server.level.period = "week";
    server.level.timezone = "Europe/Paris";
  });
  const Query asked = query(at("2026-07-14"), at("2026-07-15"));
  EXPECT_EQ(slo(store_, server_.id, asked)->period.window,
            (Window{at("2026-07-12T22:00:00Z"), at("2026-07-19T22:00:00Z")}));
  EXPECT_EQ(slo(store_, server_.id, asked, {{}, BudgetPeriod{}})->period.window,
            (Window{at("2026-07-01"), at("2026-08-01")}));
  change([](Server& server) { server.level.period = "moon"; });
  EXPECT_EQ(slo(store_, server_.id, asked).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace nines::test
