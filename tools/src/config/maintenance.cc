// The maintenance windows of a configuration: {every: sunday, from: "02:00", for: 1h, timezone: Europe/Paris}, or once
// with absolute times: {from: 2026-07-14T02:00:00Z, for: 1h} or {from: ..., to: ...}, where times without an offset are
// those of `timezone`. Keys that say nothing beside others, or contradict them, are mistakes.
#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/timeline.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "config/config.h"
#include "config/keys.h"
#include "exchange/by_hand.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};

// What recurs, recurs within it; it holds no change of a zone's clock that would let an hour slip through the hours of
// a day.
constexpr Window kSomeWeeks{from_ms(1'767'571'200'000), from_ms(1'772'409'600'000)};  // 2026-01-05 to 2026-03-02

// Minutes after midnight from "02:00".
std::optional<std::chrono::minutes> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0U, 1U, 3U, 4U}) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes{hours * 60 + minutes};
}

// `every: day | month | weekdays | weekend | sunday | [saturday, sunday]`.
bool read_repeat(const YAML::Node& node, Maintenance& entry, Problems& problems) {
  const std::vector<std::string> words = read_texts(node, "every", problems);
  if (words.empty()) problems.add(node, "every needs day, month, weekdays, weekend or days of the week");
  for (const std::string& word : words) {
    if (word == "day" || word == "month") {
      if (words.size() > 1) {
        problems.add(node, fmt::format("every `{}` stands alone; a list has days of the week", word));
        return false;
      }
      entry.repeat = word == "day" ? Maintenance::Repeat::daily : Maintenance::Repeat::monthly;
      continue;
    }
    entry.repeat = Maintenance::Repeat::weekly;
    bool known = false;
    for (std::size_t day = 0; day < kWeekdays.size(); ++day) {
      const bool weekend = day == 0 || day == 6;
      if (word == kWeekdays[day] || (word == "weekend" && weekend) || (word == "weekdays" && !weekend)) {
        entry.weekdays = static_cast<std::uint8_t>(entry.weekdays | (1U << day));
        known = true;
      }
    }
    if (!known) {
      const std::string_view near = closest(word, kWeekdays);
      problems.add(node, fmt::format("every `{}` is not day, weekdays, weekend, month or a day of the week{}",
                                     printable(word), near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
      return false;
    }
  }
  return entry.repeat != Maintenance::Repeat::once;
}

// The zone that `timezone` names; nothing when there is none, or no such zone, which is a problem.
std::optional<Zone> read_zone(const MapReader& map, Problems& problems) {
  const auto node = map.get("timezone");
  const auto name = node ? read_text(*node, "timezone", problems) : std::nullopt;
  if (!name) return std::nullopt;
  const auto zone = Zone::find(*name);
  if (zone) return *zone;
  problems.add(*node, fmt::format("there is no time zone `{}`; names are like Europe/Paris", printable(*name)));
  return std::nullopt;
}

void read_recurring(const MapReader& map, Maintenance& entry, std::chrono::milliseconds length, Problems& problems) {
  if (!read_repeat(*map.get("every"), entry, problems)) return;
  if (const auto from = map.get("from")) {
    const auto text = read_text(*from, "from", problems);
    const auto start = text ? parse_clock(*text) : std::nullopt;
    if (text && !start) {
      problems.add(*from, fmt::format("from `{}` must be a time of day in quotes, like \"02:00\"", printable(*text)));
    }
    entry.start = start.value_or(std::chrono::minutes{0});
  } else {
    problems.add(map.node(), "a recurring maintenance needs `from`, a time of day like \"02:00\"");
  }
  if (const auto zone = read_zone(map, problems)) entry.timezone = zone->name();
  if (const auto day = map.get("day")) {
    if (entry.repeat != Maintenance::Repeat::monthly) problems.add(*day, "day goes with `every: month`");
    entry.day_of_month =
        static_cast<std::uint8_t>(read_integer(*day, config_key("maintenance", "day"), problems).value_or(1));
  }
  if (const auto to = map.get("to")) problems.add(*to, "a recurring maintenance has `for`, not `to`");
  if (const auto span = map.get("for"); span && length % std::chrono::minutes{1} != std::chrono::milliseconds{0}) {
    problems.add(*span, "for: a recurring maintenance lasts whole minutes");
  }
  entry.length = std::chrono::duration_cast<std::chrono::minutes>(length);
}

// Whether a time in RFC 3339 says how far its clock is from UTC.
bool has_offset(std::string_view time) {
  const std::size_t clock = time.find(':');
  return clock != std::string_view::npos && time.find_first_of("Zz+-", clock) != std::string_view::npos;
}

void read_once(const MapReader& map, Maintenance& entry, std::chrono::milliseconds length, Problems& problems) {
  const Zone zone = read_zone(map, problems).value_or(Zone());
  const auto moment = [&](std::string_view key) -> std::optional<TimeMs> {
    const auto node = map.get(key);
    const auto text = node ? read_text(*node, key, problems) : std::nullopt;
    if (!text) return std::nullopt;
    const auto time = parse_rfc3339(*text);
    if (!time) {
      problems.add(*node, fmt::format("{} `{}` must be a time like 2026-07-14T02:00:00Z (or add `every`)", key,
                                      printable(*text)));
      return std::nullopt;
    }
    if (!has_offset(*text)) {
      const TimeMs there = zone.from_local(to_ms(*time));
      if (to_ms(there + zone.offset(there)) == to_ms(*time)) return there;
      problems.add(*node, fmt::format("{} `{}` does not exist in {}: a clock change skips it", key, printable(*text),
                                      zone.name()));
      return std::nullopt;
    }
    if (map.get("timezone")) {
      problems.add(*node,
                   fmt::format("{} has an offset of its own, which contradicts `timezone`; leave one away", key));
    }
    return *time;
  };
  if (const auto day = map.get("day")) problems.add(*day, "day goes with `every: month`");
  if (const auto span = map.get("for"); span && map.get("to")) problems.add(*span, "for and to contradict each other");
  const auto from = moment("from");
  const auto to = moment("to");
  if (!map.get("from") || (!map.get("to") && !map.get("for"))) {
    problems.add(map.node(), "a maintenance needs `from` with `to` or `for`");
    return;
  }
  if (!from) return;
  entry.once = {*from, to ? *to : *from + length};
  if (entry.once.empty()) problems.add(map.node(), "the maintenance ends before it begins");
}

}  // namespace

bool is_always(const std::vector<Maintenance>& maintenance) {
  Server server;
  std::copy_if(maintenance.begin(), maintenance.end(), std::back_inserter(server.maintenance),
               [](const Maintenance& entry) {
                 return entry.repeat != Maintenance::Repeat::once && entry.effective == Maintenance().effective;
               });
  if (server.maintenance.empty()) return false;
  const auto spans = overlay(server, kSomeWeeks, MaintenancePolicy::exclude);
  if (!spans) return false;
  std::int64_t length_ms = 0;
  for (const Span& span : *spans) length_ms += span.length_ms();
  return length_ms == (kSomeWeeks.to - kSomeWeeks.from).count();
}

std::vector<Maintenance> read_maintenance(const YAML::Node& node, Problems& problems) {
  std::vector<Maintenance> entries;
  if (!node.IsSequence()) {
    problems.add(node, "maintenance must be a list");
    return entries;
  }
  for (const auto& item : node) {
    const MapReader map(item, "a maintenance", key_names("maintenance"), problems);
    Maintenance entry;
    std::chrono::milliseconds length = entry.length;
    if (const auto span = map.get("for")) {
      length = read_duration(*span, config_key("maintenance", "for"), problems).value_or(length);
    }
    if (map.get("every")) {
      read_recurring(map, entry, length, problems);
    } else {
      read_once(map, entry, length, problems);
    }
    if (const auto note = map.get("note")) {
      entry.note = read_text(*note, "note", problems).value_or("");
      if (entry.note.starts_with(kByHand)) {
        problems.add(*note, fmt::format("a note that begins with `{}` is that of a command", kByHand));
      }
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace nines::tools
