#include "run/run_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "run/backup_schedule.h"
#include "web/metrics.h"

namespace nines::tools {

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

  const auto add = [&](std::string_view name, std::string_view type, std::string_view help, double value) {
    metric_family(out, name, type, help);
    metric_sample(out, name, {}, value);
  };
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  add("nines_prober_in_flight", "gauge", "checks under way", number(stats.in_flight));
  add("nines_prober_waiting", "gauge", "checks that are due and held back by a cap", number(stats.waiting));
  add("nines_prober_missed_ticks_total", "counter", "checks that were skipped", number(stats.missed_ticks));
  add("nines_prober_pauses_total", "counter", "suspensions and stalls seen", number(stats.pauses));
  add("nines_prober_clock_steps_total", "counter", "steps of the wall clock seen", number(stats.clock_steps));
  add("nines_prober_online", "gauge", "0 while the prober's own network is judged to be the problem",
      stats.online ? 1 : 0);
  add("nines_prober_lag_p99_seconds", "gauge", "start of a check behind its time",
      static_cast<double>(stats.lag_p99.count()) / 1e6);
  add("nines_prober_queue_depth", "gauge", "results that wait for the store", number(stats.queue_depth));
  add("nines_prober_stored_total", "counter", "results stored", number(stats.stored));
  add("nines_prober_dropped_total", "counter", "results lost to a full queue", number(stats.dropped));
  add("nines_prober_store_failures_total", "counter", "appends that failed and were tried again",
      number(stats.store_failures));
  add("nines_alerts_open", "gauge", "outages that were told and are not over", number(stats.alerts.open_incidents));
  add("nines_alerts_pending", "gauge", "messages not yet delivered", number(stats.alerts.pending));
  add("nines_alerts_delivered_total", "counter", "messages delivered", number(stats.alerts.delivered));
  add("nines_alerts_failed_total", "counter", "deliveries that failed", number(stats.alerts.failed));
  add("nines_alerts_refused_total", "counter", "messages that a target refused for good", number(stats.alerts.refused));
  add("nines_alerts_expired_total", "counter", "messages given up after as many attempts as they get",
      number(stats.alerts.expired));
  add("nines_alerts_dropped_total", "counter", "messages given up because their target was owed too many",
      number(stats.alerts.dropped));
  if (stats.alerts.targets.empty()) return;
  metric_family(out, "nines_alert_target_pending", "gauge", "messages that a target is owed");
  for (const AlertTargetStats& target : stats.alerts.targets) {
    metric_sample(out, "nines_alert_target_pending", {{"target", target.name}}, number(target.pending));
  }
  struct Family {
    const char* name;
    const char* help;
    std::uint64_t AlertTargetStats::*count;
  };
  for (const auto& [name, help, count] :
       {Family{"nines_alert_target_delivered_total", "messages delivered to a target", &AlertTargetStats::delivered},
        Family{"nines_alert_target_failed_total", "deliveries to a target that failed", &AlertTargetStats::failed},
        Family{"nines_alert_target_refused_total", "messages that a target refused for good",
               &AlertTargetStats::refused},
        Family{"nines_alert_target_expired_total", "messages given up after as many attempts as they get",
               &AlertTargetStats::expired},
        Family{"nines_alert_target_dropped_total", "messages given up because their target was owed too many",
               &AlertTargetStats::dropped}}) {
    metric_family(out, name, "counter", help);
    for (const AlertTargetStats& target : stats.alerts.targets)
      metric_sample(out, name, {{"target", target.name}}, number(target.*count));
  }
  metric_family(out, "nines_alert_target_healthy", "gauge", "0 while a target's newest delivery is one that failed");
  for (const AlertTargetStats& target : stats.alerts.targets) {
    metric_sample(out, "nines_alert_target_healthy", {{"target", target.name}}, target.last_failure.empty() ? 1 : 0);
  }
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
