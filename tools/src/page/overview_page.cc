#include "page/overview_page.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include <algorithm>
#include <array>
#include <map>

#include "page/strip.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::array kWindows{"1h", "24h", "7d", "30d", "90d"};
// Up to this many servers all groups are open: they fit a few screens.
constexpr std::size_t kAllOpen = 100;
constexpr std::size_t kMostTroubles = 12;

// How long the state has held.
std::string held_text(const Figures& figures) {
  if (!figures.current) return {};
  return age_text((figures.window.to - figures.current->since).count());
}

std::string and_more(const std::vector<Trouble>& troubles, State state, std::size_t count) {
  std::string names;
  std::size_t named = 0;
  for (const Trouble& trouble : troubles) {
    if (trouble.state != state || named == 3) continue;
    names += (named++ > 0 ? ", " : "") + fit(trouble.server->name, 40);
  }
  if (count > named && named > 0) names += fmt::format(" +{}", count - named);
  return names;
}

struct Sentence {
  State state = State::up;
  std::string text;
};

Sentence sentence_of(const OverviewView& view) {
  const Dashboard& board = *view.board;
  std::uint32_t all = 0;
  for (const State state : kWorstFirst) all += board.count(state);
  const std::uint32_t down = board.count(State::down);
  const std::uint32_t unknown = board.count(State::unknown);
  const std::uint32_t degraded = board.count(State::degraded);
  if (all == 0) return {State::unknown, "There are no servers yet"};
  if (view.silent) {
    if (!view.newest) return {State::unknown, "Nothing has been checked yet"};
    return {State::unknown, fmt::format("No results for {}: the prober is not running",
                                        short_duration((view.question.query.now - *view.newest).count()))};
  }
  if (down > 0) return {State::down, fmt::format("{} down: {}", down, and_more(view.troubles, State::down, down))};
  if (unknown > 0)
    return {State::unknown, fmt::format("{} unknown: {}", unknown, and_more(view.troubles, State::unknown, unknown))};
  if (degraded > 0)
    return {State::degraded,
            fmt::format("{} degraded: {}", degraded, and_more(view.troubles, State::degraded, degraded))};
  const std::uint32_t resting = board.count(State::maintenance) + board.count(State::paused);
  if (resting == all) return {State::maintenance, "All servers are in maintenance or paused"};
  if (resting > 0) return {State::up, fmt::format("All {} servers that are watched are up", all - resting)};
  return {State::up, all == 1 ? "The one server is up" : fmt::format("All {} servers are up", all)};
}

std::string overview_path(const OverviewView& view, const std::string& parameters) {
  std::string path = "?" + parameters;
  const auto keep = [&](const char* name, const std::string& value) {
    if (!value.empty()) path += fmt::format("&{}={}", name, url_encode(value));
  };
  keep("search", view.search);
  keep("state", view.state);
  keep("group", view.group);
  return path;
}
std::string with_sort(std::string path, const std::string& sort) {
  return sort.empty() ? path : path + "&sort=" + url_encode(sort);
}

Html tools_bar(const OverviewView& view, const Frame& frame) {
  Html out = html("<div class=\"tools\"><nav aria-label=\"Window\">");
  for (const char* const window : kWindows) {
    const std::string path =
        with_sort(overview_path(view, fmt::format("window={}{}", window, zone_parameter(view.question))), view.sort);
    out += html("<a href=\"{}/{}\"{}>{}</a>", frame.base, path,
                view.question.window == window ? html(" aria-current=\"true\"") : Html(), window);
  }
  out += html("</nav><form class=\"search\" role=\"search\" action=\"{}/\">", frame.base);
  const auto hidden = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += html("<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
  };
  if (view.question.window.empty()) {
    hidden("from", format_time(view.question.query.window.from));
    hidden("to", format_time(view.question.query.window.to));
  }
  hidden("window", view.question.window);
  if (view.question.zone_asked) hidden("tz", std::string(view.question.zone.name()));
  hidden("sort", view.sort);
  hidden("state", view.state);
  hidden("group", view.group);
  out += html(
      "<input type=\"search\" name=\"search\" value=\"{}\" placeholder=\"Filter by name, group or tag  ( / )\" "
      "aria-label=\"Filter servers\" autocomplete=\"off\"><button>Filter</button></form><div class=\"chips\">",
      view.search);
  for (const State state : kWorstFirst) {
    const std::uint32_t count = view.board->count(state);
    if (count == 0) continue;
    const bool pressed = view.state == to_string(state);
    OverviewView other = view;
    other.state = pressed ? "" : word(state);
    out += html(
        "<a class=\"chip\" role=\"button\" data-state=\"{0}\" aria-pressed=\"{1}\" href=\"{2}/{3}\">{4}{5} {0}</a>",
        word(state), pressed ? "true" : "false", frame.base,
        with_sort(overview_path(other, view.question.parameters), view.sort), icon(state), count);
  }
  return out + html("</div></div>");
}

Html table_head(const OverviewView& view, const Frame& frame, bool flat) {
  const auto sorted = [&](const char* sort, const char* title, const char* direction) {
    const bool current = view.sort == sort;
    return html("<a href=\"{}/{}\">{}</a>", frame.base,
                with_sort(overview_path(view, view.question.parameters), current ? "" : sort), title) +
           (current ? html("<span hidden>{}</span>", direction) : Html());
  };
  const auto sort_attribute = [&](const char* sort, const char* direction) {
    return view.sort == sort ? html(" aria-sort=\"{}\"", direction) : Html();
  };
  const Html columns =
      html("<colgroup><col class=\"name\"><col class=\"st\"><col class=\"n\"><col><col class=\"lat\"></colgroup>");
  if (!flat) return columns;
  return columns + html(
                       "<thead><tr><th scope=\"col\"{}>{}</th><th scope=\"col\">State</th>"
                       "<th scope=\"col\" class=\"n\"{}>{}</th><th scope=\"col\">{}</th>"
                       "<th scope=\"col\" class=\"n lat\"{}>{}</th></tr></thead>",
                       sort_attribute("name", "ascending"), sorted("name", "Server", "ascending"),
                       sort_attribute("worst", "ascending"), sorted("worst", "Uptime", "ascending"),
                       axis(view.question), sort_attribute("slowest", "descending"),
                       sorted("slowest", "p95", "descending"));
}

bool is_hidden(const OverviewView& view, const DashboardRow& row) {
  return view.hidden.contains(static_cast<std::uint32_t>(row.server));
}

Html row_of(const DashboardRow& row, const Server& server, const OverviewView& view) {
  const auto id = static_cast<std::uint32_t>(row.server);
  return html("<tr id=\"s{}\" class=\"{}{}\" data-s=\"{}\" data-k=\"{}\">{}</tr>", id, row_class(row),
              is_hidden(view, row) ? " hidden" : "", word(state_now(row.figures)), search_key(server),
              view.rows->at(id));
}

// The mean of what is known of a group, by known time.
std::optional<double> mean_ratio(const std::vector<const DashboardRow*>& rows) {
  double sum = 0;
  double weight = 0;
  for (const DashboardRow* const row : rows) {
    if (!row->figures.uptime_ratio) continue;
    const auto known = static_cast<double>(row->figures.time.known_ms());
    sum += *row->figures.uptime_ratio * known;
    weight += known;
  }
  return weight > 0 ? std::optional(sum / weight) : std::nullopt;
}

Html groups_of(const OverviewView& view, const Frame& frame) {
  struct Group {
    std::vector<const DashboardRow*> rows;
    State worst = State::up;
    std::size_t up = 0;
  };
  std::map<std::string, Group> groups;
  for (const DashboardRow& row : view.board->rows) {
    const Server* const server = view.catalog->find(row.server);
    if (server == nullptr) continue;
    Group& group = groups[server->group];
    const State state = state_now(row.figures);
    if (group.rows.empty() || is_worse(state, group.worst)) group.worst = state;
    group.up += state == State::up ? 1 : 0;
    group.rows.push_back(&row);
  }
  std::vector<std::pair<const std::string*, const Group*>> order;
  for (const auto& [name, group] : groups) order.emplace_back(&name, &group);
  std::stable_sort(order.begin(), order.end(),
                   [&](const auto& a, const auto& b) { return is_worse(a.second->worst, b.second->worst); });
  Html out = html("<table class=\"servers\">") + table_head(view, frame, true) + html("</table>");
  for (const auto& [name, group] : order) {
    const bool well = group->worst == State::up || group->worst == State::maintenance || group->worst == State::paused;
    const bool none = std::all_of(group->rows.begin(), group->rows.end(),
                                  [&](const DashboardRow* row) { return is_hidden(view, *row); });
    const bool open = !well || order.size() == 1 || view.board->rows.size() <= kAllOpen || !view.hidden.empty();
    out += html(
        "<details class=\"group{}\"{}><summary><span class=\"g\">{}<b>{}</b></span>"
        "<span class=\"mute\">{} of {} up</span><span class=\"n\">{}</span></summary><table class=\"servers\">",
        none ? " hidden" : "", open ? html(" open") : Html(), icon(group->worst),
        name->empty() ? "Without a group" : *name, group->up, group->rows.size(),
        short_percent(mean_ratio(group->rows)));
    out += table_head(view, frame, false) + html("<tbody>");
    for (const DashboardRow* const row : group->rows) out += row_of(*row, *view.catalog->find(row->server), view);
    out += html("</tbody></table></details>");
  }
  return out;
}

}  // namespace

std::string search_key(const Server& server) {
  std::string key = server.name + " " + server.group;
  for (const auto& [name, value] : server.tags) key += " " + name + "=" + value;
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

std::string row_class(const DashboardRow& row) {
  return state_now(row.figures) == State::down ? "bad" : "";
}

Html overview_row(const DashboardRow& row, const Server& server, const LiveQuestion& question, const Frame& frame) {
  const Figures& f = row.figures;
  const State state = state_now(f);
  std::string tags;
  for (const auto& [name, value] : server.tags) tags += fmt::format("{}{}={}", tags.empty() ? "" : " ", name, value);
  return html("<th scope=\"row\"><a href=\"{}/server/{}?{}\">{}</a>{}</th>", frame.base, url_encode(row.name),
              question.parameters, row.name, tags.empty() ? Html() : html("<small>{}</small>", fit(tags, 60))) +
         html(
             "<td class=\"st\">{}{} <small>{}</small></td><td class=\"n\" data-l=\"Uptime\"><b>{}</b></td>"
             "<td class=\"bars\">{}</td><td class=\"n lat\" data-l=\"p95\">{}</td>",
             icon(state), word(state), held_text(f), short_percent(f.uptime_ratio), strip(row.bars, strip_label(f)),
             f.latency ? format_latency(f.latency->p95_us) : "");
}

State overview_mood(const OverviewView& view) {
  return sentence_of(view).state;
}

std::string overview_title(const OverviewView& view) {
  const Sentence sentence = sentence_of(view);
  return sentence.state == State::up ? "All up \u00b7 nines" : sentence.text + " \u00b7 nines";
}

Html overview_head(const OverviewView& view, const Frame& frame) {
  const Sentence sentence = sentence_of(view);
  Html out = html("<div class=\"sentence\">{}<h1>{}</h1></div><p class=\"sub\">", icon(sentence.state), sentence.text);
  bool first = true;
  for (const State state : kWorstFirst) {
    const std::uint32_t count = view.board->count(state);
    if (count == 0) continue;
    out += html("{}{} {}", first ? "" : " \u00b7 ", count, word(state));
    first = false;
  }
  if (view.newest) out += html(" \u00b7 last check ") + moment(*view.newest, view.question.zone, "seconds");
  out += html("</p>");
  if (view.troubles.empty() || view.silent) return out + view.services;
  out += html("<ul class=\"problems\">");
  std::size_t shown = 0;
  for (const Trouble& trouble : view.troubles) {
    if (shown++ == kMostTroubles) break;
    out += html("<li class=\"{0}\">{1}<a href=\"{2}/server/{3}?{4}\">{5}</a> <span>{0}", word(trouble.state),
                icon(trouble.state), frame.base, url_encode(trouble.server->name), view.question.parameters,
                trouble.server->name);
    if (trouble.since) out += html(" for {}", short_duration((view.question.query.now - *trouble.since).count()));
    out += html("</span>");
    if (!trouble.cause.empty()) out += html("<p>{}</p>", fit(trouble.cause, 200));
    if (trouble.since || trouble.last_good) {
      out += html("<p class=\"mute\">");
      if (trouble.since) out += html("since ") + moment(*trouble.since, view.question.zone, "seconds");
      if (trouble.last_good) {
        out += html("{}last good ", trouble.since ? " \u00b7 " : "");
        out += moment(*trouble.last_good, view.question.zone, "seconds");
      }
      out += html("</p>");
    }
    out += html("</li>");
  }
  out += html("</ul>");
  if (view.troubles.size() > kMostTroubles)
    out += html("<p class=\"mute\">and {} more, in the list below</p>", view.troubles.size() - kMostTroubles);
  return out + view.services;
}

Html overview_page(const OverviewView& view, const Frame& frame) {
  Html main = html("<div id=\"head\">") + overview_head(view, frame) + html("</div>") + tools_bar(view, frame);
  const bool flat = !view.sort.empty();
  if (view.board->rows.empty()) {
    main +=
        html("<p>{}</p>", view.search.empty() && view.state.empty() && view.group.empty()
                              ? "Name servers in the configuration of `nines run`, or add results with `nines record`."
                              : "No server matches.");
  } else if (flat) {
    main += html("<div class=\"flat\"><table class=\"servers\">") + table_head(view, frame, true) + html("<tbody>");
    for (const DashboardRow& row : view.board->rows) {
      if (const Server* const server = view.catalog->find(row.server); server != nullptr)
        main += row_of(row, *server, view);
    }
    main += html("</tbody></table></div>");
  } else {
    main += groups_of(view, frame);
  }
  const bool none = !view.board->rows.empty() && view.hidden.size() == view.board->rows.size();
  main += html("<p id=\"none\"{}>No server matches.</p>", none ? Html() : html(" hidden"));
  const std::string api = "window=" + (view.question.window.empty() ? std::string("24h") : view.question.window);
  main += html("<footer><a href=\"{0}/api/v1/status?{1}\">JSON</a> \u00b7 <a href=\"{0}/metrics\">metrics</a></footer>",
               frame.base, view.question.window.empty() ? view.question.parameters : api);
  Html attributes = html(" data-live=\"{}/rows{}\" data-events=\"{}/api/v1/events\" data-version=\"{}\"", frame.base,
                         with_sort(overview_path(view, view.question.parameters), view.sort), frame.base, view.version);
  if (view.question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(view.question.zone.name()));
  if (!view.board->rows.empty()) attributes += edges_attribute(view.board->rows.front().bars);
  return frame_page(overview_title(view), main, frame,
                    {.attributes = attributes, .nav = {}, .mood = overview_mood(view)});
}

}  // namespace nines::tools
