#include "peers/gatus_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "peers/failure_text.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kNsPerUs = 1000;
constexpr std::string_view kFromEvents = "Gatus: from one change of state to the next";
constexpr std::string_view kFromCounts = "Gatus: all checks of an hour or day alike";

struct Endpoint {
  std::int64_t id = 0;
  std::string key;
  std::string name;
  std::string group;
  std::int64_t interval_ms = 0;
  std::int64_t first_ms = -1;  // its first result's
};

struct Event {
  std::int64_t time_ms = 0;
  bool up = false;
};

struct Count {
  std::int64_t from_ms = 0;
  std::int64_t checks = 0;
  std::int64_t successes = 0;
};

// The store does not say how often an endpoint is checked: the usual distance of two results does.
Result<void> read_interval(const SqliteFile& database, Endpoint& endpoint) {
  std::vector<std::int64_t> distances;
  std::int64_t before = -1;
  auto read = for_rows(
      database,
      fmt::format(
          "SELECT timestamp FROM endpoint_results WHERE endpoint_id = {} ORDER BY endpoint_result_id LIMIT 1000",
          endpoint.id),
      [&](const SqliteRows& row) {
        const std::int64_t time = time_ms_of(row.text(0));
        if (time < 0) return;
        if (endpoint.first_ms < 0) endpoint.first_ms = time;
        if (before >= 0 && time > before) distances.push_back(time - before);
        before = time;
      });
  if (!read || distances.empty()) return read;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  constexpr std::int64_t kSecondMs = 1000;
  endpoint.interval_ms = std::max<std::int64_t>((*middle + kSecondMs / 2) / kSecondMs, 1) * kSecondMs;
  return read;
}

/// What the conditions of one result say: those that failed, and whether all of them are about being slow or about an
/// expiry, which leave the server in use.
struct Failed {
  std::string conditions;
  bool any = false;
  bool slow_only = true;
  bool expiry_only = true;
};

Failed read_conditions(SqliteRows& conditions, std::int64_t result) {
  Failed failed;
  conditions.bind(1, result);
  while (true) {
    const auto more = conditions.next();
    if (!more || !*more) return failed;
    const std::string_view text = conditions.text(0);
    failed.any = true;
    failed.conditions.append(failed.conditions.empty() ? "" : "; ").append(text);
    failed.slow_only = failed.slow_only && text.starts_with("[RESPONSE_TIME]");
    failed.expiry_only =
        failed.expiry_only && (text.starts_with("[CERTIFICATE_EXPIRATION]") || text.starts_with("[DOMAIN_EXPIRATION]"));
  }
}

void judge(CheckResult& result, std::string_view errors, const Failed& failed, bool external) {
  result.state = State::down;
  std::string text(errors);
  for (auto at = text.find("|~|"); at != std::string::npos; at = text.find("|~|")) text.replace(at, 3, "; ");
  if (text.empty() && failed.any && (failed.slow_only || failed.expiry_only)) {
    result.state = State::degraded;
    result.error = failed.slow_only ? ErrorClass::slow : ErrorClass::certificate;
  } else {
    result.error = error_class_in(text.empty() ? failed.conditions : text);
    if (external && result.error == ErrorClass::other) result.error = ErrorClass::reported;
  }
  if (!failed.conditions.empty()) text.append(text.empty() ? "" : "; ").append(failed.conditions);
  result.detail = std::move(text);
}

Result<void> read_results(const SqliteFile& database, const Endpoint& endpoint, HistoryWriter& writer) {
  auto conditions = database.ask(
      "SELECT condition FROM endpoint_result_conditions WHERE endpoint_result_id = ?1 AND success = 0 ORDER BY "
      "endpoint_result_condition_id");
  auto total = database.ask("SELECT count(*) FROM endpoint_result_conditions WHERE endpoint_result_id = ?1");
  auto rows = database.ask(fmt::format(
      "SELECT endpoint_result_id, success, errors, connected, status, duration, timestamp FROM endpoint_results WHERE "
      "endpoint_id = {} ORDER BY endpoint_result_id",
      endpoint.id));
  if (!conditions) return tl::unexpected(conditions.error());
  if (!total) return tl::unexpected(total.error());
  if (!rows) return tl::unexpected(rows.error());
  TimeMs last{};
  while (writer.row()) {
    const auto more = rows->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    const std::int64_t time_ms = time_ms_of(rows->text(6));
    const std::int64_t duration_ns = rows->integer(5);
    if (time_ms < 0 || duration_ns < 0) {
      writer.leave_out("results whose time or duration cannot be read");
      continue;
    }
    const Failed failed = read_conditions(*conditions, rows->integer(0));
    total->bind(1, rows->integer(0));
    if (const auto counted = total->next(); !counted) return tl::unexpected(counted.error());
    const bool external = rows->integer(3) == 0 && rows->integer(4) == 0 && total->integer(0) == 0;
    CheckResult result;
    // Its time is that of the check's end; a report from outside has arrived then.
    result.time = from_ms(external ? time_ms : std::max<std::int64_t>(time_ms - duration_ns / kNsPerMs, 0));
    if (result.time < last) {
      writer.leave_out("results that are not in the order of their times");
      continue;
    }
    last = result.time;
    result.interval_ms = static_cast<std::uint32_t>(endpoint.interval_ms);
    const std::int64_t status = rows->integer(4);
    result.code = static_cast<std::uint16_t>(status > 0 && status <= 0xFFFF ? status : 0);
    if (rows->integer(1) != 0) {
      result.state = State::up;
    } else {
      judge(result, rows->text(2), failed, external);
    }
    const std::int64_t latency_us = duration_ns / kNsPerUs;
    const bool answered = result.state != State::down || result.code != 0;
    if (answered && duration_ns > 0 && latency_us <= kMaxLatencyUs) {
      result.latency_us = static_cast<std::uint32_t>(latency_us);
    }
    if (auto taken = writer.take(std::move(result)); !taken) return taken;
  }
  return {};
}

Result<std::vector<Event>> read_events(const SqliteFile& database, std::int64_t endpoint) {
  std::vector<Event> events;
  auto read = for_rows(database,
                       fmt::format("SELECT event_type, event_timestamp FROM endpoint_events WHERE endpoint_id = {} "
                                   "ORDER BY endpoint_event_id",
                                   endpoint),
                       [&](const SqliteRows& row) {
                         const std::int64_t time = time_ms_of(row.text(1));
                         const bool up = row.text(0) == "HEALTHY";
                         if (time >= 0 && (up || row.text(0) == "UNHEALTHY")) events.push_back({time, up});
                       });
  if (!read) return tl::unexpected(read.error());
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time_ms < b.time_ms; });
  return events;
}

Result<std::vector<Count>> read_counts(const SqliteFile& database, std::int64_t endpoint) {
  std::vector<Count> counts;
  auto read = for_rows(
      database,
      fmt::format("SELECT hour_unix_timestamp, total_executions, successful_executions FROM endpoint_uptimes WHERE "
                  "endpoint_id = {} ORDER BY hour_unix_timestamp",
                  endpoint),
      [&](const SqliteRows& row) {
        counts.push_back({row.integer(0) * 1000, row.integer(1), row.integer(2)});
      });
  if (!read) return tl::unexpected(read.error());
  return counts;
}

/// The stretch that `count` is of, if the endpoint was checked all through it.
std::optional<Window> covered_by(const Count& count, std::int64_t interval_ms) {
  if (interval_ms <= 0) return std::nullopt;
  const std::int64_t an_hour = std::max<std::int64_t>(kHourMs / interval_ms, 1);
  // Older rows are of a whole day, which nothing but their count says.
  const std::int64_t length_ms = count.checks > an_hour + an_hour / 20 + 1 ? kDayMs : kHourMs;
  const std::int64_t expected = length_ms / interval_ms;
  constexpr std::int64_t kSlackAnHour = 2;  // so many may be missing at once before a result holds no more
  if (expected == 0 || count.checks < expected - kSlackAnHour * (length_ms / kHourMs)) return std::nullopt;
  return Window{from_ms(count.from_ms), from_ms(count.from_ms + length_ms)};
}

/// What is known of the time before the results.
void know_earlier(const Endpoint& endpoint, const std::vector<Event>& events, const std::vector<Count>& counts,
                  HistoryWriter& writer) {
  const std::int64_t end_ms = endpoint.first_ms >= 0 ? endpoint.first_ms : std::numeric_limits<std::int64_t>::max() / 2;
  const std::int64_t events_from_ms = events.empty() ? end_ms : std::min(events.front().time_ms, end_ms);
  const auto know = [&](std::int64_t from, std::int64_t to, bool up, std::string_view why) {
    writer.know({from_ms(from), from_ms(std::min(to, end_ms))}, up ? State::up : State::down, why);
  };
  for (const Count& count : counts) {
    const auto window = covered_by(count, endpoint.interval_ms);
    const bool alike = count.successes == count.checks || count.successes == 0;
    if (window && alike) {
      know(to_ms(window->from), std::min(to_ms(window->to), events_from_ms), count.successes > 0, kFromCounts);
    }
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].time_ms >= end_ms) break;
    const std::int64_t to = i + 1 < events.size() ? events[i + 1].time_ms : end_ms;
    if (!events[i].up) {
      // Without an end nobody says how long it was checked.
      if (i + 1 < events.size() || endpoint.first_ms >= 0) know(events[i].time_ms, to, false, kFromEvents);
      continue;
    }
    for (const Count& count : counts) {
      const auto window = covered_by(count, endpoint.interval_ms);
      if (!window || to_ms(window->to) <= events[i].time_ms || to_ms(window->from) >= to) continue;
      know(std::max(to_ms(window->from), events[i].time_ms), std::min(to_ms(window->to), to), true, kFromEvents);
    }
  }
}

}  // namespace

Result<bool> is_gatus(const SqliteFile& database) {
  const auto results = database.columns("endpoint_results");
  if (!results) return tl::unexpected(results.error());
  const auto endpoints = database.columns("endpoints");
  if (!endpoints) return tl::unexpected(endpoints.error());
  return results->contains("endpoint_id") && results->contains("timestamp") && endpoints->contains("endpoint_key");
}

Result<void> read_gatus_history(const SqliteFile& database, HistoryWriter& writer) {
  std::vector<Endpoint> endpoints;
  auto read = for_rows(
      database, "SELECT endpoint_id, endpoint_key, endpoint_name, endpoint_group FROM endpoints ORDER BY endpoint_id",
      [&](const SqliteRows& row) {
        endpoints.push_back(
            {row.integer(0), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3))});
      });
  if (!read) return read;
  std::uint64_t sums = 0;
  std::uint64_t changes = 0;
  for (Endpoint& endpoint : endpoints) {
    if (auto interval = read_interval(database, endpoint); !interval) return interval;
    const auto events = read_events(database, endpoint.id);
    if (!events) return tl::unexpected(events.error());
    const auto counts = read_counts(database, endpoint.id);
    if (!counts) return tl::unexpected(counts.error());
    sums += counts->size();
    changes += events->size();
    PeerServer server;
    server.origin = "gatus/" + endpoint.key;
    server.entry.name = endpoint.name;
    server.entry.group = endpoint.group;
    server.entry.created_at = from_ms(std::max<std::int64_t>(endpoint.first_ms, 0));
    if (!events->empty()) server.entry.created_at = std::min(server.entry.created_at, from_ms(events->front().time_ms));
    if (endpoint.interval_ms > 0) server.entry.rules.front().interval = milliseconds{endpoint.interval_ms};
    auto begun = writer.begin(std::move(server));
    if (!begun) return tl::unexpected(begun.error());
    if (!*begun) continue;
    know_earlier(endpoint, *events, *counts, writer);
    if (auto results = read_results(database, endpoint, writer); !results) return results;
    if (auto ended = writer.end(); !ended) return ended;
    if (writer.options().interrupted && writer.options().interrupted()) return {};
  }
  writer.leave_out("changes of state (as times, not as checks)", changes);
  writer.leave_out("counts by hour or day (they told where it was checking; their means have no place)", sums);
  for (const auto& [table, what] :
       {std::pair<const char*, const char*>{"suite_results", "results of suites as a whole"},
        {"endpoint_alerts_triggered", "alerts that are out now"}}) {
    const auto columns = database.columns(table);
    if (!columns) return tl::unexpected(columns.error());
    if (columns->empty()) continue;
    auto counted =
        for_rows(database, fmt::format("SELECT count(*) FROM {}", table), [&, words = what](const SqliteRows& row) {
          writer.leave_out(words, static_cast<std::uint64_t>(row.integer(0)));
        });
    if (!counted) return counted;
  }
  return {};
}

}  // namespace nines::tools
