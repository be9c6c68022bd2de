// nines check URL: one check, now, by the prober's own rules.
#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/check_runner.h>
#include <nines/check_spec.h>

#include <algorithm>
#include <array>

#include "cli/command/session.h"
#include "cli/watching/check_option.h"
#include "cli/watching/commands.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr int kNagiosUnknown = 3;

// A flag turns the default round.
Json value_of(const Call& call, const CheckSpecKey& key, const std::string& option) {
  if (key.type == CheckSpecKey::Type::boolean) return key.usual == "false";
  if (key.type == CheckSpecKey::Type::list) return call.texts(option.c_str());
  const std::string text = *call.text(option.c_str());
  if (key.type == CheckSpecKey::Type::number) return Json::parse(text, nullptr, false);
  return text;
}

Expected<CheckSpec> read_spec(const Call& call) {
  Json spec = {{"url", call.words[0]}};
  for (const CheckSpecKey& key : check_spec_keys()) {
    const std::string option = check_option(key);
    if (option.empty() || !call.has(option.c_str())) continue;
    Json& section = key.section.empty() ? spec : spec[std::string(key.section)];
    section[std::string(key.name)] = value_of(call, key, option);
    if (section[std::string(key.name)].is_discarded()) {
      return usage(fmt::format("--{} must be {}", option, key.form));
    }
  }
  CheckSpecReading reading = read_check_spec(dump(spec));
  std::vector<FieldError> errors = std::move(reading.errors);
  if (errors.empty()) errors = check_spec_problems(reading.spec, {});
  if (errors.empty()) return std::move(reading.spec);
  std::string message;
  for (const FieldError& error : errors) message += (message.empty() ? "" : "; ") + to_string(error);
  return usage(printable(message));
}

Json outcome_json(const std::string& url, TimeMs time, const CheckOutcome& outcome) {
  const auto moment = [](const std::optional<TimeMs>& at) { return at ? Json(format_time(*at)) : Json(nullptr); };
  Json json = {{"url", url}};
  json.update(measured_json(time, outcome));
  json["detail"] = text_or_null(outcome.detail);
  json["phases_us"] = {{"dns", outcome.phases.dns_us},
                       {"connect", outcome.phases.connect_us},
                       {"tls", outcome.phases.tls_us},
                       {"first_byte", outcome.phases.first_byte_us},
                       {"transfer", outcome.phases.transfer_us}};
  json["address"] = text_or_null(outcome.address);
  json["http_version"] = text_or_null(outcome.http_version);
  json["redirects"] = outcome.redirects;
  json["final_url"] = text_or_null(outcome.final_url);
  json["body_bytes"] = outcome.body_bytes;
  json["certificate_expiry"] = moment(outcome.certificate_expiry);
  json["chain_expiry"] = moment(outcome.chain_expiry);
  json["expiring_certificate"] = text_or_null(outcome.expiring_certificate);
  return json;
}

void show_phases(const Call& call, const CheckOutcome& outcome) {
  const Phases& p = outcome.phases;
  const std::array<std::pair<const char*, std::uint32_t>, 5> phases{{{"dns", p.dns_us},
                                                                     {"connect", p.connect_us},
                                                                     {"tls", p.tls_us},
                                                                     {"first byte", p.first_byte_us},
                                                                     {"transfer", p.transfer_us}}};
  constexpr std::uint64_t kWidth = 40;
  std::uint64_t total = 0;
  for (const auto& [name, us] : phases) total += us;
  std::uint64_t before = 0;
  for (const auto& [name, us] : phases) {
    if (us == 0) continue;
    const std::uint64_t begin = before * kWidth / total;
    before += us;
    const std::uint64_t length = std::max<std::uint64_t>(1, before * kWidth / total - begin);
    std::string bar;
    for (std::uint64_t i = 0; i < length; ++i) bar += call.terminal.utf8 ? "▇" : "#";
    write_out(fmt::format("  {:<11}{:>9}  {:{}}{}\n", name, format_latency(us), "", begin,
                          paint(bar, Colour::blue, call.terminal.colour)));
  }
}

void show_text(const Call& call, const CheckOutcome& outcome) {
  std::string line = paint(to_string(outcome.state), state_colour(outcome.state), call.terminal.colour);
  if (outcome.code != 0) line += fmt::format("  {}", outcome.code);
  if (outcome.latency_us) line += fmt::format("  {}", format_latency(*outcome.latency_us));
  if (outcome.error != ErrorClass::none) line += fmt::format("  {}", to_string(outcome.error));
  if (!outcome.detail.empty()) line += fmt::format(": {}", printable(outcome.detail));
  write_out(line + "\n");
  if (!call.has("timing") && !call.verbose) return;
  show_phases(call, outcome);
  if (!outcome.address.empty()) write_out(fmt::format("  address    {}\n", printable(outcome.address)));
  if (outcome.redirects > 0) {
    write_out(fmt::format("  redirects  {}, to {}\n", outcome.redirects, printable(outcome.final_url)));
  }
  if (outcome.certificate_expiry) {
    const auto days = std::chrono::floor<std::chrono::days>(*outcome.certificate_expiry - now()).count();
    write_out(fmt::format("  certificate expires {} ({} days)\n", format_time(*outcome.certificate_expiry), days));
  }
}

int show_nagios(const std::string& url, const CheckOutcome& outcome) {
  constexpr std::array kNames{"UNKNOWN", "OK", "WARNING", "CRITICAL"};
  constexpr std::array kCodes{kNagiosUnknown, 0, 1, 2};
  const auto state = static_cast<std::size_t>(outcome.state);
  std::string what = outcome.detail.empty() ? std::string(to_string(outcome.state)) : printable(outcome.detail);
  if (outcome.code != 0) what += fmt::format(" ({})", outcome.code);
  std::string line = fmt::format("CHECK {} - {} {}", kNames[state], printable(url), what);
  std::replace(line.begin(), line.end(), '|', '_');
  if (outcome.latency_us) {
    // A value has digits and a point only; microseconds never need an exponent.
    line += fmt::format(" | time={:.6f}s;;;0;", static_cast<double>(*outcome.latency_us) / 1e6);
  }
  write_out(line + "\n");
  return kCodes[state];
}

}  // namespace

Outcome check(const Call& call) {
  const auto unknown = [&](const Failure& failure) -> Outcome {
    if (!call.has("nagios")) return tl::unexpected(failure);
    write_out(fmt::format("CHECK UNKNOWN - {}\n", failure.message));
    return kNagiosUnknown;
  };
  const auto spec = read_spec(call);
  if (!spec) return unknown(spec.error());
  const auto compiled = compile(*spec);
  if (!compiled) return unknown({kExitUsage, printable(compiled.error().message)});
  const TimeMs started = now();
  const CheckOutcome outcome = check_once(*compiled);
  if (call.has("nagios")) return show_nagios(call.words[0], outcome);
  if (call.format == Format::table) {
    show_text(call, outcome);
  } else {
    write_out(dump(outcome_json(call.words[0], started, outcome)) + "\n");
  }
  return outcome.state == State::up || outcome.state == State::degraded ? kExitDone : kExitFailed;
}

}  // namespace nines::tools
