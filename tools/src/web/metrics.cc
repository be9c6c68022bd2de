#include "web/metrics.h"

#include <fmt/format.h>
#include <nines/dashboard.h>
#include <nines/hold.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr double kMicro = 1e-6;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

// The newest results that still hold: what is older says nothing about now, and an alert on it would stay quiet.
using Last = std::vector<std::pair<const Server*, CheckResult>>;

bool holds(const Server& server, const CheckResult& result, TimeMs at) {
  if (result.time + hold_of(server.rules_at(result.time), result.interval_ms) <= at) return false;
  return std::none_of(server.paused.begin(), server.paused.end(),
                      [&](const Window& pause) { return pause.from <= at && at < pause.to; });
}

// One family of the last result of each server; `value` gives nothing where there is none.
template <class Value>
void last_family(std::string& out, const Last& last, std::string_view name, std::string_view help, Value value) {
  metric_family(out, name, "gauge", help);
  for (const auto& [server, result] : last) {
    if (const std::optional<double> v = value(result)) metric_sample(out, name, {{"server", server->name}}, *v);
  }
}

void append_last(std::string& out, const Last& last) {
  last_family(out, last, "probe_success", "1 when the last check found its server up or degraded",
              [](const CheckResult& r) -> std::optional<double> {
                if (r.state == State::unknown) return std::nullopt;
                return r.state == State::down ? 0 : 1;
              });
  last_family(out, last, "probe_duration_seconds", "response time of the last check",
              [](const CheckResult& r) -> std::optional<double> {
                if (!r.latency_us) return std::nullopt;
                return *r.latency_us * kMicro;
              });
  last_family(out, last, "probe_http_status_code", "HTTP status or the protocol's own of the last check",
              [](const CheckResult& r) -> std::optional<double> {
                if (r.code == 0) return std::nullopt;
                return r.code;
              });
  metric_family(out, "probe_http_duration_seconds", "gauge", "time of the last check by phase");
  for (const auto& [server, result] : last) {
    if (!result.phases) continue;
    const Phases& p = *result.phases;
    const std::array<std::pair<std::string_view, std::uint32_t>, 5> phases{{{"resolve", p.dns_us},
                                                                            {"connect", p.connect_us},
                                                                            {"tls", p.tls_us},
                                                                            {"processing", p.first_byte_us},
                                                                            {"transfer", p.transfer_us}}};
    for (const auto& [phase, us] : phases) {
      metric_sample(out, "probe_http_duration_seconds", {{"server", server->name}, {"phase", phase}}, us * kMicro);
    }
  }
}

constexpr std::string_view kMonth = "30d";

Result<Dashboard> board_of(const Store& store, TimeMs at, std::chrono::hours length) {
  Query query;
  query.now = at;
  query.window = {query.now - length, query.now};
  // Ratios are the same from summaries: of each window only the days that it cuts are read.
  query.summaries = Summaries::always;
  DashboardOptions options;
  options.figures = {.latency = false, .details = false, .since = false};
  return dashboard(store, query, options);
}

void append_info(std::string& out, const Catalog& catalog) {
  metric_family(out, "nines_build_info", "gauge", "1, with the version as a label");
  metric_sample(out, "nines_build_info", {{"version", NINES_VERSION}}, 1);
  metric_family(out, "nines_server_info", "gauge", "1, with what is known of a server as labels");
  for (const Server& server : catalog.servers()) {
    metric_sample(out, "nines_server_info", {{"server", server.name}, {"group", server.group}}, 1);
  }
}

void append_store(std::string& out, const Store& store) {
  const StoreStats stats = store.stats();
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    metric_family(out, name, "gauge", help);
    metric_sample(out, name, {}, static_cast<double>(value));
  };
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    metric_family(out, name, "counter", help);
    metric_sample(out, name, {}, static_cast<double>(value));
  };
  gauge("nines_store_servers", "servers in the catalog", stats.servers);
  gauge("nines_store_disk_bytes", "size of the store's files", stats.disk_bytes);
  gauge("nines_store_recent_rows", "results that are not sealed yet", stats.recent_rows);
  gauge("nines_store_head_bytes", "memory of the newest results", stats.head_bytes);
  gauge("nines_store_block_cache_bytes", "memory of the block cache", stats.block_cache_bytes);
  gauge("nines_store_memtable_bytes", "memory of what is not in table files yet", stats.memtable_bytes);
  counter("nines_store_appended_total", "results appended since the store was opened", stats.appended);
  counter("nines_store_sealed_chunks_total", "chunks written since the store was opened", stats.sealed_chunks);
  gauge("nines_store_writable", "0 while the store takes no results: a failing or a full disk",
        store.health().writable ? 1 : 0);
  counter("nines_store_reopened_total", "times the store opened itself again after a fault", stats.reopened);
}

}  // namespace

void metric_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void metric_sample(std::string& out, std::string_view name, const Labels& labels, double value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) out += ',';
      out += fmt::format("{}=\"{}\"", labels[i].first, escaped(labels[i].second));
    }
    out += '}';
  }
  out += fmt::format(" {}\n", value);
}

Result<std::vector<StoreMetrics::WindowRatio>> StoreMetrics::long_ratios(TimeMs at) {
  const engine::MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (made_ && now - *made_ < kLongAge) return long_;
  std::vector<WindowRatio> ratios;
  for (const auto& [window, length] :
       {std::pair{std::string_view("7d"), std::chrono::hours{168}}, std::pair{kMonth, std::chrono::hours{720}}}) {
    const auto board = board_of(store_, at, length);
    if (!board) return tl::unexpected(board.error());
    for (const DashboardRow& row : board->rows)
      ratios.push_back({row.server, window, row.figures.uptime_ratio, row.figures.coverage_ratio});
  }
  long_ = std::move(ratios);
  made_ = now;
  return long_;
}

// A server that is gone from the configuration is kept, paused and without a check: an alert on its ratio would go on
// for as long as the window.
bool is_left(const Server& server, TimeMs at) {
  return server.check.empty() && !server.paused.empty() && server.paused.back().to >= kTimeLimit &&
         server.paused.back().from <= at;
}

// The budget follows from the ratio: remaining / budget = 1 - (1 - ratio) / (1 - objective).
Result<void> StoreMetrics::append_windows(std::string& out, const Catalog& catalog, TimeMs at) {
  auto ratios = long_ratios(at);
  if (!ratios) return tl::unexpected(ratios.error());
  const auto day = board_of(store_, at, std::chrono::hours{24});
  if (!day) return tl::unexpected(day.error());
  std::string state_samples;
  for (const DashboardRow& row : day->rows) {
    ratios->push_back({row.server, "24h", row.figures.uptime_ratio, row.figures.coverage_ratio});
    const State current = state_now(row.figures);
    for (int i = 0; i < kStateCount; ++i) {
      const auto state = static_cast<State>(i);
      metric_sample(state_samples, "nines_state", {{"server", row.name}, {"state", to_string(state)}},
                    state == current ? 1 : 0);
    }
  }
  std::string uptime_samples;
  std::string coverage_samples;
  std::string budget_samples;
  for (const WindowRatio& ratio : *ratios) {
    const Server* const server = catalog.find(ratio.server);
    if (server == nullptr || is_left(*server, at)) continue;  // gone since, or from the configuration
    const Labels labels{{"server", server->name}, {"window", ratio.window}};
    if (ratio.uptime) metric_sample(uptime_samples, "nines_uptime_ratio", labels, *ratio.uptime);
    if (ratio.coverage) metric_sample(coverage_samples, "nines_coverage_ratio", labels, *ratio.coverage);
    if (ratio.window == kMonth && server->objective && ratio.uptime) {
      metric_sample(budget_samples, "nines_error_budget_remaining_ratio", {{"server", server->name}},
                    1 - (1 - *ratio.uptime) / (1 - *server->objective));
    }
  }
  metric_family(out, "nines_uptime_ratio", "gauge", "up time over known time; over 7d and 30d at most a minute old");
  out += uptime_samples;
  metric_family(out, "nines_coverage_ratio", "gauge", "known time over the window; likewise");
  out += coverage_samples;
  metric_family(out, "nines_state", "gauge", "1 for the confirmed state that the server is in");
  out += state_samples;
  metric_family(out, "nines_error_budget_remaining_ratio", "gauge",
                "share of the error budget of 30 days that is left");
  out += budget_samples;
  return {};
}

/// A store that fails is what is scraped for: where it cannot be read while it cannot be written, the samples that need
/// it are left out, and that it is so is told.
WebResponse StoreMetrics::response(const std::function<void(std::string&)>& more) {
  const bool is_failing = !store_.health().writable;
  const auto catalog = store_.catalog();
  const TimeMs at = now();
  std::string out;
  std::string times;
  Last last;
  for (const Server& server : catalog->servers()) {
    auto result = store_.last_result(server.id);
    if (!result && !is_failing) return error_response(result.error());
    if (!result || !*result) continue;
    metric_sample(times, "nines_last_check_timestamp_seconds", {{"server", server.name}},
                  static_cast<double>(to_ms((*result)->time)) / 1000);
    if (holds(server, **result, at)) last.emplace_back(&server, std::move(**result));
  }
  append_last(out, last);
  metric_family(out, "nines_last_check_timestamp_seconds", "gauge", "when a server was last checked, since 1970");
  out += times;
  if (const auto done = append_windows(out, *catalog, at); !done && !is_failing) return error_response(done.error());
  append_info(out, *catalog);
  append_store(out, store_);
  if (more) more(out);
  WebResponse response = text_response(std::move(out));
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

}  // namespace nines::tools
