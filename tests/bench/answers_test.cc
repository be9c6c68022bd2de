// Answers are compared with the right ones before their times count: right ones pass, wrong ones are named, and the
// plain loop that nines is held against gives the right ones too.
#include "answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <nines/store.h>

#include "plain_arrays.h"
#include "support/model_store.h"

namespace nines::bench {
namespace {

using history::ServerHistory;
using history::Shape;
using ::testing::HasSubstr;

constexpr Shape kSmall{.name = "small", .servers = 4, .days = 3, .interval_ms = 300'000, .seed = 11};

Options options_at_now() {
  Options options;
  options.clock = [] { return kSmall.now(); };
  return options;
}

/// A history in a store, but for what `spoil` does to one result.
template <class Spoil>
void fill(Store& store, Spoil&& spoil, const Shape& shape = kSmall) {
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    const ServerHistory server(shape, index);
    ASSERT_EQ(*store.add_server(server.server()), ServerId{index + 1});
    std::vector<CheckResult> results;
    server.results({shape.begin(), shape.now()}, results);
    if (index == 2) spoil(results[results.size() - 10]);
    ASSERT_TRUE(store.load(ServerId{index + 1}, results).has_value());
  }
}

std::string compared(const Store& store, bool days, const Shape& shape = kSmall) {
  const Query query = days ? days_query(shape, Summaries::never) : dashboard_query(shape);
  const auto answer = dashboard(store, query, days ? days_options() : dashboard_options());
  if (!answer) return answer.error().message;
  const auto checked = check_answers(shape, *answer, days);
  return checked ? "equal" : checked.error().message;
}

TEST(CheckedAnswers, RightOnesPass) {
  test::ModelStore store(options_at_now());
  fill(store, [](CheckResult&) {});
  EXPECT_EQ(compared(store, false), "equal");
  EXPECT_EQ(compared(store, true), "equal");
}

TEST(CheckedAnswers, RightOnesPassWhereTheHistoryIsShorterThanTheWindow) {
  constexpr Shape kOneDay{.name = "one day", .servers = 2, .days = 1, .interval_ms = 60'000, .seed = 5};
  test::ModelStore store(options_at_now());
  fill(
      store, [](CheckResult&) {}, kOneDay);
  EXPECT_EQ(compared(store, false, kOneDay), "equal");
  EXPECT_EQ(compared(store, true, kOneDay), "equal");
}

TEST(CheckedAnswers, OneLatencyThatIsAMicrosecondOffIsFound) {
  test::ModelStore store(options_at_now());
  fill(store, [](CheckResult& result) { ++*result.latency_us; });
  EXPECT_THAT(compared(store, false), HasSubstr("wrong answer: latency of site-0003"));
  EXPECT_THAT(compared(store, true), HasSubstr("wrong answer: bars of site-0003"));
}

TEST(CheckedAnswers, OneFailureTooManyIsFound) {
  test::ModelStore store(options_at_now());
  fill(store, [](CheckResult& result) { result.state = State::down; });
  EXPECT_THAT(compared(store, false), HasSubstr("wrong answer: checks of site-0003"));
}

// site-10000 comes before site-1001 by name.
TEST(CheckedAnswers, RowsMayComeInAnyOrder) {
  test::ModelStore store(options_at_now());
  fill(store, [](CheckResult&) {});
  auto answer = dashboard(store, dashboard_query(kSmall), dashboard_options());
  ASSERT_TRUE(answer.has_value());
  std::swap(answer->rows[0], answer->rows[3]);
  EXPECT_TRUE(check_answers(kSmall, *answer, false).has_value());
  answer->rows[0] = answer->rows[1];
  EXPECT_FALSE(check_answers(kSmall, *answer, false).has_value());
}

TEST(PlainLoop, GivesTheRightAnswers) {
  const Window window = dashboard_query(kSmall).window;
  const auto edges = history::equal_edges(window, 48);
  const auto servers = plain_arrays(kSmall, {kSmall.begin(), kSmall.now()});
  PlainScratch scratch;
  for (std::uint32_t index = 0; index < kSmall.servers; ++index) {
    for (const SelectPercentiles select : {select_by_quantiles, select_by_nth_element}) {
      history::Expected answer;
      plain_answer(servers[index], window, edges, select, scratch, answer);
      std::vector<CheckResult> results;
      ServerHistory(kSmall, index).results({kSmall.begin(), kSmall.now()}, results);
      EXPECT_EQ(answer, history::expect(results, window, edges)) << index;
    }
  }
}

}  // namespace
}  // namespace nines::bench
