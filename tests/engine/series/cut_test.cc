#include "series/cut.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace nines::engine {
namespace {

// One run of results a minute apart, from 0 to five minutes.
SeriesColumns six_minutes() {
  SeriesColumns columns;
  for (std::int64_t minute = 0; minute <= 5; ++minute) {
    CheckResult result;
    result.time = from_ms(minute * 60'000);
    result.interval_ms = 60'000;
    result.state = State::up;
    columns.push_back(result);
  }
  return columns;
}

struct Cut {
  std::vector<Detail> details;
  std::vector<Run> runs;
  Segment part;
};

Cut cut_of(const SeriesColumns& columns, std::int64_t low_ms, std::int64_t high_ms) {
  Cut result;
  const Segment whole = whole_segment(columns, result.details);
  result.part = cut(whole, {low_ms, low_ms, high_ms}, Gaps::exact, result.runs, result.details);
  return result;
}

TEST(Cut, ARunIsCutAtBothEnds) {
  const SeriesColumns columns = six_minutes();
  ASSERT_EQ(columns.runs.size(), 1U);
  const Cut middle = cut_of(columns, 60'000, 180'001);
  EXPECT_EQ(middle.part.size(), 3U);
  ASSERT_EQ(middle.part.runs.size(), 1U);
  EXPECT_EQ(middle.part.runs[0].begin, 0U);
  EXPECT_EQ(middle.part.runs[0].end, 3U);
  EXPECT_EQ(middle.part.runs[0].first_ms, 60'000);
  EXPECT_EQ(middle.part.runs[0].last_ms, 180'000);
  EXPECT_EQ(middle.part.runs[0].max_gap_ms, 60'000U);
}

// Between two results of a run, before all and behind all.
TEST(Cut, WhereNoResultsAreThereIsNoRun) {
  const SeriesColumns columns = six_minutes();
  for (const std::int64_t low_ms : {-60'000, 1, 60'001, 240'001, 300'001}) {
    const Cut empty = cut_of(columns, low_ms, low_ms + 1'000);
    EXPECT_EQ(empty.part.size(), 0U) << low_ms;
    EXPECT_TRUE(empty.part.runs.empty()) << low_ms;
    EXPECT_EQ(empty.part.first_in_window, 0U) << low_ms;
  }
}

}  // namespace
}  // namespace nines::engine
