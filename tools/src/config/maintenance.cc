// The maintenance windows of a configuration: {every: sunday, from: "02:00", for: 1h, timezone: Europe/Paris}, or once
// with absolute times: {from: 2026-07-14T02:00:00Z, for: 1h} or {from: ..., to: ...}.
#include <fmt/format.h>
#include <nines/calendar.h>

#include <array>
#include <string>

#include "config/config.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, 7> kKeys{"every", "from", "to", "for", "timezone", "day", "note"};
constexpr std::array<std::string_view, 7> kWeekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};
constexpr std::chrono::milliseconds kShortest = std::chrono::minutes{1};
constexpr std::chrono::milliseconds kLongest = std::chrono::days{7};

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
  for (const std::string& word : read_texts(node, "every", problems)) {
    if (word == "day" || word == "month") {
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

void read_recurring(const MapReader& map, Maintenance& entry, Problems& problems) {
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
  if (const auto zone = map.get("timezone")) {
    const auto name = read_text(*zone, "timezone", problems);
    if (name && !Zone::find(*name)) {
      problems.add(*zone, fmt::format("there is no time zone `{}`; names are like Europe/Paris", printable(*name)));
    }
    entry.timezone = name.value_or("UTC");
  }
  if (const auto day = map.get("day")) {
    entry.day_of_month = static_cast<std::uint8_t>(read_integer(*day, "day", 1, 31, problems).value_or(1));
  }
  if (const auto to = map.get("to")) problems.add(*to, "a recurring maintenance has `for`, not `to`");
}

void read_once(const MapReader& map, Maintenance& entry, std::chrono::milliseconds length, Problems& problems) {
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
    return *time;
  };
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

std::vector<Maintenance> read_maintenance(const YAML::Node& node, Problems& problems) {
  std::vector<Maintenance> entries;
  if (!node.IsSequence()) {
    problems.add(node, "maintenance must be a list");
    return entries;
  }
  for (const auto& item : node) {
    const MapReader map(item, "a maintenance", kKeys, problems);
    Maintenance entry;
    std::chrono::milliseconds length = entry.length;
    if (const auto span = map.get("for")) {
      length = read_duration(*span, "for", kShortest, kLongest, problems).value_or(length);
    }
    if (map.get("every")) {
      entry.length = std::chrono::duration_cast<std::chrono::minutes>(length);
      read_recurring(map, entry, problems);
    } else {
      read_once(map, entry, length, problems);
    }
    if (const auto note = map.get("note")) entry.note = read_text(*note, "note", problems).value_or("");
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace nines::tools
