// nines server add | list | show | edit | remove: the catalog. Listing reads no check result.
#include <fmt/format.h>
#include <nines/service_hours.h>
#include <nines/slo.h>
#include <nines/uptime.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "cli/command/object.h"
#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "exchange/by_hand.h"
#include "show/answers.h"
#include "show/audit.h"
#include "show/number.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

using std::chrono::milliseconds;

// Changes `value` to what --option says.
Expected<bool> read_option_duration(const Call& call, const char* option, milliseconds least, milliseconds& value) {
  const auto text = call.text(option);
  if (!text) return false;
  const auto duration = parse_duration(*text);
  if (!duration) return usage(fmt::format("--{}: {}", option, printable(duration.error().message)));
  if (*duration < least) return usage(fmt::format("--{}: it must be at least {}", option, format_duration(least)));
  value = *duration;
  return true;
}

Expected<bool> change_rules(const Call& call, Rules& rules) {
  const Rules before = rules;
  if (const auto quorum = call.text("quorum")) {
    const auto count = *quorum == "majority" ? Expected<std::uint64_t>(0) : read_count(call, "quorum", 0, 1, 1000);
    if (!count) return tl::unexpected(count.error());
    rules.quorum = static_cast<std::uint16_t>(*count);
  }
  using std::tuple;
  for (const auto& [option, least, value] :
       {tuple{"interval", milliseconds{1}, &rules.interval}, tuple{"timeout", milliseconds{0}, &rules.timeout},
        tuple{"stale-after", milliseconds{0}, &rules.stale_after},
        tuple{"merge-within", milliseconds{0}, &rules.merge_within}}) {
    if (auto changed = read_option_duration(call, option, least, *value); !changed) return changed;
  }
  for (const auto& [option, value] : {std::pair{"confirm-failures", &rules.confirm_failures},
                                      std::pair{"confirm-successes", &rules.confirm_successes}}) {
    const auto count = read_count(call, option, *value, 1, 1000);
    if (!count) return tl::unexpected(count.error());
    *value = static_cast<std::uint16_t>(*count);
  }
  return !(before == rules);
}

Expected<bool> change_tags(const Call& call, Server& server) {
  for (const std::string& tag : call.texts("tag")) {
    const std::size_t equals = tag.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage(fmt::format("--tag {}: it takes KEY=VALUE, or KEY= to remove", printable(tag)));
    }
    const std::string key = tag.substr(0, equals);
    server.tags.erase(key);
    if (equals + 1 < tag.size()) server.tags[key] = tag.substr(equals + 1);
  }
  return true;
}

// --retention and --summary-retention: days, `forever`, or `none` for the store's own.
Expected<bool> change_retention(const Call& call, Server& server) {
  for (const auto& [option, value] : {std::pair{"retention", &server.retention.checks},
                                      std::pair{"summary-retention", &server.retention.summaries}}) {
    const auto text = call.text(option);
    if (!text) continue;
    if (*text == "none") *value = std::chrono::days{0};
    if (*text == "forever") *value = std::chrono::days{-1};
    if (*text == "none" || *text == "forever") continue;
    const auto span = parse_duration(*text);
    if (!span || *span < std::chrono::days{1}) {
      return usage(fmt::format("--{} {}: it takes a day or more like 400d, forever, or none for the store's own",
                               option, printable(*text)));
    }
    *value = std::chrono::ceil<std::chrono::days>(*span);
  }
  return true;
}

Expected<bool> change_objective(const Call& call, Server& server) {
  const auto text = call.text("objective");
  if (!text) return false;
  server.objective = *text == "none" ? std::nullopt : parse_objective(*text);
  if (!server.objective && *text != "none") {
    return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999, or be none");
  }
  return true;
}

// What is promised beside the objective; `none` takes it away.
Expected<bool> change_level(const Call& call, Server& server) {
  ServiceLevel& level = server.level;
  const auto text_of = [&](const char* option, std::string& value) {
    if (const auto text = call.text(option)) value = *text == "none" ? "" : *text;
  };
  text_of("objective-period", level.period);
  text_of("service-hours", level.hours);
  if (const auto text = call.text("timezone")) level.timezone = *text;
  const auto zone = Zone::find(level.timezone);
  if (!zone) return usage(fmt::format("--timezone: {}", printable(zone.error().message)));
  if (const auto period = parse_budget_period(level.period, *zone); !period) {
    return usage(fmt::format("--objective-period: {}", printable(period.error().message)));
  }
  if (!level.hours.empty()) {
    const auto hours = parse_service_hours(level.hours, *zone);
    if (!hours) return usage(fmt::format("--service-hours: {}", printable(hours.error().message)));
  }
  if (call.text("latency-target") == "none") {
    level.latency_target = milliseconds{0};
  } else if (auto target = read_option_duration(call, "latency-target", milliseconds{1}, level.latency_target);
             !target) {
    return target;
  }
  const auto share = call.text("latency-objective");
  if (!share) return true;
  level.latency_objective = *share == "none" ? std::nullopt : parse_objective(*share);
  if (level.latency_objective || *share == "none") return true;
  return usage("--latency-objective: it must lie between 0 and 1, like 95% or 0.95, or be none");
}

// Applies the options to `server`; rules from now on where it has a history, from ever where it is new.
Outcome apply(const Call& call, Server& server, bool is_new) {
  Rules rules = server.current_rules();
  const auto changed = change_rules(call, rules);
  if (!changed) return tl::unexpected(changed.error());
  if (*changed && is_new) {
    server.rules = {rules};
  } else if (*changed) {
    rules.effective_from = now();
    server.rules.push_back(rules);
  }
  if (auto tags = change_tags(call, server); !tags) return tl::unexpected(tags.error());
  if (auto retention = change_retention(call, server); !retention) return tl::unexpected(retention.error());
  if (auto objective = change_objective(call, server); !objective) return tl::unexpected(objective.error());
  if (auto level = change_level(call, server); !level) return tl::unexpected(level.error());
  if (const auto group = call.text("group")) server.group = *group;
  return kExitDone;
}

void rule_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("interval", text("SPAN"), "time between checks, e.g. 60s");
  add("timeout", text("SPAN"), "of a check; with the interval it says how long a result holds");
  add("stale-after", text("SPAN"), "how long a result holds (default 2.5 x interval + timeout)");
  add("confirm-failures", text("N"), "failures in a row that confirm an outage");
  add("confirm-successes", text("N"), "successes in a row that end one");
  add("merge-within", text("SPAN"), "outages closer than this are one");
  add("quorum", text("N"), "locations that must be down, or majority (default)");
  add("retention", text("SPAN"), "how long results are kept, e.g. 400d, or forever, or none for the store's own");
  add("summary-retention", text("SPAN"), "the same for day summaries");
  add("group", text("NAME"), "group of the dashboard");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"), "may be repeated; KEY= removes");
  add("objective", text("RATIO"), "service level objective, e.g. 99.9%, or none");
  add("objective-period", text("PERIOD"), "what its budget is for: month, another calendar unit, or days as 30d");
  add("service-hours", text("SCHEDULE"), "when it is promised: \"mon-fri 08:00-18:00\", or none");
  add("timezone", text("ZONE"), "of both (default UTC)");
  add("latency-target", text("SPAN"), "a response within it is good, e.g. 300ms, or none");
  add("latency-objective", text("RATIO"), "the share of responses that are to be, e.g. 95%, or none");
}

std::string retention_text(std::chrono::days days) {
  if (days == std::chrono::days{0}) return "as the store's";
  return days < std::chrono::days{0} ? "forever" : fmt::format("{}d", days.count());
}

std::string stretch_text(const Window& window) {
  return fmt::format("{} to {}", moment_text(window.from, {}),
                     window.to >= kTimeLimit ? std::string("further notice") : moment_text(window.to, {}));
}

Lines server_lines(const Server& server) {
  Lines lines = {{"server", printable(server.name)}, {"number", fmt::to_string(static_cast<std::uint32_t>(server.id))}};
  const auto add = [&lines](const char* label, const std::string& text) {
    if (!text.empty()) lines.emplace_back(label, printable(text));
  };
  add("url", server.url);
  add("group", server.group);
  for (const auto& [key, value] : server.tags) add("tag", fmt::format("{}={}", key, value));
  add("since", moment_text(server.created_at, {}));
  for (const Rules& rules : server.rules) {
    const bool from_ever = rules.effective_from == from_ms(0);
    add("rules", (from_ever ? std::string() : fmt::format("from {}: ", moment_text(rules.effective_from, {}))) +
                     rules_text(rules));
  }
  if (!server.maintenance.empty()) {
    add("maintenance", fmt::format("{}; `nines maintenance list` tells them", server.maintenance.size()));
  }
  for (const Correction& correction : server.corrections) {
    add("correction", fmt::format("{} is {}{}{}", stretch_text(correction.window), to_string(correction.state),
                                  correction.note.empty() ? "" : ": ", correction.note));
  }
  for (const Window& pause : server.paused) add("paused", stretch_text(pause));
  add("results kept", retention_text(server.retention.checks));
  add("summaries kept", retention_text(server.retention.summaries));
  if (server.objective) add("objective", format_percent(*server.objective, 3) + " %");
  const ServiceLevel& level = server.level;
  add("budget for", level.period);
  add("service hours", level.hours.empty() ? "" : fmt::format("{} of {}", level.hours, level.timezone));
  if (level.latency_target.count() > 0) {
    add("latency", fmt::format("within {}{}", format_duration(level.latency_target),
                               level.latency_objective
                                   ? fmt::format(", {} % of responses", format_percent(*level.latency_objective, 3))
                                   : ""));
  }
  if (!server.annotations.empty()) {
    add("said", fmt::format("{} remarks; `nines incidents` tells them", server.annotations.size()));
  }
  add("check", server.check);
  return lines;
}

}  // namespace

void server_add_options(OptionList& options) {
  rule_options(options);
  options.add_options()("if-missing", "succeed when there is a server of this name; it stays as it is");
}

void server_edit_options(OptionList& options) {
  rule_options(options);
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  auto add = options.add_options();
  add("url", text("URL"), "what is checked");
  add("name", text("NAME"), "a new name");
  add("pause", "no checks count from now on");
  add("resume", "they count again");
}

void server_list_options(OptionList& options) {
  options.add_options()("group", po::value<std::string>()->value_name("NAME"), "only this group");
}

Outcome server_add(const Call& call) {
  Server server;
  server.name = call.words[0];
  if (call.words.size() > 1) server.url = call.words[1];
  if (auto applied = apply(call, server, true); !applied) return applied;
  auto store = open_for_writing(call, true);
  if (!store) return tl::unexpected(store.error());
  const auto added = (*store)->add_server(server);
  const bool there = !added && added.error().code == ErrorCode::already_exists && call.has("if-missing");
  if (!added && !there) return failed(printable(added.error().message));
  if (!call.quiet) {
    const std::string name = printable(server.name);
    say(there ? fmt::format("`{}` is there already", name) : fmt::format("added `{}`", name));
  }
  return store->close();
}

Outcome server_list(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto group = call.text("group");
  ServerFilter filter;
  filter.group = group;
  if (auto checked = check_filter(*catalog, filter); !checked) return tl::unexpected(checked.error());
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"group", "GROUP"},
                  {"interval_ms", "INTERVAL", true},
                  {"url", "URL"},
                  {"created_at", "SINCE"}},
                 "servers");
  for (const Server& server : catalog->servers()) {
    if (group && server.group != *group) continue;
    const auto interval = server.current_rules().interval;
    rows.add({{.value = server.name, .text = {}},
              {.value = server.group, .text = {}},
              {.value = interval.count(), .text = format_duration(interval)},
              {.value = server.url, .text = {}},
              {.value = format_time(server.created_at), .text = format_date(server.created_at, {})}});
  }
  rows.finish();
  return kExitDone;
}

Outcome server_show(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto server = find_server(*catalog, call.words[0]);
  if (!server) return tl::unexpected(server.error());
  const Json json = server_json(**server, Audience::owner);
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(json) + "\n");
    return kExitDone;
  }
  if (call.format == Format::table) {
    show_lines(call.terminal, server_lines(**server));
    return kExitDone;
  }
  RowWriter rows(call.format, call.terminal, {{"key", "KEY"}, {"value", "VALUE"}}, "server");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_null() && !(value.is_structured() && value.empty())) {
      rows.add({{.value = key, .text = {}}, {.value = value, .text = {}}});
    }
  }
  rows.finish();
  return kExitDone;
}

Outcome server_edit(const Call& call) {
  constexpr std::array kChanges{"interval",
                                "timeout",
                                "stale-after",
                                "confirm-failures",
                                "confirm-successes",
                                "merge-within",
                                "quorum",
                                "retention",
                                "summary-retention",
                                "group",
                                "tag",
                                "objective",
                                "url",
                                "name",
                                "pause",
                                "resume",
                                "objective-period",
                                "service-hours",
                                "timezone",
                                "latency-target",
                                "latency-objective"};
  if (std::none_of(kChanges.begin(), kChanges.end(), [&](const char* option) { return call.has(option); })) {
    return usage("nothing to change; `nines server edit --help` lists what can be");
  }
  if (call.has("pause") && call.has("resume")) return usage("--pause and --resume exclude each other");
  return change_server(call, call.words[0], [&](Server& server) -> Outcome {
    if (auto applied = apply(call, server, false); !applied) return applied;
    if (const auto url = call.text("url")) server.url = *url;
    if (const auto name = call.text("name")) server.name = *name;
    if (call.has("pause")) (void)pause(server, now());
    if (call.has("resume")) (void)resume(server, now());
    return kExitDone;
  });
}

Outcome server_rename(const Call& call) {
  return change_server(call, call.words[0], [&](Server& server) -> Outcome {
    server.name = call.words[1];
    return kExitDone;
  });
}

Outcome server_remove(const Call& call) {
  const std::string& name = call.words[0];
  if (call.owner == nullptr && !call.has("yes")) {
    auto looked = open_for_reading(call);
    if (!looked) return tl::unexpected(looked.error());
    if (auto found = find_server(*(*looked)->catalog(), name); !found) return tl::unexpected(found.error());
    const auto sure = confirmed(call, fmt::format("Remove `{}` and all of its history?", printable(name)));
    if (!sure) return tl::unexpected(sure.error());
    if (!*sure) return kExitFailed;
  }
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto server = find_server(*catalog, name);
  if (!server) return tl::unexpected(server.error());
  if (auto removed = (*store)->remove_server((*server)->id); !removed)
    return failed(printable(removed.error().message));
  if (!call.quiet) say(fmt::format("removed `{}` and its history", printable(name)));
  warn_of_configuration(call, **server);
  return store->close();
}

}  // namespace nines::tools
