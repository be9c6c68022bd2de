// The usual latency of each hour of the week.
#include <nines/baseline.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <nines/latency.h>

#include "figures/figures.h"
#include "figures/latency_sink.h"
#include "judgement/reader.h"

namespace nines {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr double kHalf[] = {0.5};
// Makes the median absolute deviation of a normal distribution its standard deviation.
constexpr double kDeviationsPerMad = 1.4826;

std::size_t hour_of_week(TimeMs time, const Zone& zone) {
  const std::int64_t hours = to_ms(time + zone.offset(time)) / kHourMs;
  // 1970 began on a Thursday.
  return static_cast<std::size_t>((hours + 3 * 24) % static_cast<std::int64_t>(kHoursOfWeek));
}

// Sorts latencies by the hour of the week, and what is recent apart.
class HourSink final : public query::ResultSink {
 public:
  HourSink(TimeMs recent_from, const Zone& zone) : recent_from_ms_(to_ms(recent_from)), zone_(zone) {}

  void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
               bool /*covered*/) override {
    if (!query::is_success(run) || !run.has_latency) return;
    for (std::uint32_t i = begin; i < end; ++i) {
      const std::int64_t time_ms = segment.time_ms[i];
      if (time_ms >= recent_from_ms_) {
        recent.push_back(segment.latency_us[i]);
        continue;
      }
      // No zone changes its offset within a quarter of an hour of the clock.
      if (time_ms < quarter_ms_ || time_ms >= quarter_ms_ + kHourMs / 4) {
        quarter_ms_ = time_ms - time_ms % (kHourMs / 4);
        hour_ = hour_of_week(from_ms(quarter_ms_), zone_);
      }
      by_hour[hour_].push_back(segment.latency_us[i]);
    }
  }
  void day(const DaySummary& /*day*/, std::span<const Span> /*overlay*/) override {}
  void part(const Run& /*part*/, bool /*covered*/) override {}
  void latencies(const DaySummary& /*day*/) override {}

  std::array<std::vector<std::uint32_t>, kHoursOfWeek> by_hour;
  std::vector<std::uint32_t> recent;

 private:
  std::int64_t recent_from_ms_;
  const Zone& zone_;
  std::int64_t quarter_ms_ = -kHourMs;
  std::size_t hour_ = 0;
};

std::uint32_t median_of(const std::vector<std::uint32_t>& values) {
  std::uint32_t median[1];
  exact_quantiles(values, kHalf, median);
  return median[0];
}

std::optional<UsualLatency> usual(std::vector<std::uint32_t> values) {
  if (values.size() < kLeastBaselineCount) return std::nullopt;
  UsualLatency usual{values.size(), median_of(values), 0};
  for (std::uint32_t& value : values) {
    value = value > usual.median_us ? value - usual.median_us : usual.median_us - value;
  }
  usual.mad_us = median_of(values);
  return usual;
}

Result<void> validate(const BaselineOptions& options) {
  if (options.weeks == 0 || options.weeks > kMaxBaselineWeeks) {
    return fail(ErrorCode::invalid_argument, "a baseline is of 1 to " + std::to_string(kMaxBaselineWeeks) + " weeks");
  }
  if (options.recent < std::chrono::minutes{1} || options.recent > std::chrono::hours{24}) {
    return fail(ErrorCode::invalid_argument, "what is compared with a baseline lasts from a minute to a day");
  }
  return {};
}

}  // namespace

Result<BaselineAnswer> latency_baseline(const Store& store, ServerId server, const Query& query,
                                        const BaselineOptions& options) {
  if (auto valid = validate(options); !valid) return tl::unexpected(valid.error());
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  BaselineAnswer answer;
  answer.recent = {std::max(from_ms(0), query.now - options.recent), query.now};
  Query frame = query;
  frame.window = {std::max(from_ms(0), answer.recent.from - std::chrono::days{7 * options.weeks}), query.now};
  frame.summaries = Summaries::never;
  HourSink sink(answer.recent.from, options.zone);
  query::ResultSink* const sinks[] = {&sink};
  query::Reading reading;
  reading.columns.latency = true;
  reading.sinks = sinks;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, frame, reading); !done) return tl::unexpected(done.error());
  answer.learned = {std::min(reader.window().from, answer.recent.from), answer.recent.from};
  for (std::size_t hour = 0; hour < kHoursOfWeek; ++hour) answer.hours[hour] = usual(std::move(sink.by_hour[hour]));
  answer.hour = hour_of_week(answer.recent.from + answer.recent.length() / 2, options.zone);
  answer.recent_count = sink.recent.size();
  if (!sink.recent.empty()) answer.recent_median_us = median_of(sink.recent);
  const auto& hour = answer.hours[answer.hour];
  if (hour && hour->mad_us > 0 && answer.recent_median_us) {
    answer.deviations = (static_cast<double>(*answer.recent_median_us) - static_cast<double>(hour->median_us)) /
                        (kDeviationsPerMad * static_cast<double>(hour->mad_us));
  }
  answer.explain = std::move(reader.explain());
  return answer;
}

}  // namespace nines
