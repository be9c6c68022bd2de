#include <nines/c/prober.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <nines/check_runner.h>
#include <nines/check_spec.h>
#include <nines/prober.h>

#include "c/answers.h"
#include "c/call.h"
#include "c/handles.h"

struct nines_prober {
  std::shared_ptr<nines::Store> store;
  std::function<nines::TimeMs()> clock;
  std::unique_ptr<nines::Prober> prober;
  pid_t owner = ::getpid();

  ~nines_prober() {
    // In a forked child there are no threads to be joined; what they would be joined by is let go.
    if (owner == ::getpid()) return;
    static_cast<void>(prober.release());
    new std::shared_ptr<nines::Store>(std::move(store));
  }
  nines_prober() = default;
  nines_prober(const nines_prober&) = delete;
  nines_prober& operator=(const nines_prober&) = delete;
};

namespace nines::c {
namespace {

std::string usual_user_agent() {
  return std::string("nines/") + nines_version_text();
}

// What a host's callback throws ends there: no thread of the prober may end by it.
template <class Call>
void contained(Call&& call) noexcept {
  try {
    call();
  } catch (...) {  // there is nobody to tell
  }
}

void set_callbacks(const nines_prober_options& in, ProberOptions& out) {
  void* const context = in.context;
  if (in.on_result != nullptr) {
    out.on_result = [told = in.on_result, context](const CheckReport& report) {
      contained([&] {
        nines_phases phases{};
        nines_result result = shown(report.result, phases);
        result.size = sizeof result;
        told(context, &result);
      });
    };
  }
  if (in.on_change != nullptr) {
    out.on_change = [told = in.on_change, context](const StateChange& change) {
      nines_change out_change{};
      out_change.size = sizeof out_change;
      out_change.server = static_cast<std::uint32_t>(change.server);
      out_change.name = change.name.c_str();
      out_change.from = static_cast<std::uint8_t>(change.from);
      out_change.to = static_cast<std::uint8_t>(change.to);
      out_change.since_ms = to_ms(change.since);
      contained([&] { told(context, &out_change); });
    };
  }
  if (in.log != nullptr) {
    out.log = [log = in.log, context](LogLevel level, std::string_view message) {
      contained([&] { log(context, static_cast<std::int32_t>(level), std::string(message).c_str()); });
    };
  }
}

Result<ProberOptions> options_of(const nines_prober_options* given) {
  ProberOptions out;
  out.runner.user_agent = usual_user_agent();
  if (given == nullptr) return out;
  const auto in = read_struct(given, "options");
  if (!in) return tl::unexpected(in.error());
  if (in->max_in_flight != 0) out.max_in_flight = in->max_in_flight;
  out.location = LocationId{in->location};
  if (in->user_agent != nullptr) out.runner.user_agent = in->user_agent;
  if (in->stop_grace_ms != 0) out.stop_grace = std::chrono::milliseconds{in->stop_grace_ms};
  set_callbacks(*in, out);
  return out;
}

// A text that begins like an object is one; anything else is a URL.
Result<CheckSpec> spec_of(std::string_view check) {
  if (check.starts_with('{')) return check_spec_from_json(check);
  CheckSpec spec;
  spec.url = check;
  return spec;
}

bool is_paused(const Server& server, TimeMs time) noexcept {
  for (const Window& window : server.paused) {
    if (window.contains(time)) return true;
  }
  return false;
}

template <class Work>
nines_code with_prober(nines_prober* prober, nines_error* error, Work&& work) noexcept {
  return call(error, [&]() -> Result<void> {
    if (prober == nullptr) return null_argument("prober");
    if (auto ours = check_owner(prober->owner); !ours) return ours;
    return work(*prober->prober);
  });
}

Result<void> watch(const nines_prober& handle, Prober& prober, std::uint32_t id, const char* check) {
  const auto catalog = handle.store->catalog();
  const Server* const server = catalog->find(ServerId{id});
  if (server == nullptr) return fail(ErrorCode::not_found, "no server has the number " + std::to_string(id));
  auto spec = spec_of(check == nullptr ? std::string_view(server->url) : std::string_view(check));
  if (!spec) return tl::unexpected(spec.error());
  ProbedServer probed;
  probed.id = server->id;
  probed.name = server->name;
  probed.group = server->group;
  probed.rules = server->current_rules();
  probed.check = std::move(*spec);
  // The rules' timeout is the check's, unless the check says its own.
  if (probed.check.timeouts.total == CheckTimeouts{}.total) probed.check.timeouts.total = probed.rules.timeout;
  probed.paused = is_paused(*server, handle.clock());
  return prober.set_server(probed);
}

}  // namespace
}  // namespace nines::c

using nines::Prober;
using nines::Result;
using nines::ServerId;
using nines::c::call;
using nines::c::null_argument;
using nines::c::with_prober;

nines_code nines_prober_create(nines_store* store, const nines_prober_options* options, nines_prober** prober,
                               nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (prober == nullptr) return null_argument("prober");
    *prober = nullptr;
    if (store == nullptr) return null_argument("store");
    if (auto ours = nines::c::check_owner(store->owner); !ours) return ours;
    auto wanted = nines::c::options_of(options);
    if (!wanted) return tl::unexpected(wanted.error());
    auto handle = std::make_unique<nines_prober>();
    handle->store = store->store;
    handle->clock = store->clock;
    auto created = Prober::create(*handle->store, std::move(*wanted));
    if (!created) return tl::unexpected(created.error());
    handle->prober = std::move(*created);
    *prober = handle.release();
    return {};
  });
}

nines_code nines_prober_watch(nines_prober* prober, uint32_t id, const char* check, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) { return nines::c::watch(*prober, running, id, check); });
}

nines_code nines_prober_forget(nines_prober* prober, uint32_t id, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) { return running.remove_server(ServerId{id}); });
}

nines_code nines_prober_check_now(nines_prober* prober, uint32_t id, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) { return running.check_now(ServerId{id}); });
}

nines_code nines_prober_report(nines_prober* prober, const char* name, int32_t failed, const char* message,
                               int64_t duration_ms, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) -> Result<void> {
    if (name == nullptr) return null_argument("name");
    if (failed != 0 && failed != 1) return nines::fail(nines::ErrorCode::invalid_argument, "failed is neither 0 nor 1");
    if (duration_ms < -1) return nines::fail(nines::ErrorCode::invalid_argument, "duration_ms is below -1");
    nines::PushReport report;
    report.kind = failed != 0 ? nines::PushReport::Kind::failure : nines::PushReport::Kind::success;
    report.log_line = nines::c::text_or_empty(message);
    if (duration_ms >= 0) report.duration = std::chrono::milliseconds{duration_ms};
    return running.report(name, std::move(report));
  });
}

nines_code nines_prober_start(nines_prober* prober, nines_error* error) {
  return with_prober(prober, error, [](Prober& running) { return running.start(); });
}

nines_code nines_prober_stop(nines_prober* prober, nines_error* error) {
  return with_prober(prober, error, [](Prober& running) { return running.stop(); });
}

void nines_prober_free(nines_prober* prober) {
  delete prober;
}

nines_code nines_prober_state(nines_prober* prober, uint32_t id, uint8_t* state, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) -> Result<void> {
    if (state == nullptr) return null_argument("state");
    const auto now = running.state(ServerId{id});
    if (!now) return nines::fail(nines::ErrorCode::not_found, "the server is not probed");
    *state = static_cast<uint8_t>(*now);
    return {};
  });
}

nines_code nines_prober_get_stats(nines_prober* prober, nines_prober_stats* stats, nines_error* error) {
  return with_prober(prober, error, [&](Prober& running) -> Result<void> {
    if (auto fits = nines::c::check_struct(stats, "stats"); !fits) return fits;
    const nines::ProberStats now = running.stats();
    nines_prober_stats out{};
    out.online = now.online ? 1 : 0;
    out.servers = now.servers;
    out.in_flight = now.in_flight;
    out.checks = now.checks;
    out.stored = now.stored;
    out.queued = now.queue_depth;
    out.dropped = now.dropped;
    nines::c::write_struct(stats, out);
    return {};
  });
}

nines_code nines_check(const char* check, nines_result* result, char* detail, size_t detail_bytes, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (check == nullptr) return null_argument("check");
    if (auto fits = nines::c::check_struct(result, "result"); !fits) return fits;
    if (detail == nullptr && detail_bytes > 0) return null_argument("detail");
    const auto spec = nines::c::spec_of(check);
    if (!spec) return tl::unexpected(spec.error());
    const auto compiled = nines::compile(*spec);
    if (!compiled) return tl::unexpected(compiled.error());
    nines::RunnerOptions runner;
    runner.user_agent = nines::c::usual_user_agent();
    nines_result out{};
    out.time_ms = nines_now_ms();
    const nines::CheckOutcome outcome = nines::check_once(*compiled, runner);
    out.state = static_cast<uint8_t>(outcome.state);
    out.cause = static_cast<uint8_t>(outcome.error);
    out.code = outcome.code;
    out.has_latency = outcome.latency_us ? 1 : 0;
    out.latency_us = outcome.latency_us.value_or(0);
    if (detail_bytes > 0) nines::c::copy_text(outcome.detail, detail, detail_bytes);
    nines::c::write_struct(result, out);
    return {};
  });
}
