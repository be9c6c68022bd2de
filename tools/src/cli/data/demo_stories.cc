#include "cli/data/demo_stories.h"

#include <algorithm>
#include <string>
#include <utility>

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

/// The same for the same numbers, everywhere (splitmix64's finalizer).
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

/// A latency of `usual_ms`, give or take a fifth.
std::uint32_t about(std::uint32_t usual_ms, TimeMs time, std::uint64_t salt) {
  const std::uint32_t us = usual_ms * 1'000;
  const std::uint32_t span = us * 2 / 5 + 1;
  return us - span / 2 + static_cast<std::uint32_t>(mixed(static_cast<std::uint64_t>(to_ms(time)) ^ salt) % span);
}

void fail(CheckResult& result, ErrorClass error, std::uint16_t code, std::string detail) {
  result.state = State::down;
  result.error = error;
  result.code = code;
  result.detail = std::move(detail);
  result.latency_us.reset();
}

void down_now(CheckResult& result, TimeMs now) {
  if (result.time >= now - std::chrono::minutes{40}) fail(result, ErrorClass::http_status, 503, "Service Unavailable");
}

void flapping(CheckResult& result, TimeMs now) {
  if (result.time < now - std::chrono::hours{6}) return;
  // Eight minutes good, four bad, again and again.
  if (to_ms(result.time) / 60'000 % 12 >= 8) fail(result, ErrorClass::timeout, 0, "no answer within 10s");
}

void blips(CheckResult& result, TimeMs /*now*/) {
  // Every third check alone: no outage is ever confirmed.
  if (to_ms(result.time) / 60'000 % 3 == 0) fail(result, ErrorClass::reset, 0, "connection reset by peer");
}

void slow_since_deploy(CheckResult& result, TimeMs now) {
  if (result.time < now - std::chrono::hours{9}) return;
  result.latency_us = about(940, result.time, 3);
  if (*result.latency_us <= 900'000) return;
  result.state = State::degraded;
  result.error = ErrorClass::slow;
  result.detail = "slower than 900ms";
}

void in_maintenance(CheckResult& result, TimeMs now) {
  if (result.time >= now - std::chrono::minutes{20}) fail(result, ErrorClass::connect_refused, 0, "connection refused");
}

constexpr std::chrono::days kWarned{3};         // so long ago
constexpr std::chrono::days kWarnedBefore{14};  // it expires

void certificate_runs_out(CheckResult& result, TimeMs now) {
  if (result.time < now - kWarned) return;
  result.state = State::degraded;
  result.error = ErrorClass::certificate;
  result.detail = "the certificate expires in less than 14 days";
}

void one_place_down(CheckResult& result, TimeMs now) {
  // Two thirds of the places see it: the majority says up.
  if (result.location == LocationId{2} && result.time >= now - std::chrono::hours{2}) {
    fail(result, ErrorClass::connect_timeout, 0, "no connection within 5s");
  }
}

/// How the time of a check of HTTPS is spent: the names and the connection take what they always take, and what is
/// slow is the server.
Phases phases_of(std::uint32_t latency_us, TimeMs time, std::uint64_t salt) {
  Phases phases;
  phases.dns_us = about(4, time, salt + 11);
  phases.connect_us = about(14, time, salt + 12);
  phases.tls_us = about(31, time, salt + 13);
  phases.transfer_us = about(6, time, salt + 14);
  const std::uint32_t before = phases.dns_us + phases.connect_us + phases.tls_us;
  phases.first_byte_us = latency_us > before + phases.transfer_us ? latency_us - before - phases.transfer_us : 0;
  return phases;
}

}  // namespace

std::vector<DemoStory> demo_stories(TimeMs begin, TimeMs now) {
  struct Plot {
    const char* name;
    const char* group;
    void (*tell)(CheckResult&, TimeMs);
    double objective;
    std::size_t locations;
  };
  constexpr Plot kPlots[] = {
      {"payments", "shop", down_now, 0.999, 1},
      {"search", "shop", flapping, 0.999, 1},
      {"checkout", "shop", slow_since_deploy, 0.9995, 1},
      {"mail", "office", in_maintenance, 0.0, 1},
      {"www", "shop", certificate_runs_out, 0.999, 1},
      {"api", "shop", one_place_down, 0.9999, 3},
      {"sensor", "office", blips, 0.0, 1},
  };
  std::vector<DemoStory> stories;
  for (const Plot& plot : kPlots) {
    DemoStory story{.server = {}, .locations = {}, .tell = plot.tell};
    Server& server = story.server;
    server.name = plot.name;
    server.group = plot.group;
    server.url = std::string("https://") + plot.name + ".example/";
    server.created_at = begin;
    if (plot.objective > 0) server.objective = plot.objective;
    if (plot.tell == in_maintenance) {
      Maintenance window;
      window.once = {now - std::chrono::minutes{30}, now + std::chrono::hours{1}};
      window.note = "new disks";
      server.maintenance.push_back(window);
    }
    for (std::size_t i = 0; i < plot.locations; ++i) {
      story.locations.push_back(LocationId{static_cast<std::uint16_t>(i)});
    }
    stories.push_back(std::move(story));
  }
  return stories;
}

void tell_story(const DemoStory& story, Window window, TimeMs now, std::vector<CheckResult>& results) {
  const std::int64_t interval = story.server.current_rules().interval.count();
  const std::int64_t first = (to_ms(window.from) + interval - 1) / interval * interval;
  for (std::int64_t ms = first; ms < to_ms(window.to); ms += interval) {
    for (const LocationId location : story.locations) {
      CheckResult result;
      result.time = from_ms(ms);
      result.location = location;
      result.state = State::up;
      result.code = 200;
      result.interval_ms = static_cast<std::uint32_t>(interval);
      const std::uint64_t salt = story.server.name.size() * 31 + static_cast<std::uint16_t>(location);
      result.latency_us = about(120, result.time, salt);
      story.tell(result, now);
      if (result.latency_us) result.phases = phases_of(*result.latency_us, result.time, salt);
      results.push_back(std::move(result));
    }
  }
}

std::map<std::string, TimeMs> demo_certificates(TimeMs now) {
  return {{"www", now - kWarned + kWarnedBefore}};
}

}  // namespace nines::tools
