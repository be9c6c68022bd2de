// nines server add | list | show | edit | remove: the catalog. Listing reads no check result.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/session.h"
#include "config/server.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

using std::chrono::milliseconds;

// Changes `value` to what --option says.
Expected<bool> read_option_duration(const Call& call, const char* option, milliseconds& value) {
  const auto text = call.text(option);
  if (!text) return false;
  const auto duration = parse_duration(*text);
  if (!duration) return usage(fmt::format("--{}: {}", option, printable(duration.error().message)));
  value = *duration;
  return true;
}

Expected<bool> change_rules(const Call& call, Rules& rules) {
  const Rules before = rules;
  for (const auto& [option, value] : {std::pair{"interval", &rules.interval}, std::pair{"timeout", &rules.timeout},
                                      std::pair{"stale-after", &rules.stale_after}}) {
    if (auto changed = read_option_duration(call, option, *value); !changed) return changed;
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

Expected<bool> change_objective(const Call& call, Server& server) {
  const auto text = call.text("objective");
  if (!text) return false;
  server.objective = parse_objective(*text);
  if (!server.objective) return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999");
  return true;
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
  if (auto objective = change_objective(call, server); !objective) return tl::unexpected(objective.error());
  if (const auto group = call.text("group")) server.group = *group;
  if (const auto url = call.text("url")) server.url = *url;
  if (const auto name = call.text("name")) server.name = *name;
  return kExitDone;
}

Outcome save_edit(const Call& call, Store& store, const Server& server) {
  if (auto saved = store.update_server(server); !saved) return failed(printable(saved.error().message));
  if (!call.quiet) say(fmt::format("changed `{}`", printable(server.name)));
  return close_store(store);
}

void end_pause(Server& server, TimeMs at) {
  if (!server.paused.empty() && server.paused.back().to > at) server.paused.back().to = at;
}

}  // namespace

void yes_option(OptionList& options) {
  options.add_options()("yes,y", "do not ask");
}

void server_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("interval", text("SPAN"), "time between checks, e.g. 60s");
  add("timeout", text("SPAN"), "of a check; with the interval it says how long a result holds");
  add("stale-after", text("SPAN"), "how long a result holds (default 2.5 x interval + timeout)");
  add("confirm-failures", text("N"), "failures in a row that confirm an outage");
  add("confirm-successes", text("N"), "successes in a row that end one");
  add("group", text("NAME"), "group of the dashboard");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"), "may be repeated; KEY= removes");
  add("objective", text("RATIO"), "service level objective, e.g. 99.9%");
  add("url", text("URL"), "what is checked");
  add("name", text("NAME"), "a new name (edit)");
  add("pause", "no checks count from now on (edit)");
  add("resume", "they count again (edit)");
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
  if (auto added = (*store)->add_server(server); !added) return failed(printable(added.error().message));
  if (!call.quiet) say(fmt::format("added `{}`", printable(server.name)));
  return close_store(**store);
}

Outcome server_list(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto group = call.text("group");
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
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto found = find_server(*catalog, call.words[0]);
  if (!found) return tl::unexpected(found.error());
  Server server = **found;
  if (auto applied = apply(call, server, false); !applied) return applied;
  if (call.has("pause") && call.has("resume")) return usage("--pause and --resume exclude each other");
  if (call.has("pause")) {
    end_pause(server, now());
    server.paused.push_back({now(), kTimeLimit});
  }
  if (call.has("resume")) end_pause(server, now());
  if (server == **found) return usage("nothing to change; `nines server edit --help` lists what can be");
  return save_edit(call, **store, server);
}

Outcome server_remove(const Call& call) {
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto server = find_server(*catalog, call.words[0]);
  if (!server) return tl::unexpected(server.error());
  const auto sure = confirmed(call, fmt::format("Remove `{}` and all of its history?", printable((*server)->name)));
  if (!sure) return tl::unexpected(sure.error());
  if (!*sure) return kExitFailed;
  if (auto removed = (*store)->remove_server((*server)->id); !removed) return failed(removed.error());
  if (!call.quiet) say(fmt::format("removed `{}` and its history", printable(call.words[0])));
  return close_store(**store);
}

}  // namespace nines::tools
