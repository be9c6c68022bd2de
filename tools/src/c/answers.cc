#include "c/answers.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <nines/cancel.h>

namespace nines::c {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Result<MaintenancePolicy> maintenance_of(std::uint8_t value) {
  switch (value) {
    case NINES_EXCLUDE:
      return MaintenancePolicy::exclude;
    case NINES_AS_UP:
      return MaintenancePolicy::as_up;
    case NINES_AS_MEASURED:
      return MaintenancePolicy::as_measured;
    default:
      return fail(ErrorCode::invalid_argument, "query.maintenance is " + std::to_string(value));
  }
}

Result<UnknownPolicy> unknown_of(std::uint8_t value) {
  switch (value) {
    case NINES_EXCLUDE:
      return UnknownPolicy::exclude;
    case NINES_AS_UP:
      return UnknownPolicy::as_up;
    case NINES_AS_DOWN:
      return UnknownPolicy::as_down;
    default:
      return fail(ErrorCode::invalid_argument, "query.unknown is " + std::to_string(value));
  }
}

void show_latency(const LatencyFigures& in, nines_figures& out) noexcept {
  out.latency_count = in.count;
  out.latency_mean_us = in.mean_us;
  out.latency_min_us = in.min_us;
  out.latency_max_us = in.max_us;
  out.latency_p50_us = in.p50_us;
  out.latency_p90_us = in.p90_us;
  out.latency_p95_us = in.p95_us;
  out.latency_p99_us = in.p99_us;
  out.latency_exact = in.exact ? 1 : 0;
}

}  // namespace

Result<Question> read_question(const nines_store* store, const nines_query* given) {
  if (store == nullptr) return null_argument("store");
  const auto in = read_struct(given, "query");
  if (!in) return tl::unexpected(in.error());
  const auto maintenance = maintenance_of(in->maintenance);
  if (!maintenance) return tl::unexpected(maintenance.error());
  const auto unknown = unknown_of(in->unknown);
  if (!unknown) return tl::unexpected(unknown.error());
  Query query;
  query.window = {from_ms(in->from_ms), from_ms(in->to_ms)};
  query.now = in->now_ms == 0 ? store->clock() : from_ms(in->now_ms);
  query.policy.maintenance = *maintenance;
  query.policy.unknown = *unknown;
  if (in->confirm_failures != 0) query.policy.confirm_failures = in->confirm_failures;
  if (in->confirm_successes != 0) query.policy.confirm_successes = in->confirm_successes;
  query.summaries = in->exact != 0 ? Summaries::never : Summaries::when_long;
  if (in->cancelled == nullptr) return Question{query, store->store};
  auto cancellable_store =
      cancellable(*store->store, [flag = in->cancelled] { return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; });
  return Question{query, std::move(cancellable_store)};
}

nines_figures shown(const Figures& in, const ScanCost& cost) noexcept {
  nines_figures out{};
  out.server = static_cast<std::uint32_t>(in.server);
  out.from_ms = to_ms(in.window.from);
  out.to_ms = to_ms(in.window.to);
  out.uptime_ratio = in.uptime_ratio.value_or(kNone);
  out.uptime_lower = in.uptime_lower.value_or(kNone);
  out.uptime_upper = in.uptime_upper.value_or(kNone);
  out.coverage_ratio = in.coverage_ratio.value_or(kNone);
  out.check_success_ratio = in.check_success_ratio.value_or(kNone);
  out.checks = in.counts.checks;
  out.failed_checks = in.counts.failed;
  out.blips = in.counts.blips;
  std::copy(in.time.ms.begin(), in.time.ms.end(), out.time_ms);
  out.incidents = in.incidents.size();
  out.mttr_ms = in.mttr_ms.value_or(kNone);
  out.mtbf_ms = in.mtbf_ms.value_or(kNone);
  out.longest_outage_ms = in.longest_outage_ms.value_or(-1);
  for (double* const figure : {&out.latency_mean_us, &out.latency_min_us, &out.latency_max_us, &out.latency_p50_us,
                               &out.latency_p90_us, &out.latency_p95_us, &out.latency_p99_us}) {
    *figure = kNone;
  }
  if (in.latency) show_latency(*in.latency, out);
  out.state = static_cast<std::uint8_t>(state_now(in));
  out.state_since_ms = in.current ? to_ms(in.current->since) : -1;
  out.last_time_ms = -1;
  out.last_latency_us = -1;
  if (in.last) {
    out.last_state = static_cast<std::uint8_t>(in.last->state);
    out.last_code = in.last->code;
    out.last_time_ms = to_ms(in.last->time);
    if (in.last->latency_us) out.last_latency_us = *in.last->latency_us;
  }
  out.range_scans = cost.range_scans;
  out.bytes_read = cost.bytes;
  return out;
}

nines_bar shown(const Bar& in) noexcept {
  nines_bar out{};
  out.latency_max_us = in.latency_max_us;
  out.from_ms = to_ms(in.window.from);
  out.to_ms = to_ms(in.window.to);
  std::copy(in.time.ms.begin(), in.time.ms.end(), out.time_ms);
  out.uptime_ratio = in.uptime_ratio.value_or(kNone);
  out.checks = in.checks;
  out.failed_checks = in.failed_checks;
  out.latency_mean_us = in.latency_count == 0 ? kNone : in.latency_mean_us;
  return out;
}

nines_result shown(const CheckResult& in, nines_phases& phases) noexcept {
  nines_result out{};
  out.server = static_cast<std::uint32_t>(in.server);
  out.time_ms = to_ms(in.time);
  out.location = static_cast<std::uint16_t>(in.location);
  out.state = static_cast<std::uint8_t>(in.state);
  out.cause = static_cast<std::uint8_t>(in.error);
  out.code = in.code;
  out.retry = in.retry ? 1 : 0;
  out.has_latency = in.latency_us ? 1 : 0;
  out.latency_us = in.latency_us.value_or(0);
  out.interval_ms = in.interval_ms;
  if (in.phases) {
    phases = {in.phases->dns_us, in.phases->connect_us, in.phases->tls_us, in.phases->first_byte_us,
              in.phases->transfer_us};
    out.phases = &phases;
  }
  out.detail = in.detail.c_str();
  return out;
}

nines_incident shown(const Incident& in) noexcept {
  nines_incident out{};
  out.server = static_cast<std::uint32_t>(in.server);
  out.from_ms = to_ms(in.from);
  out.to_ms = in.to ? to_ms(*in.to) : -1;
  out.duration_ms = in.duration_ms;
  out.window_ms = in.window_ms;
  out.down_ms = in.down_ms;
  out.detected_ms = in.detected_at ? to_ms(*in.detected_at) : -1;
  out.failed_checks = in.failed_checks;
  out.code = in.code;
  out.cause = static_cast<std::uint8_t>(in.error);
  out.end_seen = in.end_seen ? 1 : 0;
  out.detail = in.detail.c_str();
  return out;
}

}  // namespace nines::c
