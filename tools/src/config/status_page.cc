// The list `web.status`: what of the servers everybody may see.
#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/host_name.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "config/config.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, 7> kPageKeys{"path", "title", "groups", "names", "embed", "timezone", "notes"};
constexpr std::array<std::string_view, 2> kNoteKeys{"time", "text"};
constexpr std::size_t kMostPages = 100;
constexpr std::size_t kMostNotes = 1'000;

std::string read_path(const YAML::Node& node, Problems& problems) {
  std::string path = read_text(node, "path", problems).value_or("");
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/";
  const bool below = path == kStatusPath || (path.starts_with(kStatusPath) && path[kStatusPath.size()] == '/');
  if (!below || path.ends_with('/') || path.find("//") != std::string::npos ||
      path.find_first_not_of(kPlain) != std::string::npos)
    problems.add(node, "path is /status or below it, like /status/shop, of letters, digits, - and _");
  return path;
}

StatusPage::Note read_note(const YAML::Node& node, Problems& problems) {
  StatusPage::Note note;
  const MapReader map(node, "a note", kNoteKeys, problems);
  if (const auto text = map.get("text")) note.text = read_text(*text, "text", problems).value_or("");
  const auto when = map.get("time");
  const auto text = when ? read_text(*when, "time", problems) : std::nullopt;
  const auto time = parse_rfc3339(text.value_or(""));
  if (!time) problems.add(node, "a note needs `time`, like 2026-07-14T02:00:00Z");
  if (note.text.empty()) problems.add(node, "a note needs `text`");
  note.time = time.value_or(TimeMs{});
  return note;
}

StatusPage read_page(const YAML::Node& node, Problems& problems) {
  StatusPage page;
  const MapReader map(node, "a page of web.status", kPageKeys, problems);
  if (const auto path = map.get("path")) page.path = read_path(*path, problems);
  if (const auto title = map.get("title")) page.title = read_text(*title, "title", problems).value_or("");
  if (const auto groups = map.get("groups")) page.groups = read_texts(*groups, "groups", problems);
  if (page.groups.empty()) problems.add(node, "a page of web.status needs `groups`: nothing is public by itself");
  if (const auto names = map.get("names")) {
    if (!names->IsMap()) {
      problems.add(*names, "names maps a server's name to the one that everybody sees");
    } else {
      for (const auto& entry : *names) {
        const auto name = read_text(entry.first, "names", problems);
        auto shown = read_text(entry.second, "names", problems);
        if (name && shown) page.names[*name] = std::move(*shown);
      }
    }
  }
  if (const auto embed = map.get("embed")) page.embed = read_origins(*embed, "embed", problems);
  if (const auto zone = map.get("timezone")) {
    page.zone = read_text(*zone, "timezone", problems).value_or("UTC");
    if (!Zone::find(page.zone))
      problems.add(*zone, fmt::format("there is no time zone `{}`; names are like Europe/Paris", printable(page.zone)));
  }
  if (const auto notes = map.get("notes")) {
    if (!notes->IsSequence() || notes->size() > kMostNotes) {
      problems.add(*notes, fmt::format("notes is a list of at most {} of {{time, text}}", kMostNotes));
    } else {
      for (const auto& each : *notes) page.notes.push_back(read_note(each, problems));
    }
  }
  return page;
}

}  // namespace

std::vector<std::string> read_origins(const YAML::Node& node, std::string_view what, Problems& problems) {
  std::vector<std::string> origins = read_texts(node, what, problems);
  for (std::string& origin : origins) {
    const std::size_t scheme = origin.starts_with("https://") ? 8 : origin.starts_with("http://") ? 7 : 0;
    const std::size_t port = std::min(origin.find(':', scheme), origin.size());
    if (const auto host = ascii_host(std::string_view(origin).substr(scheme, port - scheme)); host && scheme != 0) {
      const bool is_plain = origin.compare(scheme, port - scheme, *host) == 0;
      const bool is_foreign = std::any_of(origin.begin(), origin.end(), [](char c) { return (c & 0x80) != 0; });
      if (!is_plain && is_foreign) origin = origin.substr(0, scheme) + *host + origin.substr(port);
    }
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz0123456789-.:[]";
    if (scheme == 0 || origin.size() == scheme || origin.find_first_not_of(kPlain, scheme) != std::string::npos)
      problems.add(node,
                   fmt::format("{} takes origins like https://example.org, in lower case and without a path", what));
  }
  return origins;
}

std::vector<StatusPage> read_status_pages(const YAML::Node& node, Problems& problems) {
  std::vector<StatusPage> pages;
  if (!node.IsSequence() || node.size() > kMostPages) {
    problems.add(node, fmt::format("web.status is a list of at most {} pages, each with `groups`", kMostPages));
    return pages;
  }
  std::set<std::string> paths;
  for (const auto& item : node) {
    pages.push_back(read_page(item, problems));
    if (!paths.insert(pages.back().path).second)
      problems.add(item, fmt::format("two pages of web.status have the path {}", pages.back().path));
  }
  return pages;
}

}  // namespace nines::tools
