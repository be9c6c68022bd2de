// The bounds of ProberOptions.
#include <nines/prober.h>

#include <algorithm>
#include <set>
#include <string>

#include "spec/compile_parts.h"

namespace nines {
namespace {

using std::chrono::milliseconds;

Result<void> within(const char* name, milliseconds value, milliseconds least, milliseconds most) {
  if (least <= value && value <= most) return {};
  return fail(ErrorCode::invalid_argument, std::string(name) + ": must lie between " + std::to_string(least.count()) +
                                               " and " + std::to_string(most.count()) + " ms");
}

// What a runner and its references would be refused for.
Result<void> validate_runner(const ProberOptions& options) {
  const std::string& agent = options.runner.user_agent;
  const bool plain = std::none_of(agent.begin(), agent.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (!plain) return fail(ErrorCode::invalid_argument, "user-agent: has a line break or another control character");
  for (const std::string& server : options.runner.dns_servers) {
    if (const auto parsed = prober::parse_server(server); !parsed) {
      return fail(ErrorCode::invalid_argument, "dns-servers: " + parsed.error().why);
    }
  }
  for (std::size_t i = 0; i < options.references.size(); ++i) {
    if (const auto check = compile(options.references[i]); !check) {
      return fail(check.error().code, "references[" + std::to_string(i) + "]: " + check.error().message);
    }
  }
  return {};
}

Result<void> validate_durations(const ProberOptions& options) {
  constexpr milliseconds kHour = std::chrono::hours{1};
  struct Bound {
    const char* name;
    milliseconds value;
    milliseconds least;
    milliseconds most;
  };
  const Bound bounds[] = {
      {"reference_pause", options.reference_pause, milliseconds{50}, kHour},
      {"stall_after", options.stall_after, milliseconds{300}, kHour},
      {"clock_step", options.clock_step, milliseconds{100}, kHour},
      {"stop_grace", options.stop_grace, milliseconds{0}, kHour},
      {"drain_limit", options.drain_limit, milliseconds{0}, kHour},
      {"batch_delay", options.batch_delay, milliseconds{0}, milliseconds{10'000}},
      {"alerts.first_retry", options.alerts.first_retry, milliseconds{1}, kHour},
      {"alerts.budget_every", options.alerts.budget_every, milliseconds{10}, kHour},
      {"alerts.last_retry", options.alerts.last_retry, options.alerts.first_retry, 24 * kHour},
  };
  for (const Bound& bound : bounds) {
    if (auto fine = within(bound.name, bound.value, bound.least, bound.most); !fine) return fine;
  }
  return {};
}

}  // namespace

Result<void> ProberOptions::validate() const {
  if (location > kMaxLocation) return fail(ErrorCode::invalid_argument, "location: is above kMaxLocation");
  if (max_in_flight == 0) return fail(ErrorCode::invalid_argument, "max_in_flight: must be at least 1");
  if (max_in_flight_per_host == 0)
    return fail(ErrorCode::invalid_argument, "max_in_flight_per_host: must be at least 1");
  if (!(start_rate >= 0.01 && start_rate <= 1e6)) {
    return fail(ErrorCode::invalid_argument, "start_rate: must lie between 0.01 and 1000000 a second");
  }
  if (queue_results == 0) return fail(ErrorCode::invalid_argument, "queue_results: must be at least 1");
  if (alerts.max_pending == 0) return fail(ErrorCode::invalid_argument, "alerts.max_pending: must be at least 1");
  if (!alerts.targets.empty() && alerts.journal.empty()) {
    return fail(ErrorCode::invalid_argument, "alerts.journal: is needed when there are targets");
  }
  if (auto fine = validate_runner(*this); !fine) return fine;
  std::set<std::string> names;
  for (const AlertTarget& target : alerts.targets) {
    if (auto fine = nines::validate(target); !fine) return fine;
    if (!names.insert(target.name).second) {
      return fail(ErrorCode::invalid_argument, "alerts: there are two targets named \"" + target.name + "\"");
    }
  }
  return validate_durations(*this);
}

}  // namespace nines
