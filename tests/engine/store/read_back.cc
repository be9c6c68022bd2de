#include "engine/store/read_back.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <tuple>

namespace nines::test {
namespace {

std::uint32_t longest_gap(const Segment& segment, const Run& run) {
  std::int64_t longest = 0;
  for (std::uint32_t i = run.begin + 1; i < run.end; ++i) {
    longest = std::max(longest, segment.time_ms[i] - segment.time_ms[i - 1]);
  }
  return static_cast<std::uint32_t>(longest);
}

void check_run(const Segment& segment, const Run& run) {
  ASSERT_LT(run.begin, run.end);
  ASSERT_LE(run.end, segment.size());
  EXPECT_EQ(run.first_ms, segment.time_ms[run.begin]);
  EXPECT_EQ(run.last_ms, segment.time_ms[run.end - 1]);
  EXPECT_GE(run.max_gap_ms, longest_gap(segment, run));
  const std::int64_t interval = run.interval_ms == 0 ? 60'000 : run.interval_ms;
  EXPECT_LE(static_cast<std::int64_t>(run.max_gap_ms) * 2, interval * 5);
  for (std::uint32_t i = run.begin; i < run.end; ++i) {
    EXPECT_EQ(segment.latency_us[i] != kNoLatency, run.has_latency);
  }
}

void check_segment(const Segment& segment, Window window) {
  ASSERT_GT(segment.size(), 0U);
  ASSERT_EQ(segment.latency_us.size(), segment.size());
  ASSERT_EQ(segment.phases.size(), segment.has_phases.size());
  EXPECT_TRUE(std::is_sorted(segment.time_ms.begin(), segment.time_ms.end(), std::less_equal<>()));
  const auto first = std::lower_bound(segment.time_ms.begin(), segment.time_ms.end(), to_ms(window.from));
  EXPECT_EQ(segment.first_in_window, static_cast<std::uint32_t>(first - segment.time_ms.begin()));
  std::uint32_t covered = 0;
  for (const Run& run : segment.runs) {
    EXPECT_EQ(run.begin, covered);
    check_run(segment, run);
    covered = run.end;
  }
  EXPECT_EQ(covered, segment.size());
}

void append_results(const Segment& segment, ServerId server, std::vector<CheckResult>& out) {
  const std::size_t begin = out.size();
  for (const Run& run : segment.runs) {
    for (std::uint32_t i = run.begin; i < run.end; ++i) {
      CheckResult result;
      result.server = server;
      result.location = segment.location;
      result.time = from_ms(segment.time_ms[i]);
      result.state = run.state;
      result.error = run.error;
      result.retry = run.retry;
      result.code = run.code;
      result.interval_ms = run.interval_ms;
      if (run.has_latency) result.latency_us = segment.latency_us[i];
      if (!segment.phases.empty() && segment.has_phases[i] != 0) result.phases = segment.phases[i];
      out.push_back(std::move(result));
    }
  }
  for (const Detail& detail : segment.details) out[begin + detail.index].detail = detail.text;
}

}  // namespace

std::vector<CheckResult> read_all(Cursor& cursor, ServerId server, Window window) {
  std::vector<CheckResult> results;
  std::map<LocationId, std::int64_t> last_ms;
  for (;;) {
    const auto segment = cursor.next();
    if (!segment) {
      ADD_FAILURE() << segment.error().message;
      break;
    }
    if (*segment == nullptr) break;
    check_segment(**segment, window);
    const auto [last, first_time] = last_ms.try_emplace((*segment)->location, -1);
    EXPECT_LT(last->second, (*segment)->time_ms.front());
    last->second = (*segment)->time_ms.back();
    append_results(**segment, server, results);
  }
  std::sort(results.begin(), results.end(), [](const CheckResult& a, const CheckResult& b) {
    return std::tie(a.time, a.location) < std::tie(b.time, b.location);
  });
  return results;
}

std::vector<CheckResult> read_window(const Store& store, ServerId server, Window window,
                                     std::chrono::milliseconds lookback) {
  const auto cursor = store.scan(server, window, {{true, true, true}, lookback});
  if (!cursor) {
    ADD_FAILURE() << cursor.error().message;
    return {};
  }
  return read_all(**cursor, server, window);
}

std::vector<DaySummary> read_days(const Store& store, ServerId server, DayRange range, bool with_sketch) {
  std::vector<DaySummary> days;
  const auto cursor = store.days(server, range, with_sketch);
  if (!cursor) {
    ADD_FAILURE() << cursor.error().message;
    return days;
  }
  for (;;) {
    const auto day = (*cursor)->next();
    if (!day) {
      ADD_FAILURE() << day.error().message;
      return days;
    }
    if (*day == nullptr) return days;
    days.push_back(**day);
  }
}

namespace {

/// Where tests keep their stores: where TMPDIR says, otherwise in memory when there is room. What a sync is worth is
/// tested with an injected disk, so waiting for a real one shows nothing more.
std::filesystem::path temporary_root() {
  constexpr std::uintmax_t kEnough = 1U << 30U;
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto room = std::filesystem::space(memory, error);
  if (std::getenv("TMPDIR") == nullptr && !error && room.available >= kEnough) return memory;
  return std::filesystem::temp_directory_path();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (temporary_root() / "nines-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make a directory " << name;
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string describe(const CheckResult& result) {
  std::ostringstream text;
  text << "{server " << static_cast<std::uint32_t>(result.server) << " location " << static_cast<int>(result.location)
       << " time " << to_ms(result.time) << " " << to_string(result.state) << " " << to_string(result.error) << " code "
       << result.code << " interval " << result.interval_ms << " latency "
       << (result.latency_us ? std::to_string(*result.latency_us) : "-") << (result.retry ? " retry" : "")
       << (result.phases ? " phases" : "") << " \"" << result.detail << "\"}";
  return text.str();
}

void expect_same(const std::vector<CheckResult>& actual, const std::vector<CheckResult>& expected) {
  if (actual == expected) return;
  const auto [left, right] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  ADD_FAILURE() << actual.size() << " results where " << expected.size() << " are expected; they differ from number "
                << left - actual.begin() << " on: " << (left == actual.end() ? "end" : describe(*left))
                << " instead of " << (right == expected.end() ? "end" : describe(*right));
}

void expect_same(const std::vector<DaySummary>& actual, const std::vector<DaySummary>& expected) {
  if (actual == expected) return;
  const auto [left, right] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  const auto describe_day = [](const auto& day, const auto& end) {
    if (day == end) return std::string("end");
    std::ostringstream text;
    text << "day " << day->day << " with " << day->latency_count << " latencies, sum " << day->latency_sum_us << ", "
         << day->series.size() << " series, runs";
    for (const DaySeries& series : day->series) text << " " << series.runs.size();
    return text.str();
  };
  ADD_FAILURE() << actual.size() << " days where " << expected.size() << " are expected; they differ from number "
                << left - actual.begin() << " on: " << describe_day(left, actual.end()) << " instead of "
                << describe_day(right, expected.end());
}

}  // namespace nines::test
