#include "peers/peer_uptime.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "peers/gatus_history.h"
#include "peers/kuma_history.h"
#include "peers/kuma_monitors.h"

namespace nines::tools {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

// heartbeat.status.
constexpr std::int64_t kDown = 0;
constexpr std::int64_t kUp = 1;
constexpr std::int64_t kPending = 2;
constexpr std::int64_t kMaintenance = 3;

/// A rule is told where it changes more than the third decimal of a percentage.
constexpr double kTold = 0.000'005;

void add_rule(PeerUptime& uptime, std::string what, double without) {
  const double before = uptime.rules.empty() ? uptime.ratio.value_or(without) : uptime.rules.back().ratio;
  if (std::abs(without - before) >= kTold) uptime.rules.push_back({std::move(what), without});
}

std::optional<double> ratio_of(double part, double whole) {
  if (whole <= 0) return std::nullopt;
  return part / whole;
}

/// "2026-07-14 02:00:00" of a time, as both tools' texts of times begin; they are in UTC and sort as they follow.
std::string second_text(TimeMs time) {
  std::string text = format_time(time).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

/// "time >= '...' AND time < '...'" for the seconds that `window` touches.
std::string within(std::string_view column, Window window) {
  return fmt::format("{0} >= '{1}' AND {0} < '{2}'", column, second_text(window.from),
                     second_text(window.to + std::chrono::milliseconds{999}));
}

/// What the beats of one monitor add up to, each with the weight that its version gives it.
struct Tally {
  double up = 0;
  double down = 0;
  double unconfirmed = 0;  // pending, and up again before it was down
  double maintenance = 0;
  double pending = 0;  // of the run under way

  void take(std::int64_t status, double weight) {
    if (status == kPending) {
      pending += weight;
      return;
    }
    (status == kDown ? down : unconfirmed) += pending;
    pending = 0;
    if (status == kUp) up += weight;
    if (status == kDown) down += weight;
    if (status == kMaintenance) maintenance += weight;
  }
  void finish() { down += std::exchange(pending, 0); }
};

class Kuma {
 public:
  Kuma(const SqliteFile& database, Window window) : database_(database), window_(window) {}

  Result<PeerUptimes> read() {
    const auto columns = database_.columns("heartbeat");
    if (!columns) return tl::unexpected(columns.error());
    sums_ = columns->contains("end_time");
    const auto monitors = read_kuma_monitors(database_);
    if (!monitors) return tl::unexpected(monitors.error());
    if (auto beats = read_beats(columns->contains("duration")); !beats) return tl::unexpected(beats.error());
    PeerUptimes all;
    all.tool = "Uptime Kuma";
    for (const auto& [id, monitor] : *monitors) {
      if (monitor.type == "group") continue;
      PeerUptime uptime;
      uptime.server.origin = fmt::format("uptime-kuma/{}", id);
      uptime.server.entry.name = clean_text(monitor.name, ServerLimits::kMaxNameBytes, true);
      uptime.server.entry.group = clean_text(group_path(*monitors, monitor), ServerLimits::kMaxGroupBytes, true);
      Tally tally = tallies_[id];
      tally.finish();
      if (auto counted = sums_ ? by_sums(id, tally, uptime) : by_time(tally, uptime); !counted) {
        return tl::unexpected(counted.error());
      }
      all.servers.push_back(std::move(uptime));
    }
    all.remarks.emplace_back(
        sums_ ? "Uptime Kuma 2.x: checks that are up, of those that are up or down; a pending one is down"
              : "Uptime Kuma 1.x: the time before checks that are up or under maintenance, of all");
    return all;
  }

 private:
  Result<void> read_beats(bool has_duration) {
    return for_rows(
        database_,
        // Its index is by monitor and time.
        fmt::format("SELECT monitor_id, status, time, {} FROM heartbeat WHERE monitor_id IN (SELECT id FROM "
                    "monitor) AND {} ORDER BY monitor_id, time, id",
                    has_duration ? "duration" : "0", within("time", window_)),
        [&](const SqliteRows& row) {
          const std::int64_t time = time_ms_of(row.text(2));
          if (time < to_ms(window_.from) || time >= to_ms(window_.to)) return;
          // What 1.x weighs a beat by is the time since the one before, cut at the window's start.
          const double since_start = static_cast<double>(time - to_ms(window_.from)) / 1000;
          const double weight = sums_ ? 1 : std::min(row.number(3), since_start);
          tallies_[row.integer(0)].take(row.integer(1), weight);
        });
  }

  static Result<void> by_time(const Tally& t, PeerUptime& uptime) {
    const double all = t.up + t.down + t.unconfirmed + t.maintenance;
    uptime.ratio = ratio_of(t.up + t.maintenance, all);
    if (!uptime.ratio) return {};
    const auto without = [&](double part) { return ratio_of(part, t.up + t.down + t.unconfirmed); };
    if (const auto ratio = without(t.up)) add_rule(uptime, "maintenance counts as up there", *ratio);
    if (const auto ratio = without(t.up + t.unconfirmed))
      add_rule(uptime, "a failure that a retry undid counts there", *ratio);
    uptime.unit = "a check stands for the time before it there";
    return {};
  }

  Result<void> by_sums(std::int64_t monitor, const Tally& t, PeerUptime& uptime) const {
    const std::int64_t length = (window_.to - window_.from).count();
    const char* const table = length <= 24 * kHourMs        ? "stat_minutely"
                              : length <= 30 * 24 * kHourMs ? "stat_hourly"
                                                            : "stat_daily";
    double up = 0;
    double down = 0;
    const auto read = for_rows(
        database_,
        fmt::format("SELECT sum(up), sum(down) FROM {} WHERE monitor_id = {} AND timestamp >= {} AND timestamp < {}",
                    table, monitor, to_ms(window_.from) / 1000, to_ms(window_.to) / 1000),
        [&](const SqliteRows& row) {
          up = row.number(0);
          down = row.number(1);
        });
    if (!read) return read;
    uptime.ratio = ratio_of(up, up + down);
    if (!uptime.ratio) return {};
    uptime.unit = "each check counts the same there";
    // Where all beats are still there, the sums must be theirs.
    const double failed = t.down + t.unconfirmed;
    const auto by_beats = ratio_of(t.up, t.up + failed);
    if (by_beats && length <= 24 * kHourMs) add_rule(uptime, "its sums are not those of its checks", *by_beats);
    if (t.unconfirmed > 0) {
      const double before = uptime.rules.empty() ? *uptime.ratio : uptime.rules.back().ratio;
      add_rule(uptime, "a failure that a retry undid counts there",
               std::min(1.0, before + t.unconfirmed / (up + down)));
    }
    return {};
  }

  const SqliteFile& database_;
  const Window window_;
  bool sums_ = false;
  std::map<std::int64_t, Tally> tallies_;
};

Result<PeerUptimes> read_gatus(const SqliteFile& database, Window window) {
  PeerUptimes all;
  all.tool = "Gatus";
  all.remarks.emplace_back("Gatus: checks that were good, of all");
  std::map<std::int64_t, PeerUptime> endpoints;
  auto read = for_rows(
      database, "SELECT endpoint_id, endpoint_key, endpoint_name, endpoint_group FROM endpoints ORDER BY endpoint_id",
      [&](const SqliteRows& row) {
        PeerServer server;
        server.origin = fmt::format("gatus/{}", row.text(1));
        server.entry.name = clean_text(row.text(2), ServerLimits::kMaxNameBytes, true);
        server.entry.group = clean_text(row.text(3), ServerLimits::kMaxGroupBytes, true);
        endpoints.emplace(row.integer(0),
                          PeerUptime{.server = std::move(server), .ratio = {}, .rules = {}, .unit = {}});
      });
  if (!read) return tl::unexpected(read.error());
  std::map<std::int64_t, double> totals;
  read = for_rows(database,
                  fmt::format("SELECT endpoint_id, sum(successful_executions), sum(total_executions) FROM "
                              "endpoint_uptimes WHERE hour_unix_timestamp >= {} AND hour_unix_timestamp < {} GROUP BY "
                              "endpoint_id",
                              to_ms(window.from) / 1000, to_ms(window.to) / 1000),
                  [&](const SqliteRows& row) {
                    const auto endpoint = endpoints.find(row.integer(0));
                    if (endpoint == endpoints.end()) return;
                    endpoint->second.ratio = ratio_of(row.number(1), row.number(2));
                    totals[row.integer(0)] = row.number(2);
                  });
  if (!read) return tl::unexpected(read.error());
  // A result whose failed conditions are all about being slow, or all about an expiry, is degraded here.
  std::map<std::int64_t, double> degraded;
  read = for_rows(
      database,
      "SELECT r.endpoint_id, r.timestamp, sum(c.condition LIKE '[RESPONSE_TIME]%'), sum(c.condition LIKE "
      "'[CERTIFICATE_EXPIRATION]%' OR c.condition LIKE '[DOMAIN_EXPIRATION]%'), count(*) FROM endpoint_results r JOIN "
      "endpoint_result_conditions c ON c.endpoint_result_id = r.endpoint_result_id AND c.success = 0 WHERE r.success = "
      "0 AND r.errors = '' AND " +
          within("r.timestamp", window) + " GROUP BY r.endpoint_result_id",
      [&](const SqliteRows& row) {
        const std::int64_t time = time_ms_of(row.text(1));
        if (time < to_ms(window.from) || time >= to_ms(window.to)) return;
        if (row.integer(2) == row.integer(4) || row.integer(3) == row.integer(4)) degraded[row.integer(0)] += 1;
      });
  if (!read) return tl::unexpected(read.error());
  for (auto& [id, uptime] : endpoints) {
    uptime.unit = "each check counts the same there";
    if (uptime.ratio && degraded[id] > 0) {
      add_rule(uptime, "what is slow or expires soon is down there",
               std::min(1.0, *uptime.ratio + degraded[id] / totals[id]));
    }
    all.servers.push_back(std::move(uptime));
  }
  return all;
}

tl::unexpected<Error> neither() {
  return fail(ErrorCode::invalid_argument, "it is neither a store of Uptime Kuma nor of Gatus");
}

}  // namespace

Result<PeerUptimes> read_peer_uptimes(const SqliteFile& database, Window window) {
  const auto kuma = is_kuma(database);
  if (!kuma) return tl::unexpected(kuma.error());
  if (*kuma) return Kuma(database, window).read();
  const auto gatus = is_gatus(database);
  if (!gatus) return tl::unexpected(gatus.error());
  return *gatus ? read_gatus(database, window) : neither();
}

Result<std::optional<TimeMs>> last_peer_check(const SqliteFile& database) {
  const auto kuma = is_kuma(database);
  if (!kuma) return tl::unexpected(kuma.error());
  const auto gatus = is_gatus(database);
  if (!gatus) return tl::unexpected(gatus.error());
  if (!*kuma && !*gatus) return neither();
  std::optional<TimeMs> last;
  const auto read =
      for_rows(database, *kuma ? "SELECT max(time) FROM heartbeat" : "SELECT max(timestamp) FROM endpoint_results",
               [&](const SqliteRows& row) {
                 if (const std::int64_t time = time_ms_of(row.text(0)); time >= 0) last = from_ms(time);
               });
  if (!read) return tl::unexpected(read.error());
  return last;
}

}  // namespace nines::tools
