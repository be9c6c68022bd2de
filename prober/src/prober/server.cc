#include "prober/server.h"

#include <string>
#include <utility>

#include "spec/compiled_check.h"

namespace nines::prober {
namespace {

constexpr std::chrono::milliseconds kMostInterval = std::chrono::days{31};

bool is_push(const ProbedServer& server) {
  return check_kind(server.check.url) == CheckKind::push;
}

Result<void> validate_rules(const Rules& rules) {
  if (rules.interval < kMinInterval || rules.interval > kMostInterval) {
    return fail(ErrorCode::invalid_argument, "interval: must lie between 100 ms and 31 days");
  }
  if (rules.confirm_failures == 0 || rules.confirm_successes == 0) {
    return fail(ErrorCode::invalid_argument, "confirm: failures and successes must be at least 1");
  }
  return {};
}

Result<void> add_push(const ProbedServer& server, CoreServer& core) {
  const PushSpec spec = server.push.value_or(PushSpec{});
  if (auto valid = validate(spec); !valid) return valid;
  Result<PushRhythm> rhythm = PushRhythm::make(spec, server.rules.interval);
  if (!rhythm) return tl::unexpected(rhythm.error());
  core.push = *std::move(rhythm);
  return {};
}

Result<void> add_check(const ProbedServer& server, CoreServer& core) {
  if (server.push) return fail(ErrorCode::invalid_argument, "push: the url is not of kind push");
  if (auto valid = validate(server.check, server.rules.interval); !valid) return valid;
  auto check = compile(server.check);
  if (!check) return tl::unexpected(check.error());
  core.check = core.fresh_check = *std::move(check);
  if (server.check.keep_alive) {
    CheckSpec fresh = server.check;
    fresh.keep_alive = false;
    auto compiled = compile(fresh);
    if (!compiled) return tl::unexpected(compiled.error());
    core.fresh_check = *std::move(compiled);
  }
  const prober::Target& target = core.check->target;
  core.host = target.host;
  core.asks_resolver = target.kind == CheckKind::dns && target.host.empty();
  return {};
}

}  // namespace

Result<CoreServer> make_core_server(const ProbedServer& server) {
  if (server.id == ServerId{}) return fail(ErrorCode::invalid_argument, "id: a server of the catalog is needed");
  if (server.name.empty()) return fail(ErrorCode::invalid_argument, "name: is empty");
  if (const auto valid = validate_rules(server.rules); !valid) return tl::unexpected(valid.error());
  CoreServer core;
  core.id = server.id;
  core.name = server.name;
  core.rules = server.rules;
  core.paused = server.paused;
  const Result<void> added = is_push(server) ? add_push(server, core) : add_check(server, core);
  if (!added) return tl::unexpected(added.error());
  return core;
}

std::vector<std::string> push_keys_of(const ProbedServer& server) {
  if (!is_push(server)) return {};
  std::vector<std::string> keys{server.name};
  if (server.push && !server.push->token.empty() && server.push->token != server.name) {
    keys.push_back(server.push->token);
  }
  return keys;
}

std::string shown_url_of(const ProbedServer& server) {
  const auto target = parse_target(server.check.url);
  return target ? shown_url(*target) : std::string();
}

}  // namespace nines::prober
