// nines maintenance add | list | end, and nines correct: what time really was, or will be, said by hand.
#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "config/config.h"
#include "exchange/by_hand.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

/// The entry that the options describe, by the rules of a configuration's `maintenance`.
Expected<Maintenance> read_entry(const Call& call) {
  YAML::Node node;
  const bool recurring = call.has("every");
  for (const auto& [option, key] :
       {std::pair{"every", "every"}, std::pair{"from", "from"}, std::pair{"to", "to"}, std::pair{"for", "for"},
        std::pair{"tz", "timezone"}, std::pair{"day", "day"}, std::pair{"note", "note"}}) {
    auto text = call.text(option);
    if (!text) continue;
    const bool is_moment = !recurring && (key == std::string_view("from") || key == std::string_view("to"));
    if (is_moment) {
      // The command line's own ways to say a time; the zone has done its part then.
      const auto zone = Zone::find(call.text("tz").value_or("UTC"));
      if (!zone) return usage(fmt::format("--tz: {}", printable(zone.error().message)));
      const auto time = parse_time(*text, {now(), *zone});
      if (!time) return usage(fmt::format("--{}: {}", option, printable(time.error().message)));
      text = format_time(*time);
    }
    if (!recurring && key == std::string_view("timezone")) continue;
    std::string plain;  // a configuration's texts name variables of the environment
    for (const char c : *text) plain += c == '$' ? std::string("$$") : std::string(1, c);
    node[key] = plain;
  }
  Problems problems("");
  YAML::Node list;
  list.push_back(node);
  auto entries = read_maintenance(list, problems);
  if (!problems.empty()) return usage(problems.list().front().message);
  entries.front().note = by_hand(entries.front().note);
  if (recurring) entries.front().effective.from = now();
  return entries.front();
}

std::string_view repeat_text(Maintenance::Repeat repeat) {
  constexpr std::array<std::string_view, 4> kNames{"once", "daily", "weekly", "monthly"};
  return kNames[static_cast<std::size_t>(repeat)];
}

/// The time that an entry is about: of a recurring one that in which it begins again and again.
const Window& span_of(const Maintenance& entry) {
  return entry.repeat == Maintenance::Repeat::once ? entry.once : entry.effective;
}

Json time_or_null(TimeMs time) {
  return time <= from_ms(0) || time >= kTimeLimit ? Json(nullptr) : Json(format_time(time));
}

std::string clock_text(std::chrono::minutes start) {
  return fmt::format("{:02}:{:02}", start.count() / 60, start.count() % 60);
}

void add_rows(RowWriter& rows, const Server& server, TimeMs moment) {
  std::size_t number = 0;
  for (const Maintenance& entry : server.maintenance) {
    ++number;
    const bool once = entry.repeat == Maintenance::Repeat::once;
    const Window& span = span_of(entry);
    const std::string_view when = span.to <= moment ? "over" : span.from > moment ? "ahead" : "in force";
    const std::string what = once ? "once"
                                  : fmt::format("{} {} {} for {}", repeat_text(entry.repeat), clock_text(entry.start),
                                                printable(entry.timezone), format_duration(entry.length));
    const auto bound = [](TimeMs time) {
      return time <= from_ms(0) || time >= kTimeLimit ? std::string("-") : moment_text(time, {});
    };
    rows.add({{.value = server.name, .text = {}},
              {.value = number, .text = {}},
              {.value = std::string(repeat_text(entry.repeat)), .text = what},
              {.value = time_or_null(span.from), .text = bound(span.from)},
              {.value = time_or_null(span.to), .text = bound(span.to)},
              {.value = std::string(when), .text = {}},
              {.value = once ? Json(nullptr) : Json(clock_text(entry.start)), .text = {}},
              {.value = once ? Json(nullptr) : Json(entry.timezone), .text = {}},
              {.value = once ? Json((entry.once.to - entry.once.from).count())
                             : Json(std::chrono::milliseconds(entry.length).count()),
               .text = {}},
              {.value = entry.note, .text = {}}});
  }
}

}  // namespace

void maintenance_add_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("from", text("TIME"), "its beginning; with --every a time of day like 02:00");
  add("to", text("TIME"), "its end");
  add("for", text("SPAN"), "or how long it lasts");
  add("every", text("DAY"), "again and again: day, weekdays, weekend, sunday ... or month");
  add("day", text("N"), "with --every month: the day of the month");
  add("tz", text("ZONE"), "IANA zone of the times (default UTC)");
  add("note", text("TEXT"), "a line for a person");
}

Outcome maintenance_add(const Call& call) {
  if (!call.has("from")) return usage("maintenance add needs --from, with --to or --for");
  const auto entry = read_entry(call);
  if (!entry) return tl::unexpected(entry.error());
  return change_server(call, call.words[0], [&](Server& server) -> Outcome {
    server.maintenance.push_back(*entry);
    return kExitDone;
  });
}

Outcome maintenance_list(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto servers = find_servers(*catalog, call.words);
  if (!servers) return tl::unexpected(servers.error());
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"number", "NUMBER", true},
                  {"repeat", "REPEAT"},
                  {"from", "FROM"},
                  {"to", "TO"},
                  {"when", "WHEN"},
                  {"start", ""},
                  {"timezone", ""},
                  {"duration_ms", ""},
                  {.key = "note", .title = "NOTE", .leaves = 1}},
                 "maintenance");
  for (const Server* const server : *servers) add_rows(rows, *server, now());
  rows.finish();
  return kExitDone;
}

Outcome maintenance_end(const Call& call) {
  std::optional<std::size_t> number;
  if (call.words.size() > 1) {
    const std::string& text = call.words[1];
    const bool digits = !text.empty() && text.size() < 6 && text.find_first_not_of("0123456789") == std::string::npos;
    number = digits ? std::stoul(text) : 0;
    if (*number == 0) return usage("maintenance end takes a number as `nines maintenance list` shows it");
  }
  return change_server(call, call.words[0], [&](Server& server) -> Outcome {
    const TimeMs moment = now();
    if (number) {
      if (*number > server.maintenance.size()) {
        return failed(fmt::format("`{}` has no maintenance {}; `nines maintenance list` shows what there is",
                                  printable(server.name), *number));
      }
      end_maintenance(server, *number - 1, moment);
      return kExitDone;
    }
    if (!end_maintenance_under_way(server, moment)) {
      return failed(fmt::format("no single maintenance of `{}` is under way; others are ended by their number",
                                printable(server.name)));
    }
    return kExitDone;
  });
}

void correct_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("from", text("TIME"), "RFC 3339, @milliseconds, now, -24h, today, 2026-07-14");
  add("to", text("TIME"), "the same; not inclusive");
  add("as", text("STATE"),
      "what it was: up, degraded, down, maintenance, unknown; or measured, to take corrections away");
  add("tz", text("ZONE"), "IANA zone of the times (default UTC)");
  add("note", text("TEXT"), "a line for a person");
}

Outcome correct(const Call& call) {
  const auto zone = Zone::find(call.text("tz").value_or("UTC"));
  if (!zone) return usage(fmt::format("--tz: {}", printable(zone.error().message)));
  Correction correction;
  for (const auto& [option, bound] :
       {std::pair{"from", &correction.window.from}, std::pair{"to", &correction.window.to}}) {
    const auto text = call.text(option);
    if (!text) return usage("correct needs --from, --to and --as");
    const auto time = parse_time(*text, {now(), *zone});
    if (!time) return usage(fmt::format("--{}: {}", option, printable(time.error().message)));
    *bound = *time;
  }
  if (correction.window.empty()) return usage("--to must come after --from");
  const auto as = call.text("as");
  if (!as) return usage("correct needs --from, --to and --as");
  const auto state = parse_state(*as);
  if (*as != "measured" && (!state || *state == State::paused)) {
    return usage(fmt::format("--as {}: it takes up, degraded, down, maintenance, unknown or measured", printable(*as)));
  }
  correction.state = state.value_or(State::unknown);
  correction.note = call.text("note").value_or("");
  return change_server(call, call.words[0], [&](Server& server) -> Outcome {
    if (*as == "measured") {
      uncorrect(server, correction.window);
    } else {
      nines::tools::correct(server, correction);
    }
    return kExitDone;
  });
}

}  // namespace nines::tools
