#include "run/run_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "run/backup_schedule.h"
#include "web/metrics.h"

namespace nines::tools {
namespace {

// What is known of the prober as a whole. Alerts are part of it.
struct ProberFigure {
  const char* name;
  const char* type;
  const char* help;
  double (*of)(const ProberStats& stats);
};

template <auto Member>
double of_prober(const ProberStats& stats) {
  return static_cast<double>(stats.*Member);
}

template <auto Member>
double of_alerts(const ProberStats& stats) {
  return static_cast<double>(stats.alerts.*Member);
}

double lag_seconds(const ProberStats& stats) {
  return static_cast<double>(stats.lag_p99.count()) / 1e6;
}

using Stats = ProberStats;
constexpr std::array kProberFigures{
    ProberFigure{"nines_prober_in_flight", "gauge", "checks under way", of_prober<&Stats::in_flight>},
    ProberFigure{"nines_prober_waiting", "gauge", "checks that are due and held back by a cap",
                 of_prober<&Stats::waiting>},
    ProberFigure{"nines_prober_missed_ticks_total", "counter", "checks that were skipped",
                 of_prober<&Stats::missed_ticks>},
    ProberFigure{"nines_prober_pauses_total", "counter", "suspensions and stalls seen", of_prober<&Stats::pauses>},
    ProberFigure{"nines_prober_clock_steps_total", "counter", "steps of the wall clock seen",
                 of_prober<&Stats::clock_steps>},
    ProberFigure{"nines_prober_online", "gauge", "0 while the prober's own network is judged to be the problem",
                 of_prober<&Stats::online>},
    ProberFigure{"nines_prober_lag_p99_seconds", "gauge", "start of a check behind its time", lag_seconds},
    ProberFigure{"nines_prober_queue_depth", "gauge", "results that wait for the store",
                 of_prober<&Stats::queue_depth>},
    ProberFigure{"nines_prober_stored_total", "counter", "results stored", of_prober<&Stats::stored>},
    ProberFigure{"nines_prober_dropped_total", "counter", "results lost to a full queue", of_prober<&Stats::dropped>},
    ProberFigure{"nines_prober_store_failures_total", "counter", "appends that failed and were tried again",
                 of_prober<&Stats::store_failures>},
    ProberFigure{"nines_alerts_open", "gauge", "outages that were told and are not over",
                 of_alerts<&AlertStats::open_incidents>},
    ProberFigure{"nines_alerts_pending", "gauge", "messages not yet delivered", of_alerts<&AlertStats::pending>},
    ProberFigure{"nines_alerts_delivered_total", "counter", "messages delivered", of_alerts<&AlertStats::delivered>},
    ProberFigure{"nines_alerts_failed_total", "counter", "deliveries that failed", of_alerts<&AlertStats::failed>},
    ProberFigure{"nines_alerts_refused_total", "counter", "messages that a target refused for good",
                 of_alerts<&AlertStats::refused>},
    ProberFigure{"nines_alerts_expired_total", "counter", "messages given up after as many attempts as they get",
                 of_alerts<&AlertStats::expired>},
    ProberFigure{"nines_alerts_dropped_total", "counter", "messages given up because their target was owed too many",
                 of_alerts<&AlertStats::dropped>},
};

// What is known of each target of alerts.
struct TargetFigure {
  const char* name;
  const char* type;
  const char* help;
  double (*of)(const AlertTargetStats& target);
};

template <auto Member>
double of_target(const AlertTargetStats& stats) {
  return static_cast<double>(stats.*Member);
}

double is_healthy(const AlertTargetStats& target) {
  return target.last_failure.empty() ? 1 : 0;
}

using Target = AlertTargetStats;
constexpr std::array kTargetFigures{
    TargetFigure{"nines_alert_target_pending", "gauge", "messages that a target is owed", of_target<&Target::pending>},
    TargetFigure{"nines_alert_target_delivered_total", "counter", "messages delivered to a target",
                 of_target<&Target::delivered>},
    TargetFigure{"nines_alert_target_failed_total", "counter", "deliveries to a target that failed",
                 of_target<&Target::failed>},
    TargetFigure{"nines_alert_target_refused_total", "counter", "messages that a target refused for good",
                 of_target<&Target::refused>},
    TargetFigure{"nines_alert_target_expired_total", "counter", "messages given up after as many attempts as they get",
                 of_target<&Target::expired>},
    TargetFigure{"nines_alert_target_dropped_total", "counter",
                 "messages given up because their target was owed too many", of_target<&Target::dropped>},
    TargetFigure{"nines_alert_target_healthy", "gauge", "0 while a target's newest delivery is one that failed",
                 is_healthy},
};

void append_targets(std::string& out, const std::vector<AlertTargetStats>& targets) {
  for (const TargetFigure& each : kTargetFigures) {
    metric_family(out, each.name, each.type, each.help);
    for (const AlertTargetStats& target : targets) {
      metric_sample(out, each.name, {{"target", target.name}}, each.of(target));
    }
  }
}

}  // namespace

void RunMetrics::keep(std::map<std::string, std::string> servers) {
  const engine::MutexLock lock(mutex_);
  for (auto& [name, own] : servers_) {
    const auto now = servers.find(name);
    if (now != servers.end() && now->second != known_[name]) own.certificate_expiry.reset();
  }
  known_ = std::move(servers);
  std::erase_if(servers_, [&](const auto& entry) NINES_REQUIRES(mutex_) { return !known_.contains(entry.first); });
}

void RunMetrics::count(const std::string& server, const CheckReport& report) {
  const engine::MutexLock lock(mutex_);
  // The last check of one that was taken out may end after that.
  if (!known_.contains(server)) return;
  PerServer& own = servers_[server];
  const auto state = static_cast<std::size_t>(report.result.state);
  if (state < own.checks.size()) ++own.checks[state];
  if (report.outcome && report.outcome->chain_expiry) own.certificate_expiry = report.outcome->chain_expiry;
  if (!report.result.latency_us) return;
  const double seconds = *report.result.latency_us / 1e6;
  seconds_ += seconds;
  ++buckets_[static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin())];
}

void RunMetrics::count(const StateChange& change) {
  const engine::MutexLock lock(mutex_);
  if (change.to == State::down && known_.contains(change.name)) ++servers_[change.name].incidents;
}

std::map<std::string, TimeMs> RunMetrics::certificate_expiries() const {
  const engine::MutexLock lock(mutex_);
  std::map<std::string, TimeMs> expiries;
  for (const auto& [name, own] : servers_) {
    if (own.certificate_expiry) expiries.emplace(name, *own.certificate_expiry);
  }
  return expiries;
}

void RunMetrics::append(std::string& out, const ProberStats& stats) const {
  append_checks(out);
  for (const ProberFigure& each : kProberFigures) {
    metric_family(out, each.name, each.type, each.help);
    metric_sample(out, each.name, {}, each.of(stats));
  }
  if (!stats.alerts.targets.empty()) append_targets(out, stats.alerts.targets);
}

void RunMetrics::append_checks(std::string& out) const {
  const engine::MutexLock lock(mutex_);
  metric_family(out, "nines_checks_total", "counter", "checks since the start, by what they found");
  for (const auto& [name, own] : servers_) {
    for (std::size_t i = 0; i < own.checks.size(); ++i) {
      metric_sample(out, "nines_checks_total", {{"server", name}, {"result", to_string(static_cast<State>(i))}},
                    static_cast<double>(own.checks[i]));
    }
  }
  metric_family(out, "nines_incidents_total", "counter", "confirmed outages that began since the start");
  for (const auto& [name, own] : servers_) {
    metric_sample(out, "nines_incidents_total", {{"server", name}}, static_cast<double>(own.incidents));
  }
  metric_family(out, "probe_ssl_earliest_cert_expiry", "gauge",
                "when the first certificate of the chain expires, in seconds since 1970");
  for (const auto& [name, own] : servers_) {
    if (!own.certificate_expiry) continue;
    metric_sample(out, "probe_ssl_earliest_cert_expiry", {{"server", name}},
                  static_cast<double>(to_ms(*own.certificate_expiry)) / 1000);
  }
  metric_family(out, "nines_check_duration_seconds", "histogram", "response times since the start");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    sum += buckets_[i];
    const std::string bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
    metric_sample(out, "nines_check_duration_seconds_bucket", {{"le", bound}}, static_cast<double>(sum));
  }
  metric_sample(out, "nines_check_duration_seconds_sum", {}, seconds_);
  metric_sample(out, "nines_check_duration_seconds_count", {}, static_cast<double>(sum));
}

void append_backup_metrics(std::string& out, const BackupCounts& counts) {
  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
    metric_family(out, name, type, help);
    metric_sample(out, name, {}, value);
  };
  add("nines_backups_total", "counter", "backups made", static_cast<double>(counts.made));
  add("nines_backup_failures_total", "counter", "backups that failed", static_cast<double>(counts.failed));
  add("nines_backup_interval_seconds", "gauge", "the time between two backups",
      static_cast<double>(counts.every.count()) / 1000);
  if (!counts.newest) return;
  add("nines_backup_newest_timestamp_seconds", "gauge", "when the newest backup was made, in seconds since 1970",
      static_cast<double>(to_ms(*counts.newest)) / 1000);
  add("nines_backup_newest_bytes", "gauge", "bytes of the newest backup's files, those that it shares included",
      static_cast<double>(counts.newest_bytes));
}

}  // namespace nines::tools
