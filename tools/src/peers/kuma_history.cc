#include "peers/kuma_history.h"

#include <fmt/format.h>
#include <nines/hold.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "peers/failure_text.h"
#include "peers/kuma_maintenance.h"
#include "peers/kuma_monitors.h"
#include "show/output.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// heartbeat.status.
constexpr std::int64_t kDown = 0;
constexpr std::int64_t kUp = 1;
constexpr std::int64_t kPending = 2;
constexpr std::int64_t kMaintenance = 3;

constexpr std::int64_t kHourMs = 3'600'000;
// 2.x throws away beats that are older than this, once a night.
constexpr std::int64_t kRawMs = 24 * kHourMs;

constexpr std::string_view kCarried = "Uptime Kuma: from one change of state to the next";
constexpr std::string_view kUnderMaintenance = "Uptime Kuma: beats under maintenance";

/// What 2.x counted in an hour or a day.
struct Sum {
  std::int64_t from_ms = 0;
  std::int64_t length_ms = 0;
  std::int64_t to_ms = 0;  // where what counts the same more exactly begins
  std::int64_t up = 0;
  std::int64_t down = 0;
  std::int64_t maintenance = 0;
};

struct Source {
  KumaMonitors monitors;
  std::map<std::int64_t, std::vector<KumaMaintenance>> maintenance;  // by monitor
  std::string zone;
  bool has_sums = false;  // 2.x
  bool sums_right = true;
  std::int64_t last_ms = 0;  // of all beats
};

// Its migration from 1.x takes the old times, which are UTC, for local ones: its buckets then lie hours beside the
// beats that they are of, and days that were split are written over. Seen where the sums of the last day disagree with
// the beats, all of which are still there.
Result<bool> sums_agree(const SqliteFile& database, const Source& source) {
  auto later = database.ask("SELECT max(timestamp) FROM stat_minutely");
  if (!later) return tl::unexpected(later.error());
  if (const auto more = later->next(); !more) return tl::unexpected(more.error());
  if (later->integer(0) * 1000 > source.last_ms) return false;
  // The oldest hours may have lost beats to a clean-up since; of the rest each must be in its minute.
  const std::int64_t from_s = (source.last_ms - kRawMs / 2) / 1000 / 3600 * 3600;
  auto rows = database.ask(fmt::format(
      "SELECT (SELECT sum(up + down) FROM stat_minutely WHERE timestamp >= {0}), (SELECT count(*) FROM heartbeat "
      "WHERE status IN (0, 1, 2) AND time >= datetime({0}, 'unixepoch') AND monitor_id IN (SELECT monitor_id FROM "
      "stat_minutely))",
      from_s));
  if (!rows) return tl::unexpected(rows.error());
  if (const auto more = rows->next(); !more) return tl::unexpected(more.error());
  const double counted = rows->number(0);
  const double beats = rows->number(1);
  constexpr double kTolerance = 0.02;  // beats that were on their way when it was stopped
  return std::abs(counted - beats) <= std::max(2.0, beats * kTolerance);
}

Result<std::vector<Sum>> read_sums(const SqliteFile& database, std::int64_t monitor) {
  std::vector<Sum> sums;
  std::int64_t hours_from_ms = std::numeric_limits<std::int64_t>::max();
  for (const auto& [table, length_ms] :
       {std::pair<std::string_view, std::int64_t>{"stat_hourly", kHourMs}, {"stat_daily", kDayMs}}) {
    const std::string sql = fmt::format(
        "SELECT timestamp, up, down, extras FROM {} WHERE monitor_id = {} ORDER BY timestamp", table, monitor);
    const auto read = for_rows(database, sql, [&, length = length_ms](const SqliteRows& row) {
      const std::int64_t from_ms = row.integer(0) * 1000;
      Sum sum{from_ms, length, from_ms + length, row.integer(1), row.integer(2), 0};
      const Json extras = Json::parse(row.text(3), nullptr, false);
      if (extras.is_object() && extras.contains("maintenance") && extras["maintenance"].is_number_integer()) {
        sum.maintenance = extras["maintenance"];
      }
      if (length == kHourMs) hours_from_ms = std::min(hours_from_ms, sum.from_ms);
      // A day is asked only where its hours are gone.
      if (length != kHourMs) sum.to_ms = std::min(sum.to_ms, hours_from_ms);
      if (sum.from_ms < sum.to_ms) sums.push_back(sum);
    });
    if (!read) return tl::unexpected(read.error());
  }
  std::sort(sums.begin(), sums.end(), [](const Sum& a, const Sum& b) { return a.from_ms < b.from_ms; });
  return sums;
}

/// Whether the monitor was checked all through `sum`: nowhere can more be missing than a result holds for. More checks
/// than today's interval explains mean that it was another one then, and nothing is told.
bool covers(const Sum& sum, const KumaMonitor& monitor, std::int64_t hold) {
  const std::int64_t count = sum.up + sum.down + sum.maintenance;
  const std::int64_t expected = sum.length_ms / (monitor.interval_s * 1000);
  const std::int64_t slack = std::max<std::int64_t>(1, hold / (monitor.interval_s * 1000));
  if (count < expected - slack * (sum.length_ms / kHourMs)) return false;
  // A push job reports as often as it likes, and after a failure the checks are closer.
  if (monitor.type == "push" || sum.down > 0) return true;
  return count <= expected + std::max<std::int64_t>(slack, expected / 20);
}

/// The history of one monitor, beat after beat.
class Beats {
 public:
  Beats(const Source& source, const KumaMonitor& monitor, std::vector<Sum> sums, HistoryWriter& writer)
      : source_(source), monitor_(monitor), sums_(std::move(sums)), writer_(writer) {
    Rules rules;
    rules.interval = seconds{monitor.interval_s};
    rules.timeout = milliseconds{monitor.timeout_ms};
    hold_ms_ = hold_of(rules, 0).count();
  }

  struct Beat {
    std::int64_t time_ms = 0;
    std::int64_t status = kUp;
    std::optional<double> ping_ms;
    std::string msg;
  };

  Result<void> take(Beat beat) {
    if (before_) between(*before_, beat.time_ms, beat.status);
    auto taken = beat.status == kMaintenance ? Result<void>{} : writer_.take(result_of(beat));
    if (beat.status == kMaintenance && !maintenance_from_ms_) maintenance_from_ms_ = beat.time_ms;
    before_ = std::move(beat);
    return taken;
  }

  /// After the last beat.
  void end() {
    if (maintenance_from_ms_) {
      end_maintenance(before_->time_ms + monitor_.interval_s * 1000);
    }
  }

 private:
  CheckResult result_of(const Beat& beat) const {
    CheckResult result;
    result.time = from_ms(beat.time_ms);
    result.state = beat.status == kUp ? State::up : State::down;
    const bool again = before_ && before_->status == kPending;
    result.retry = again && monitor_.retry_interval_s < monitor_.interval_s;
    // After a pending beat the next comes after another interval, which may be the longer one.
    const std::int64_t interval_s = beat.status == kPending ? monitor_.retry_interval_s : monitor_.interval_s;
    result.interval_ms = static_cast<std::uint32_t>(interval_s * 1000);
    if (beat.ping_ms && *beat.ping_ms >= 0 && *beat.ping_ms * 1000 <= kMaxLatencyUs && monitor_.type != "manual") {
      result.latency_us = static_cast<std::uint32_t>(std::llround(*beat.ping_ms * 1000));
    }
    const bool http = monitor_.type == "http" || monitor_.type == "keyword" || monitor_.type == "json-query";
    if (http) result.code = status_code_in(beat.msg);
    if (result.state == State::down) {
      result.detail = beat.msg;
      result.error = error_class_in(beat.msg);
      if (monitor_.type == "push" && result.error != ErrorClass::silence) result.error = ErrorClass::reported;
    }
    return result;
  }

  void end_maintenance(std::int64_t to_ms) {
    writer_.know({from_ms(*maintenance_from_ms_), from_ms(to_ms)}, State::maintenance, kUnderMaintenance);
    maintenance_from_ms_.reset();
  }

  // What is known of the time from `before` to the next beat, which has `next_status`.
  void between(const Beat& before, std::int64_t next_ms, std::int64_t next_status) {
    const bool gap = next_ms - before.time_ms > hold_ms_;
    if (maintenance_from_ms_ && (next_status != kMaintenance || (gap && !source_.has_sums))) {
      end_maintenance(gap && !source_.has_sums ? before.time_ms + monitor_.interval_s * 1000 : next_ms);
    }
    if (!gap || !source_.has_sums || before.status == kMaintenance || before.status == kPending) return;
    const State state = before.status == kUp ? State::up : State::down;
    // An outage that a later beat ended is told by the two alone.
    const bool pruned = before.time_ms < source_.last_ms - kRawMs;
    if (state == State::down && pruned && next_status != kDown) {
      writer_.know({from_ms(before.time_ms), from_ms(next_ms)}, state, kCarried);
      return;
    }
    if (!source_.sums_right) return;
    for (const Sum& sum : sums_) {
      if (sum.to_ms <= before.time_ms || sum.from_ms >= next_ms) continue;
      if (!covers(sum, monitor_, hold_ms_)) continue;
      writer_.know({from_ms(std::max(sum.from_ms, before.time_ms)), from_ms(std::min(sum.to_ms, next_ms))}, state,
                   kCarried);
    }
  }

  const Source& source_;
  const KumaMonitor& monitor_;
  std::vector<Sum> sums_;
  HistoryWriter& writer_;
  std::int64_t hold_ms_ = 0;
  std::optional<Beat> before_;
  std::optional<std::int64_t> maintenance_from_ms_;
};

PeerServer server_of(const Source& source, const KumaMonitor& monitor, std::int64_t first_ms, std::int64_t last_ms,
                     HistoryWriter& writer) {
  PeerServer server;
  server.origin = fmt::format("uptime-kuma/{}", monitor.id);
  Server& entry = server.entry;
  entry.name = monitor.name;
  entry.url = monitor.url;
  entry.group = group_path(source.monitors, monitor);
  entry.tags = monitor.tags;
  entry.created_at = from_ms(std::max<std::int64_t>(first_ms, 0));
  Rules& rules = entry.rules.front();
  rules.interval = seconds{monitor.interval_s};
  rules.timeout = milliseconds{monitor.timeout_ms};
  rules.confirm_failures = static_cast<std::uint16_t>(monitor.max_retries + 1);
  if (!monitor.active) server.paused_since_ms = last_ms + monitor.interval_s * 1000;
  if (const auto found = source.maintenance.find(monitor.id); found != source.maintenance.end()) {
    for (const KumaMaintenance& row : found->second) {
      const auto windows = read_kuma_maintenance(row, from_ms(last_ms), source.zone);
      if (windows) {
        entry.maintenance.insert(entry.maintenance.end(), windows->begin(), windows->end());
      } else {
        writer.leave_out(fmt::format("maintenance windows of monitors: {}", windows.error().message));
      }
    }
  }
  return server;
}

/// The first and last beat of each monitor.
Result<std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>> read_lives(const SqliteFile& database) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> lives;
  const auto read = for_rows(database, "SELECT monitor_id, min(time), max(time) FROM heartbeat GROUP BY monitor_id",
                             [&](const SqliteRows& row) {
                               lives[row.integer(0)] = {time_ms_of(row.text(1)), time_ms_of(row.text(2))};
                             });
  if (!read) return tl::unexpected(read.error());
  return lives;
}

Result<void> read_beats(const SqliteFile& database, const Source& source,
                        const std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>& lives,
                        HistoryWriter& writer) {
  auto rows = database.ask("SELECT monitor_id, status, time, ping, msg FROM heartbeat ORDER BY monitor_id, time, id");
  if (!rows) return tl::unexpected(rows.error());
  std::int64_t current = -1;
  const KumaMonitor* monitor = nullptr;
  std::optional<Beats> beats;
  while (true) {
    const auto more = rows->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more || !writer.row()) break;
    if (rows->integer(0) != current) {
      if (beats) beats->end();
      beats.reset();
      current = rows->integer(0);
      const auto found = source.monitors.find(current);
      monitor = found == source.monitors.end() ? nullptr : &found->second;
      if (monitor != nullptr && monitor->type != "group") {
        const auto life = lives.find(current);
        const auto [first, last] = life != lives.end() ? life->second : std::pair<std::int64_t, std::int64_t>{0, 0};
        auto taken = writer.begin(server_of(source, *monitor, first, last, writer));
        if (!taken) return tl::unexpected(taken.error());
        auto sums = source.has_sums ? read_sums(database, current) : std::vector<Sum>{};
        if (!sums) return tl::unexpected(sums.error());
        if (*taken) beats.emplace(source, *monitor, std::move(*sums), writer);
      }
    }
    if (!beats) {
      writer.leave_out(monitor == nullptr         ? "beats of monitors that are not in the store any more"
                       : monitor->type == "group" ? "beats of groups"
                                                  : "beats of servers that are not in the catalog");
      continue;
    }
    Beats::Beat beat;
    beat.status = rows->integer(1);
    beat.time_ms = time_ms_of(rows->text(2));
    if (beat.time_ms < 0 || beat.status < kDown || beat.status > kMaintenance) {
      writer.leave_out("beats whose time or status cannot be read");
      continue;
    }
    if (!rows->is_null(3)) beat.ping_ms = rows->number(3);
    if (beat.status != kUp || !rows->text(4).empty()) beat.msg = rows->text(4);
    if (auto taken = beats->take(std::move(beat)); !taken) return taken;
  }
  if (beats) beats->end();
  return writer.end();
}

/// Rows of `table`, 0 when there is none.
Result<std::uint64_t> count_rows(const SqliteFile& database, const std::string& table) {
  const auto columns = database.columns(table);
  if (!columns) return tl::unexpected(columns.error());
  if (columns->empty()) return 0;
  auto rows = database.ask(fmt::format("SELECT count(*) FROM \"{}\"", table));
  if (!rows) return tl::unexpected(rows.error());
  if (const auto more = rows->next(); !more) return tl::unexpected(more.error());
  return static_cast<std::uint64_t>(rows->integer(0));
}

}  // namespace

Result<std::vector<std::pair<std::int64_t, KumaMaintenance>>> read_kuma_windows(const SqliteFile& database,
                                                                                std::uint64_t& switched_off) {
  std::vector<std::pair<std::int64_t, KumaMaintenance>> windows;
  const auto monitors = read_kuma_monitors(database);
  if (!monitors) return tl::unexpected(monitors.error());
  const auto columns = database.columns("maintenance");
  if (!columns) return tl::unexpected(columns.error());
  if (!columns->contains("strategy")) return windows;
  const std::string sql = fmt::format(
      "SELECT mm.monitor_id, m.active, m.title, {} FROM monitor_maintenance mm JOIN maintenance m ON m.id = "
      "mm.maintenance_id ORDER BY mm.id",
      select_list(*columns, {"strategy", "start_date", "end_date", "start_time", "end_time", "weekdays",
                             "days_of_month", "interval_day", "timezone"}));
  const auto read = for_rows(database, sql, [&](const SqliteRows& row) {
    if (row.integer(1) == 0) {
      ++switched_off;
      return;
    }
    const KumaMaintenance window{.title = std::string(row.text(2)),
                                 .strategy = std::string(row.text(3)),
                                 .start_date = std::string(row.text(4)),
                                 .end_date = std::string(row.text(5)),
                                 .start_time = std::string(row.text(6)),
                                 .end_time = std::string(row.text(7)),
                                 .weekdays = std::string(row.text(8)),
                                 .days_of_month = std::string(row.text(9)),
                                 .interval_day = row.integer(10),
                                 .timezone = std::string(row.text(11))};
    // A window on a group holds for what is in the group.
    for (const auto& [id, monitor] : *monitors) {
      if (monitor.type != "group" && lies_under(*monitors, monitor, row.integer(0))) {
        windows.emplace_back(id, window);
      }
    }
  });
  if (!read) return tl::unexpected(read.error());
  return windows;
}

Result<std::string> kuma_zone(const SqliteFile& database, const std::string& otherwise) {
  auto rows = database.ask("SELECT value FROM setting WHERE key = 'serverTimezone'");
  if (!rows) return otherwise;  // the table is not in the oldest stores
  const auto more = rows->next();
  if (!more) return tl::unexpected(more.error());
  if (!*more) return otherwise;
  const Json value = Json::parse(rows->text(0), nullptr, false);
  const std::string name = value.is_string() ? value.get<std::string>() : std::string(rows->text(0));
  return Zone::find(name) && !name.empty() ? name : otherwise;
}

Result<bool> is_kuma(const SqliteFile& database) {
  const auto beats = database.columns("heartbeat");
  if (!beats) return tl::unexpected(beats.error());
  const auto monitors = database.columns("monitor");
  if (!monitors) return tl::unexpected(monitors.error());
  return beats->contains("monitor_id") && beats->contains("status") && beats->contains("time") &&
         monitors->contains("id");
}

Result<void> read_kuma_history(const SqliteFile& database, HistoryWriter& writer) {
  Source source;
  const auto zone = kuma_zone(database, writer.options().zone);
  if (!zone) return tl::unexpected(zone.error());
  source.zone = *zone;
  const auto sums = database.columns("stat_hourly");
  if (!sums) return tl::unexpected(sums.error());
  source.has_sums = !sums->empty();
  const auto lives = read_lives(database);
  if (!lives) return tl::unexpected(lives.error());
  for (const auto& [id, life] : *lives) source.last_ms = std::max(source.last_ms, life.second);
  auto monitors = read_kuma_monitors(database);
  if (!monitors) return tl::unexpected(monitors.error());
  source.monitors = std::move(*monitors);
  for (const auto& [id, monitor] : source.monitors) {
    if (monitor.type == "group") writer.leave_out("groups as monitors of their own (their members have the group)");
  }
  std::uint64_t switched_off = 0;
  const auto windows = read_kuma_windows(database, switched_off);
  if (!windows) return tl::unexpected(windows.error());
  writer.leave_out("maintenance windows that are switched off", switched_off);
  for (const auto& [id, window] : *windows) source.maintenance[id].push_back(window);
  if (source.has_sums) {
    const auto agree = sums_agree(database, source);
    if (!agree) return tl::unexpected(agree.error());
    source.sums_right = *agree;
    if (!*agree) {
      writer.remark(
          "the sums of this store disagree with its beats, as after a migration from 1.x in another time zone than "
          "UTC: "
          "they are not used, and of older time only outages are known");
    }
  }
  if (auto read = read_beats(database, source, *lives, writer); !read) return read;
  for (const auto& [id, monitor] : source.monitors) {
    if (monitor.type != "group" && !lives->contains(id)) writer.leave_out("monitors that were never checked");
  }
  for (const auto& [table, what] :
       {std::pair<const char*, const char*>{"stat_minutely", "sums by minute"},
        {"stat_hourly", "sums by hour (their counts told where it was checking; their means have no place)"},
        {"stat_daily", "sums by day (likewise)"},
        {"notification", "notifications (`nines config import` takes those)"},
        {"status_page", "status pages"},
        {"incident", "notices of status pages"}}) {
    const auto count = count_rows(database, table);
    if (!count) return tl::unexpected(count.error());
    writer.leave_out(what, *count);
  }
  return {};
}

}  // namespace nines::tools
