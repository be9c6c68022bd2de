#include "series/columns.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

namespace nines::engine {
namespace {

Run start_run(const CheckResult& result, std::size_t index) {
  Run run;
  run.begin = static_cast<std::uint32_t>(index);
  run.end = run.begin + 1;
  run.first_ms = to_ms(result.time);
  run.last_ms = run.first_ms;
  run.interval_ms = result.interval_ms;
  run.code = result.code;
  run.state = result.state;
  run.error = result.error;
  run.retry = result.retry;
  run.has_latency = result.latency_us.has_value();
  return run;
}

}  // namespace

std::uint32_t saturated(std::int64_t gap_ms) noexcept {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(gap_ms, std::numeric_limits<std::uint32_t>::max()));
}

bool is_neighbour(std::int64_t gap_ms, std::uint32_t interval_ms) noexcept {
  const std::int64_t interval = interval_ms == 0 ? kDefaultIntervalMs : interval_ms;
  return gap_ms * 2 <= interval * 5;
}

bool continues(const Run& run, const CheckResult& result) noexcept {
  return run.state == result.state && run.error == result.error && run.code == result.code &&
         run.retry == result.retry && run.interval_ms == result.interval_ms &&
         run.has_latency == result.latency_us.has_value() &&
         is_neighbour(to_ms(result.time) - run.last_ms, run.interval_ms);
}

bool continues(const Run& earlier, const Run& later) noexcept {
  return earlier.state == later.state && earlier.error == later.error && earlier.code == later.code &&
         earlier.retry == later.retry && earlier.interval_ms == later.interval_ms &&
         earlier.has_latency == later.has_latency &&
         is_neighbour(later.first_ms - earlier.last_ms, earlier.interval_ms);
}

void join(Run& earlier, const Run& later) noexcept {
  earlier.max_gap_ms = std::max({earlier.max_gap_ms, saturated(later.first_ms - earlier.last_ms), later.max_gap_ms});
  earlier.end = later.end;
  earlier.last_ms = later.last_ms;
}

void SeriesColumns::clear() noexcept {
  time_ms.clear();
  latency_us.clear();
  phases.clear();
  has_phases.clear();
  runs.clear();
  details.clear();
}

void SeriesColumns::push_back(const CheckResult& result) {
  const std::size_t index = size();
  const Run next = start_run(result, index);
  if (!runs.empty() && continues(runs.back(), next)) {
    join(runs.back(), next);
  } else {
    runs.push_back(next);
  }
  time_ms.push_back(to_ms(result.time));
  latency_us.push_back(result.latency_us.value_or(kNoLatency));
  if (result.phases || !phases.empty()) {
    phases.resize(index);
    has_phases.resize(index);
    phases.push_back(result.phases.value_or(Phases{}));
    has_phases.push_back(result.phases ? 1 : 0);
  }
  if (!result.detail.empty()) details.emplace_back(static_cast<std::uint32_t>(index), result.detail);
}

void SeriesColumns::truncate(std::size_t count) {
  assert(count <= size());
  const auto widest_gap = [this](std::size_t from, std::size_t to) {
    std::int64_t widest = 0;
    for (std::size_t i = from + 1; i < to; ++i) widest = std::max(widest, time_ms[i] - time_ms[i - 1]);
    return saturated(widest);
  };
  while (!runs.empty() && runs.back().begin >= count) runs.pop_back();
  if (!runs.empty() && runs.back().end > count) {
    Run& last = runs.back();
    // Most cuts are near the end and leave the widest gap where it is: then the rest of the run need not be walked.
    const std::uint32_t gone = widest_gap(count - 1, last.end);
    last.end = static_cast<std::uint32_t>(count);
    last.last_ms = time_ms[count - 1];
    if (gone >= last.max_gap_ms) last.max_gap_ms = widest_gap(last.begin, count);
  }
  time_ms.resize(count);
  latency_us.resize(std::min(latency_us.size(), count));
  while (!details.empty() && details.back().first >= count) details.pop_back();
  phases.resize(std::min(phases.size(), count));
  has_phases.resize(std::min(has_phases.size(), count));
  if (std::find(has_phases.begin(), has_phases.end(), 1) != has_phases.end()) return;
  phases.clear();
  has_phases.clear();
}

std::size_t SeriesColumns::memory_bytes() const noexcept {
  std::size_t bytes = sizeof(SeriesColumns) + time_ms.capacity() * sizeof(std::int64_t) +
                      latency_us.capacity() * sizeof(std::uint32_t) + phases.capacity() * sizeof(Phases) +
                      has_phases.capacity() + runs.capacity() * sizeof(Run);
  for (const auto& detail : details) bytes += sizeof(detail) + detail.second.capacity();
  return bytes;
}

CheckResult SeriesColumns::at(std::size_t index, ServerId server) const {
  const Segment segment{location, 0, time_ms, latency_us, phases, has_phases, runs, {}};
  CheckResult result = segment.at(static_cast<std::uint32_t>(index), server);
  const auto detail =
      std::partition_point(details.begin(), details.end(), [&](const auto& entry) { return entry.first < index; });
  if (detail != details.end() && detail->first == index) result.detail = detail->second;
  return result;
}

std::vector<SeriesColumns> to_columns(std::span<const CheckResult> sorted) {
  std::map<LocationId, std::size_t> sizes;
  auto size = sizes.end();
  for (const CheckResult& result : sorted) {
    if (size == sizes.end() || size->first != result.location) size = sizes.try_emplace(result.location).first;
    ++size->second;
  }
  std::vector<SeriesColumns> series(sizes.size());
  auto place = series.begin();
  for (const auto& [location, results] : sizes) {
    place->location = location;
    place->time_ms.reserve(results);
    place->latency_us.reserve(results);
    ++place;
  }
  place = series.begin();
  for (const CheckResult& result : sorted) {
    if (place->location != result.location) {
      place = std::lower_bound(series.begin(), series.end(), result.location,
                               [](const SeriesColumns& s, LocationId location) { return s.location < location; });
    }
    place->push_back(result);
  }
  return series;
}

}  // namespace nines::engine
