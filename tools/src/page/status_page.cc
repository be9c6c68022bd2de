#include "page/status_page.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/timeline.h>

#include <algorithm>
#include <array>
#include <utility>

#include "page/badge_answer.h"
#include "page/frame.h"
#include "page/live_question.h"
#include "page/strip.h"
#include "show/planned_maintenance.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using std::chrono::days;

// Days whose incidents the page tells one by one, and how far ahead planned maintenance is told.
constexpr int kToldDays = 14;
constexpr days kAhead{14};
constexpr std::size_t kMostPlanned = 20;
constexpr std::size_t kMostEntries = 50;  // of the feed

struct Planned {
  PlannedMaintenance what;
  std::vector<std::string> names;
};

// Everything that a page says, under public names.
struct Told {
  LiveQuestion question;
  std::shared_ptr<const Catalog> catalog;
  Dashboard board;
  std::map<ServerId, std::string> names;
  std::vector<Incident> incidents;  // newest first, of the page's 90 days
  std::vector<Planned> planned;
};

bool is_shown(const StatusPage& page, const Server& server) {
  return std::find(page.groups.begin(), page.groups.end(), server.group) != page.groups.end();
}

std::string public_name(const StatusPage& page, const Server& server) {
  const auto found = page.names.find(server.name);
  return found == page.names.end() ? server.name : found->second;
}

// The maintenance of the next days, told once for all servers that share it.
Result<void> plan(const StatusPage& page, const Server& server, TimeMs now, std::vector<Planned>& planned) {
  auto found = planned_maintenance(server, now, kAhead);
  if (!found) return tl::unexpected(found.error());
  for (PlannedMaintenance& each : *found) {
    auto same = std::find_if(planned.begin(), planned.end(), [&](const Planned& other) { return other.what == each; });
    if (same == planned.end()) same = planned.insert(planned.end(), {std::move(each), {}});
    same->names.push_back(public_name(page, server));
  }
  return {};
}

Result<void> tell(const Store& store, const StatusPage& page, Told& told) {
  const TimeMs at = now();
  WebRequest ninety;
  ninety.query = {{"window", "90d"}, {"tz", page.zone}};
  auto question = live_question(ninety, at);
  if (!question) return tl::unexpected(question.error());
  told.question = std::move(*question);
  told.catalog = store.catalog();
  DashboardOptions options;
  options.bars = told.question.bars;
  options.figures = {.latency = false, .details = false, .since = false};
  std::vector<ServerId> ids;
  for (const Server& server : told.catalog->servers()) {
    if (!is_shown(page, server)) continue;
    options.filter.names.push_back(server.name);
    ids.push_back(server.id);
    told.names[server.id] = public_name(page, server);
    if (auto done = plan(page, server, at, told.planned); !done) return done;
  }
  std::sort(told.planned.begin(), told.planned.end(),
            [](const Planned& a, const Planned& b) { return a.what.window.from < b.what.window.from; });
  if (told.planned.size() > kMostPlanned) told.planned.resize(kMostPlanned);
  if (ids.empty()) return {};
  if (auto done = dashboard(store, told.question.query, options, told.board); !done) return done;
  auto found = incidents(store, ids, told.question.query);
  if (!found) return tl::unexpected(found.error());
  told.incidents = std::move(found->incidents);
  std::reverse(told.incidents.begin(), told.incidents.end());
  return {};
}

// What nobody knows is not said to work, nor to fail: it is the monitor that does not know.
std::pair<State, std::string> sentence_of(const Told& told) {
  if (told.board.rows.empty()) return {State::unknown, "There is nothing to show yet"};
  const auto named = [&](State state) {
    std::string list;
    std::size_t count = 0;
    for (const DashboardRow& row : told.board.rows) {
      if (state_now(row.figures) != state) continue;
      if (count < 3) list += (count > 0 ? ", " : "") + fit(told.names.at(row.server), 40);
      ++count;
    }
    return count > 3 ? fmt::format("{} and {} more", list, count - 3) : list;
  };
  if (told.board.count(State::down) > 0) return {State::down, fmt::format("Not available: {}", named(State::down))};
  if (told.board.count(State::degraded) > 0)
    return {State::degraded, fmt::format("Slow or partly failing: {}", named(State::degraded))};
  if (told.board.count(State::unknown) > 0)
    return {State::unknown, fmt::format("Not known at the moment: {}", named(State::unknown))};
  if (told.board.count(State::maintenance) > 0)
    return {State::maintenance, fmt::format("In maintenance: {}", named(State::maintenance))};
  return {State::up, "Everything works"};
}

Html head_of(const Told& told) {
  const auto [state, text] = sentence_of(told);
  return html("<div class=\"sentence banner {}\">{}<h1>{}</h1></div>", word(state), icon(state), text);
}

Html services_of(const StatusPage& page, const Told& told) {
  Html out;
  for (const std::string& group : page.groups) {
    Html rows;
    for (const DashboardRow& row : told.board.rows) {
      const Server* const server = told.catalog->find(row.server);
      if (server == nullptr || server->group != group) continue;
      const State state = state_now(row.figures);
      rows += html(
          "<li><div><b>{}</b><span class=\"st\">{}{}</span></div>{}<div class=\"mute\"><span>90 days ago</span>"
          "<span>{}</span><span>today</span></div></li>",
          told.names.at(row.server), icon(state), word(state), strip(row.bars, strip_label(row.figures)),
          row.figures.uptime_ratio ? short_percent(row.figures.uptime_ratio) + " uptime" : "no data");
    }
    if (!rows.empty()) out += html("<h2>{}</h2><ul class=\"services\">", group) + rows + html("</ul>");
  }
  return out;
}

Html window_of(const Window& window, const Zone& zone, bool under_its_day) {
  const bool one_day = calendar_window(window.from, CalendarUnit::day, zone).contains(window.to);
  return moment(window.from, zone, under_its_day ? "clock" : "") + html(" \u2013 ") +
         moment(window.to, zone, one_day ? "clock" : "");
}

Html planned_of(const Told& told) {
  if (told.planned.empty()) return {};
  Html out = html("<h2>Planned maintenance</h2><ul class=\"timeline\">");
  for (const Planned& each : told.planned) {
    std::string names;
    for (const std::string& name : each.names) names += (names.empty() ? "" : ", ") + name;
    out += html("<li><b>{}</b><br>", names) + window_of(each.what.window, told.question.zone, false);
    if (!each.what.note.empty()) out += html("<br>{}", each.what.note);
    out += html("</li>");
  }
  return out + html("</ul>");
}

Html days_of(const StatusPage& page, const Told& told) {
  const Zone& zone = told.question.zone;
  const TimeMs at = told.question.query.now;
  Html out = html("<h2>The last {} days</h2>", kToldDays);
  Window day = calendar_window(at, CalendarUnit::day, zone);
  for (int i = 0; i < kToldDays; ++i) {
    Html events;
    for (const StatusPage::Note& note : page.notes) {
      if (day.from <= note.time && note.time < day.to) events += html("<li><b>{}</b></li>", note.text);
    }
    // An incident is told on the day it began.
    for (const Incident& incident : told.incidents) {
      if (incident.from < day.from || incident.from >= day.to) continue;
      events += html("<li class=\"{}\">{} ", incident.ongoing() ? "ongoing" : "", told.names.at(incident.server));
      events += incident.ongoing() ? html("not available since ") + moment(incident.from, zone, "clock")
                                   : html("not available for {}: ", short_duration(incident.duration_ms)) +
                                         window_of({incident.from, *incident.to}, zone, true);
      events += html("</li>");
    }
    out += html("<h3>") + moment(day.from + (day.to - day.from) / 2, zone, "day") + html("</h3>");
    out += events.empty() ? html("<p class=\"mute\">No incidents.</p>")
                          : html("<ul class=\"timeline\">") + events + html("</ul>");
    // Noon of the day before, whatever clock changes lie between.
    day = calendar_window(day.from - std::chrono::hours{12}, CalendarUnit::day, zone);
  }
  return out;
}

WebResponse page_of(const StatusPage& page, const Told& told, const Frame& frame) {
  Html main = html("<p class=\"brand\">{}</p>", page.title) + head_of(told) + services_of(page, told) +
              planned_of(told) + days_of(page, told) +
              html("<footer>Times are those of {2}. <a href=\"{0}{1}/feed.atom\">Feed</a></footer>", frame.base,
                   page.path, page.zone);
  Html attributes = html(" class=\"status\"");
  if (!told.board.rows.empty()) attributes += edges_attribute(told.board.rows.front().bars);
  // Its days are those of its zone, and so are its times.
  attributes += html(" data-tz=\"{}\"", page.zone);
  const auto [state, text] = sentence_of(told);
  return html_response(frame_page(text + " \u00b7 " + page.title, main, frame,
                                  {.attributes = attributes, .nav = {}, .mood = state, .bare = true})
                           .text());
}

WebResponse embed_of(const StatusPage& page, const Told& told, const Frame& frame) {
  const auto [state, text] = sentence_of(told);
  const Html main = html("<h1 class=\"embedded {}\"><a href=\"{}{}\" target=\"_blank\" rel=\"noopener\">{}{}</a></h1>",
                         word(state), frame.base, page.path, icon(state), text);
  WebResponse response =
      html_response(frame_page(page.title, main, frame,
                               {.attributes = html(" class=\"embed\""), .nav = {}, .mood = state, .bare = true})
                        .text());
  std::string ancestors = "'self'";
  for (const std::string& origin : page.embed) ancestors += " " + origin;
  response.headers.emplace_back("Content-Security-Policy",
                                fmt::format("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
                                            "base-uri 'none'; form-action 'none'; frame-ancestors {}",
                                            ancestors));
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
  return response;
}

// RFC 4287. The ids do not depend on where the page is read from.
WebResponse feed_of(const StatusPage& page, const Told& told, const WebRequest& request, const std::string& base) {
  const std::string site = fmt::format("{}://{}{}{}", request.secure ? "https" : "http", request.host, base, page.path);
  struct Entry {
    TimeMs time;
    std::string id;
    std::string title;
    std::string text;
  };
  std::vector<Entry> entries;
  for (const Incident& incident : told.incidents) {
    const std::string& name = told.names.at(incident.server);
    const TimeMs time = incident.to.value_or(incident.from);
    entries.push_back({time, fmt::format("{}-{}", static_cast<std::uint32_t>(incident.server), to_ms(incident.from)),
                       incident.ongoing()
                           ? name + " is not available"
                           : fmt::format("{} was not available for {}", name, short_duration(incident.duration_ms)),
                       incident.ongoing() ? "Since " + moment_text(incident.from, told.question.zone)
                                          : fmt::format("From {} to {}", moment_text(incident.from, told.question.zone),
                                                        moment_text(*incident.to, told.question.zone))});
  }
  for (const StatusPage::Note& note : page.notes)
    entries.push_back({note.time, fmt::format("note-{}", to_ms(note.time)), page.title, note.text});
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time > b.time; });
  if (entries.size() > kMostEntries) entries.resize(kMostEntries);
  // Without news it is as old as the page's window, not as the question: an unchanged feed stays the same.
  const TimeMs updated = entries.empty() ? told.question.query.window.from : entries.front().time;
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>{0}</title>"
      "<id>tag:nines,2026:{1}</id><link rel=\"self\" href=\"{2}/feed.atom\"/><link href=\"{2}\"/>"
      "<updated>{3}</updated><author><name>{0}</name></author>\n",
      html_escape(page.title), html_escape(page.path), html_escape(site), format_time(updated));
  for (const Entry& entry : entries) {
    xml += fmt::format(
        "<entry><id>tag:nines,2026:{}/{}</id><title>{}</title><updated>{}</updated><link href=\"{}\"/>"
        "<summary>{}</summary></entry>\n",
        html_escape(page.path), entry.id, html_escape(entry.title), format_time(entry.time), html_escape(site),
        html_escape(entry.text));
  }
  WebResponse response;
  response.type = "application/atom+xml; charset=utf-8";
  response.body = xml + "</feed>\n";
  return response;
}

// The page whose path `path` is or begins with.
const StatusPage* page_at(const std::vector<StatusPage>& pages, std::string_view path) {
  const StatusPage* best = nullptr;
  for (const StatusPage& page : pages) {
    const bool inside =
        path == page.path || (path.starts_with(page.path) && path.substr(page.path.size()).starts_with('/'));
    if (inside && (best == nullptr || best->path.size() < page.path.size())) best = &page;
  }
  return best;
}

}  // namespace

bool is_public(const std::vector<StatusPage>& pages, std::string_view path) {
  return page_at(pages, path) != nullptr;
}

std::optional<WebResponse> status_answer(const Store& store, const std::vector<StatusPage>& pages,
                                         const WebRequest& request, const std::string& base) {
  const StatusPage* const page = page_at(pages, request.path);
  if (page == nullptr) return std::nullopt;
  constexpr std::string_view kBadge = "/badge/";
  const std::string_view rest = std::string_view(request.path).substr(page->path.size());
  if (rest.starts_with(kBadge)) {
    const auto parts = split_badge(rest.substr(kBadge.size()));
    if (!parts) return std::nullopt;
    const auto catalog = store.catalog();
    for (const Server& server : catalog->servers()) {
      if (!is_shown(*page, server) || public_name(*page, server) != parts->first) continue;
      WebRequest asked = request;
      // Its own name is not for everybody.
      if (parts->second.figure == BadgeKind::Figure::state) asked.query.try_emplace("label", parts->first);
      return badge_answer(store, asked, &server, parts->second);
    }
    return badge_answer(store, request, nullptr, parts->second);
  }
  const bool known = rest.empty() || rest == "/feed.atom" || rest == "/embed";
  if (!known) return std::nullopt;
  const Frame frame{.base = base, .logged_in = false, .trouble = {}};
  if (auto plain = check_names(request, {}); !plain)
    return html_response(message_page("This cannot be shown", plain.error().message, frame).text(), 400);
  Told told;
  if (auto done = tell(store, *page, told); !done)
    return html_response(message_page(page->title, "The status cannot be read at the moment.", frame).text(),
                         http_status(done.error().code));
  if (rest == "/feed.atom") return feed_of(*page, told, request, base);
  return rest == "/embed" ? embed_of(*page, told, frame) : page_of(*page, told, frame);
}

}  // namespace nines::tools
