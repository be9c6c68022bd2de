#include "golden_values.h"

#include <random>

#include "codec/catalog_codec.h"
#include "codec/chunk.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "series/summarise.h"

namespace nines::engine::testing {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;

// Only raw outputs of the generator are used: the standard fixes them, unlike those of its distributions.
using Random = std::mt19937_64;

CheckResult judged(Random& random) {
  CheckResult result;
  result.server = ServerId{7};
  result.state = static_cast<State>(random() % 4);
  result.error = result.state == State::up ? ErrorClass::none : static_cast<ErrorClass>(random() % 22);
  result.code = static_cast<std::uint16_t>(result.state == State::up ? 200 : 400 + random() % 200);
  result.retry = random() % 3 == 0;
  result.interval_ms = random() % 4 == 0 ? 30'000 : 60'000;
  return result;
}

void add_rich_series(std::vector<CheckResult>& results, LocationId location, std::uint32_t count) {
  Random random(static_cast<std::uint64_t>(location) + 1);
  std::int64_t time_ms = kGoldenDay * kDayMs + static_cast<std::int64_t>(random() % 60'000);
  CheckResult like = judged(random);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random() % 20 == 0) like = judged(random);
    CheckResult result = like;
    result.location = location;
    result.time = from_ms(time_ms);
    if (like.state != State::down) result.latency_us = static_cast<std::uint32_t>(random() >> (32 + random() % 24));
    if (result.latency_us == kNoLatency) result.latency_us.reset();
    if (location != LocationId{0} && i % 50 < 25) {
      const auto us = static_cast<std::uint32_t>(random() % 100'000);
      result.phases = Phases{us / 10, us / 5, i % 2 == 0 ? us / 3 : 0, us, i};
    }
    if (like.state == State::down) result.detail = random() % 5 == 0 ? "connection reset" : "HTTP 503";
    results.push_back(result);
    time_ms += random() % 30 == 0 ? 10'000 : 59'950 + static_cast<std::int64_t>(random() % 101);
    if (random() % 50 == 0) time_ms += 600'000;
  }
}

}  // namespace

std::vector<SeriesColumns> golden_regular_chunk() {
  Random random(1);
  std::vector<CheckResult> results;
  for (std::uint32_t i = 0; i < 720; ++i) {
    const bool out = i >= 300 && i < 320;
    CheckResult result;
    result.server = ServerId{7};
    result.state = out ? State::down : State::up;
    result.error = out ? ErrorClass::timeout : ErrorClass::none;
    result.code = out ? 0 : 200;
    result.interval_ms = 60'000;
    result.time = from_ms(kGoldenDay * kDayMs + 100 + std::int64_t{i} * 60'000 + static_cast<int>(random() % 101) - 50);
    const auto latency_us = static_cast<std::uint32_t>(60'000 + random() % 50'000);
    if (!out) result.latency_us = random() % 100 == 0 ? latency_us * 12 : latency_us;
    if (out) result.detail = "no answer within 10 s";
    results.push_back(result);
  }
  return to_columns(results);
}

std::vector<SeriesColumns> golden_rich_chunk() {
  std::vector<CheckResult> results;
  add_rich_series(results, LocationId{0}, 500);
  add_rich_series(results, LocationId{3}, 300);
  add_rich_series(results, LocationId{65'535}, 1);
  return to_columns(results);
}

DaySummary golden_summary(const std::vector<SeriesColumns>& series) {
  DaySummary summary;
  reset_summary(summary, kGoldenDay);
  for (const SeriesColumns& s : series) add_to_summary(summary, s);
  return summary;
}

CheckResult golden_plain_row() {
  return golden_regular_chunk()[0].at(0, ServerId{7});
}

CheckResult golden_rich_row() {
  CheckResult result;
  result.server = ServerId{7};
  result.location = LocationId{3};
  result.time = from_ms(kGoldenDay * kDayMs + 12'345);
  result.state = State::down;
  result.error = ErrorClass::http_status;
  result.retry = true;
  result.code = 503;
  result.interval_ms = 7'500;
  result.latency_us = 1'234'567;
  result.phases = Phases{1500, 20'000, 45'000, 1'000'000, 168'067};
  result.detail = "HTTP 503 Service Unavailable";
  return result;
}

Server golden_server() {
  Server server;
  server.id = ServerId{7};
  server.name = "site";
  server.url = "https://example.org/";
  server.group = "core";
  server.tags = {{"team", "web"}, {"tier", "1"}};
  server.created_at = from_ms(kGoldenDay * kDayMs);
  server.rules = {Rules{}, Rules{from_ms(kGoldenDay * kDayMs + 1), milliseconds{30'000}, milliseconds{5'000}, 3, 2, 1,
                                 milliseconds{90'000}, milliseconds{300'000}}};
  Maintenance once;
  once.once = {from_ms(kGoldenDay * kDayMs), from_ms(kGoldenDay * kDayMs + 3'600'000)};
  once.note = "new disks";
  Maintenance weekly;
  weekly.repeat = Maintenance::Repeat::weekly;
  weekly.weekdays = 1;
  weekly.day_of_month = 31;
  weekly.start = minutes{120};
  weekly.length = minutes{90};
  weekly.timezone = "Europe/Paris";
  weekly.effective = {from_ms(kGoldenDay * kDayMs), kTimeLimit};
  server.maintenance = {once, weekly};
  server.corrections = {
      {{from_ms(kGoldenDay * kDayMs + 5), from_ms(kGoldenDay * kDayMs + 6)}, State::up, "our own network"}};
  server.paused = {{from_ms(kGoldenDay * kDayMs + 7), kTimeLimit}};
  server.retention = {days{400}, days{-1}};
  server.objective = 0.999;
  server.check = R"({"method":"HEAD"})";
  return server;
}

std::vector<GoldenFile> golden_files() {
  return {
      {"chunk-v1-regular", encode_chunk(golden_regular_chunk())},
      {"chunk-v1-rich", encode_chunk(golden_rich_chunk())},
      {"row-v1-plain", encode_row(golden_plain_row())},
      {"row-v1-rich", encode_row(golden_rich_row())},
      {"summary-v1-regular", encode_summary(golden_summary(golden_regular_chunk()))},
      {"summary-v1-rich", encode_summary(golden_summary(golden_rich_chunk()))},
      {"server-v1", encode_server(golden_server())},
  };
}

}  // namespace nines::engine::testing
