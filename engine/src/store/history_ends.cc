// The two ends of a server's history: its newest results, by scans of windows that grow until they hold enough, and its
// first one, which a day summary may be all that is left of.
#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>
#include <utility>

#include <nines/store.h>

namespace nines {
namespace {

/// The first window looked at. At a check a minute it holds an hour's; each further one is twice as long as the one
/// before it, so that 28 reach back to 1970 from anywhere.
constexpr std::chrono::milliseconds kFirstSpan = std::chrono::hours{1};

/// Results read beyond those asked for, before they are thrown away: a window behind a long gap may hold millions.
constexpr std::size_t kSlack = 4096;

bool later(const CheckResult& a, const CheckResult& b) {
  return std::tie(a.time, a.location) > std::tie(b.time, b.location);
}

/// Sorts the results from index `begin` on, newest first, and keeps of all the newest `count`, with those that share
/// the time of the last of them.
void keep_newest(std::vector<CheckResult>& results, std::size_t begin, std::size_t count) {
  std::sort(results.begin() + static_cast<std::ptrdiff_t>(begin), results.end(), later);
  if (results.size() <= count) return;
  const TimeMs oldest = results[count - 1].time;
  const auto end = std::find_if(results.begin() + static_cast<std::ptrdiff_t>(count), results.end(),
                                [&](const CheckResult& result) { return result.time != oldest; });
  results.erase(end, results.end());
}

}  // namespace

Result<std::vector<CheckResult>> Store::newest(ServerId server, TimeMs before, std::size_t count) const {
  if (count == 0 || count > kMaxNewest) {
    return fail(ErrorCode::invalid_argument, "the newest 1 to " + std::to_string(kMaxNewest) + " results can be had");
  }
  std::vector<CheckResult> found;
  auto last = last_result(server);
  if (!last) return tl::unexpected<Error>(std::move(last.error()));
  if (!*last) return found;
  constexpr auto kMoment = std::chrono::milliseconds{1};
  Window window;
  window.to = std::min(before, (*last)->time + kMoment);
  for (auto span = kFirstSpan; window.to > from_ms(0) && found.size() < count; span *= 2) {
    window.from = std::max(from_ms(0), window.to - span);
    const std::size_t later_ones = found.size();
    auto cursor = scan(server, window, {.columns = {.latency = true, .phases = true, .details = true}, .lookback = {}});
    if (!cursor) return tl::unexpected<Error>(std::move(cursor.error()));
    auto read = (*cursor)->for_each([&](const Segment& segment) {
      for (std::uint32_t i = segment.first_in_window; i < segment.size(); ++i) {
        found.push_back(segment.at(i, server));
        if (found.size() >= 2 * count + kSlack) keep_newest(found, later_ones, count);
      }
    });
    if (!read) return tl::unexpected<Error>(std::move(read.error()));
    keep_newest(found, later_ones, count);
    window.to = window.from;
  }
  return found;
}

Result<std::optional<TimeMs>> Store::first_result(ServerId server) const {
  auto cursor = days(server, {0, to_ms(kTimeLimit) / kDayMs}, false);
  if (!cursor) return tl::unexpected<Error>(std::move(cursor.error()));
  const auto day = (*cursor)->next();
  if (!day) return tl::unexpected<Error>(day.error());
  if (*day == nullptr) return std::nullopt;
  std::int64_t first_ms = to_ms(kTimeLimit);
  for (const DaySeries& series : (*day)->series) first_ms = std::min(first_ms, series.runs.front().first_ms);
  return from_ms(first_ms);
}

}  // namespace nines
