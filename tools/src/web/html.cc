#include "web/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"
#include "web/assets.h"

namespace nines::tools {
namespace {

constexpr std::array kWindows{"1h", "24h", "7d", "30d", "90d"};
// Up to this many servers all groups are open: they fit a few screens.
constexpr std::size_t kAllOpen = 100;
constexpr std::size_t kMostTroubles = 12;
constexpr std::size_t kMostIncidents = 50;

std::string word(State state) {
  return std::string(to_string(state));
}

// A shape for each state, so that colour is never alone: circle, triangle, cross, wrench, bars, hollow circle.
Html sprite() {
  return html(
      "<svg width=\"0\" height=\"0\" hidden><defs>"
      "<symbol id=\"i-up\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"6.5\"/></symbol>"
      "<symbol id=\"i-degraded\" viewBox=\"0 0 16 16\"><path d=\"M8 1 15.5 15H.5z\"/></symbol>"
      "<symbol id=\"i-down\" viewBox=\"0 0 16 16\"><path d=\"M3.2.8 8 5.6 12.8.8 15.2 3.2 10.4 8l4.8 4.8-2.4 2.4L8 "
      "10.4l-4.8 4.8-2.4-2.4L5.6 8 .8 3.2z\"/></symbol>"
      "<symbol id=\"i-maintenance\" viewBox=\"0 0 16 16\"><path d=\"M15 3.6 12.4 6.2 9.8 3.6 12.4 1a4.6 4.6 0 0 0-6 "
      "6L1 12.4 3.6 15 9 9.6a4.6 4.6 0 0 0 6-6z\"/></symbol>"
      "<symbol id=\"i-paused\" viewBox=\"0 0 16 16\"><path d=\"M2.5 1.5h4v13h-4zM9.5 1.5h4v13h-4z\"/></symbol>"
      "<symbol id=\"i-unknown\" viewBox=\"0 0 16 16\"><path d=\"M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 "
      "0-13zm0 2.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8z\"/></symbol>"
      "</defs></svg>");
}

Html icon(State state) {
  return html("<svg class=\"i {0}\" aria-hidden=\"true\"><use href=\"#i-{0}\"/></svg>", word(state));
}

Html moment(TimeMs time, const Zone& zone, const char* as = "") {
  return html("<time datetime=\"{}\" data-as=\"{}\">{}</time>", format_time(time), as,
              moment_text(from_ms(to_ms(time) / 1000 * 1000), zone));
}

Html frame_page(const std::string& title, const Html& main, const Frame& frame, const Html& attributes = {},
                const Html& search = {}) {
  Html head = html("<header class=\"site\"><a class=\"brand\" href=\"{}/\">nines</a>", frame.base);
  head += search;
  if (frame.logged_in)
    head += html("<form method=\"post\" action=\"{}/logout\"><button>Log out</button></form>", frame.base);
  head += html("</header>");
  return html(
      "<!doctype html><html lang=\"en\"{}><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>"
      "<link rel=\"icon\" href=\"{}\"><link rel=\"stylesheet\" href=\"{}\"><script defer src=\"{}\"></script></head>"
      "<body>{}{}<main><p id=\"alarm\" class=\"alarm\" role=\"alert\" hidden></p>{}</main></body></html>\n",
      attributes, title, asset_path(frame, "icon.svg"), asset_path(frame, "style.css"), asset_path(frame, "page.js"),
      sprite(), head, main);
}

// A percentage with as many digits as say something: 99.9 and above deserve a third.
std::string short_percent(const std::optional<double>& ratio) {
  constexpr double kFine = 0.999;
  if (!ratio) return "\u2013";
  if (*ratio >= 1) return "100 %";
  return format_percent(*ratio, *ratio >= kFine ? 3 : 2) + " %";
}

std::string age_text(std::int64_t ms) {
  constexpr std::int64_t kMinute = 60'000;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (ms < 0) ms = 0;
  // The largest unit is enough for an age, and rows that say less change less.
  if (ms < kMinute) return "<1m";
  if (ms < kHour) return fmt::format("{}m", ms / kMinute);
  if (ms < 2 * kDay) return fmt::format("{}h", ms / kHour);
  return fmt::format("{}d", ms / kDay);
}

// How long the state has held; with a "+" where it began before the window.
std::string held_text(const Figures& figures) {
  if (!figures.current) return {};
  const std::string age = age_text((figures.window.to - figures.current->since).count());
  return figures.current->since <= figures.window.from ? age + "+" : age;
}

// --- Strips

constexpr int kBarStep = 10;
constexpr int kBarWidth = 8;
constexpr int kStripHeight = 28;

// What a bar says beyond "up"; empty for a bar that is all up.
std::string bar_note(const Bar& bar) {
  const State state = bar_state(bar);
  if (state == State::unknown) return "no data";
  std::string note;
  const auto add = [&](State each, const char* verb) {
    if (bar.time[each] <= 0) return;
    if (!note.empty()) note += "\n";
    note += fmt::format("{} {}", verb, short_duration(bar.time[each]));
  };
  add(State::down, "down for");
  add(State::degraded, "degraded for");
  add(State::maintenance, "maintenance for");
  add(State::paused, "paused for");
  if (!note.empty() && bar.uptime_ratio) note = short_percent(bar.uptime_ratio) + " up\n" + note;
  return note;
}

// One path a state; the height of each part of a bar is its share of the bar's time, so that a short outage is seen and
// a long one is seen to be long.
Html strip(const std::vector<Bar>& bars, const std::string& label) {
  std::map<char, std::string> paths;
  Json notes = Json::object();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const int x = static_cast<int>(i) * kBarStep + 1;
    const auto add = [&](char kind, int top, int bottom) {
      if (bottom > top) paths[kind] += fmt::format("M{} {}h{}v{}h-{}z", x, top, kBarWidth, bottom - top, kBarWidth);
    };
    if (std::string note = bar_note(bar); !note.empty()) notes[fmt::to_string(i)] = std::move(note);
    std::int64_t covered = 0;
    for (const State state : kWorstFirst) covered += state == State::unknown ? 0 : bar.time[state];
    if (covered == 0) {
      add('x', kStripHeight / 2 - 4, kStripHeight - 1);
      continue;
    }
    // From the bottom: down, degraded, maintenance, pause; what is left is up. A part has three pixels at least.
    constexpr int kLeast = 3;
    int bottom = kStripHeight;
    const auto part = [&](State state, char kind) {
      if (bar.time[state] <= 0) return;
      const double share = static_cast<double>(bar.time[state]) / static_cast<double>(covered);
      const int height = std::clamp(static_cast<int>(std::lround(share * kStripHeight)), kLeast, bottom);
      add(kind, bottom - height, bottom);
      bottom -= height;
    };
    part(State::down, 'd');
    part(State::degraded, 'g');
    part(State::maintenance, 'm');
    part(State::paused, 'p');
    if (bar.time[State::up] > 0) add('u', 0, bottom);
  }
  Html out = html(
      "<svg class=\"strip\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\" "
      "data-t=\"{}\">",
      bars.size() * kBarStep, kStripHeight, label, notes.empty() ? std::string() : dump(notes));
  for (const auto& [kind, path] : paths) out += html("<path class=\"{}\" d=\"{}\"/>", std::string(1, kind), path);
  return out + html("</svg>");
}

std::string strip_label(const Figures& figures) {
  std::string label = figures.uptime_ratio ? short_percent(figures.uptime_ratio) + " up" : "no data";
  if (const std::size_t count = figures.incidents.size(); count > 0) {
    label += fmt::format(", {} outage{}, down for {}", count, count == 1 ? "" : "s",
                         short_duration(figures.time[State::down]));
  }
  return label;
}

Html edges_attribute(const std::vector<Bar>& bars) {
  std::string edges;
  for (const Bar& bar : bars) edges += fmt::format("{},", to_ms(bar.window.from) / 1000);
  if (!bars.empty()) edges += fmt::to_string(to_ms(bars.back().window.to) / 1000);
  return html(" data-edges=\"{}\"", edges);
}

Html axis(const LiveQuestion& question) {
  const Window& window = question.query.window;
  const bool days = question.bars.unit.has_value();
  const char* const as = days ? "day" : window.length() <= std::chrono::hours{25} ? "clock" : "";
  Html out = html("<span class=\"axis\">");
  out += moment(window.from, question.zone, as);
  out += question.query.now < window.to + std::chrono::milliseconds{1} ? html("<span>now</span>")
                                                                       : moment(window.to, question.zone, as);
  return out + html("</span>");
}

// --- Overview

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

std::uint32_t count_of(const Dashboard& board, State state) {
  return board.by_state[static_cast<std::size_t>(state)];
}

struct Sentence {
  State state = State::up;
  std::string text;
};

Sentence sentence_of(const OverviewView& view) {
  const Dashboard& board = *view.board;
  std::uint32_t all = 0;
  for (const State state : kWorstFirst) all += count_of(board, state);
  const std::uint32_t down = count_of(board, State::down);
  const std::uint32_t unknown = count_of(board, State::unknown);
  const std::uint32_t degraded = count_of(board, State::degraded);
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
  const std::uint32_t resting = count_of(board, State::maintenance) + count_of(board, State::paused);
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

std::string zone_parameter(const LiveQuestion& question) {
  return question.zone_asked ? "&tz=" + url_encode(question.zone.name()) : "";
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
    const std::uint32_t count = count_of(*view.board, state);
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

Html row_of(const DashboardRow& row, const Server& server, const OverviewView& view, const Frame& frame) {
  std::string key = row.name + " " + server.group;
  for (const auto& [name, value] : server.tags) key += " " + name + "=" + value;
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return html("<tr id=\"s{}\" class=\"{}\" data-s=\"{}\" data-k=\"{}\">", static_cast<std::uint32_t>(row.server),
              row_class(row), word(state_now(row.figures)), key) +
         overview_row(row, server, view.question, frame) + html("</tr>");
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
    const bool open = !well || order.size() == 1 || view.board->rows.size() <= kAllOpen || !view.search.empty();
    out += html(
        "<details class=\"group\"{}><summary>{}<b>{}</b><span class=\"mute\">{} of {} up</span>"
        "<span class=\"n\">{}</span></summary><table class=\"servers\">",
        open ? html(" open") : Html(), icon(group->worst), name->empty() ? "Without a group" : *name, group->up,
        group->rows.size(), short_percent(mean_ratio(group->rows)));
    out += table_head(view, frame, false) + html("<tbody>");
    for (const DashboardRow* const row : group->rows)
      out += row_of(*row, *view.catalog->find(row->server), view, frame);
    out += html("</tbody></table></details>");
  }
  return out;
}

// --- One server

constexpr int kChartWidth = 1000;
constexpr int kChartHeight = 200;

// 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten: the top of a scale is at most a quarter above its data.
double nice_top(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(value, 1.0))));
  for (const double step : {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (value <= step * power) return step * power;
  }
  return 10 * power;
}

Json chart_json(const std::vector<ChartPoint>& points) {
  Json json = Json::array();
  for (const ChartPoint& point : points) {
    if (point.p50) {
      json.push_back({to_ms(point.time), format_latency(*point.p50), format_latency(point.p95),
                      format_latency(point.p99), point.failed});
    } else {
      json.push_back({to_ms(point.time), nullptr, nullptr, nullptr, point.failed});
    }
  }
  return json;
}

Html chart_of(const ServerView& view) {
  const Window& window = view.question.query.window;
  const auto length = static_cast<double>(window.length().count());
  const auto x = [&](TimeMs time) {
    return std::clamp(static_cast<double>((time - window.from).count()) / length, 0.0, 1.0) * kChartWidth;
  };
  const auto shade = [&](TimeMs from, TimeMs to) {
    return fmt::format("M{:.1f} 0h{:.1f}v{}h-{:.1f}z", x(from), std::max(1.0, x(to) - x(from)), kChartHeight,
                       std::max(1.0, x(to) - x(from)));
  };
  // The scale ends above the slowest hundredth of the columns: one spike does not flatten everything else.
  std::vector<std::uint32_t> tops;
  for (const ChartPoint& point : view.chart) {
    if (point.p50) tops.push_back(point.p95);
  }
  if (tops.empty()) return {};
  const auto rank = static_cast<std::ptrdiff_t>((tops.size() - 1) * 99 / 100);
  std::nth_element(tops.begin(), tops.begin() + rank, tops.end());
  const double top = nice_top(std::max(1.15 * tops[static_cast<std::size_t>(rank)], 1.0));
  const auto y = [&](double us) { return kChartHeight * (1 - std::min(us / top, 1.0)); };

  std::string line;
  std::string upper;
  std::string dots;
  std::vector<std::string> bands;
  std::string lower;
  const auto end_band = [&] {
    if (!upper.empty()) bands.push_back(fmt::format("M{}{}z", std::string_view(upper).substr(1), lower));
    upper.clear();
    lower.clear();
  };
  TimeMs before{};
  // A hole of several columns interrupts the line.
  const double most_gap = view.single_checks
                              ? 4.0 * static_cast<double>(view.server->current_rules().interval.count())
                              : 4.0 * length / static_cast<double>(std::max<std::size_t>(view.chart.size(), 100));
  for (const ChartPoint& point : view.chart) {
    if (!point.p50) continue;
    const bool broken = line.empty() || static_cast<double>((point.time - before).count()) > most_gap;
    before = point.time;
    if (broken) end_band();
    line += fmt::format("{}{:.1f} {:.1f}", broken ? "M" : "L", x(point.time), y(*point.p50));
    upper += fmt::format("L{:.1f} {:.1f}", x(point.time), y(point.p95));
    lower = fmt::format("L{:.1f} {:.1f}", x(point.time), y(*point.p50)) + lower;
    if (point.p99 > point.p95 || view.single_checks)
      dots += fmt::format("M{:.1f} {:.1f}h0", x(point.time), y(view.single_checks ? *point.p50 : point.p99));
  }
  end_band();
  std::string band;
  for (const std::string& each : bands) band += each;
  std::string down;
  for (const Incident& incident : view.figures->incidents)
    down += shade(incident.from, incident.to.value_or(view.figures->window.to));
  std::string rest;
  for (const Window& each : view.maintenance) rest += shade(each.from, each.to);
  Html scale = html("<div class=\"scale\" aria-hidden=\"true\">");
  Html grid;
  for (int i = 0; i <= 4; ++i) {
    scale += html("<span>{}</span>", format_latency(top * (4 - i) / 4));
    grid += html("<path class=\"grid\" d=\"M0 {0}H{1}\"/>", kChartHeight * i / 4, kChartWidth);
  }
  scale += html("</div>");
  return html(
             "<h2>Response time</h2><div class=\"chart\" tabindex=\"0\" role=\"group\" aria-label=\"Response time; "
             "plus "
             "and minus zoom, arrows move\" data-from=\"{}\" data-to=\"{}\" data-points=\"{}\"><div class=\"plot\">"
             "<div class=\"over\">{}</div>{}<div class=\"area\"><svg viewBox=\"0 0 {} {}\" "
             "preserveAspectRatio=\"none\" "
             "role=\"img\" aria-label=\"Response time from 0 to {}\">",
             to_ms(window.from), to_ms(window.to), dump(chart_json(view.chart)),
             strip(*view.bars, strip_label(*view.figures)), scale, kChartWidth, kChartHeight, format_latency(top)) +
         grid +
         html(
             "<path class=\"rest\" d=\"{}\"/><path class=\"shade\" d=\"{}\"/><path class=\"band\" d=\"{}\"/>"
             "<path class=\"dots\" d=\"{}\"/><path class=\"line\" d=\"{}\"/></svg></div>{}</div>"
             "<p class=\"legend\">{} Red: down. Drag to zoom.</p></div>",
             rest, down, view.single_checks ? "" : band, dots, view.single_checks ? "" : line, axis(view.question),
             view.single_checks ? "Each dot is a check." : "Line: median. Band: up to p95. Dots: p99.");
}

Html incidents_of(const ServerView& view, const Frame& frame) {
  const auto& incidents = view.figures->incidents;
  if (incidents.empty()) return html("<p class=\"mute\">No confirmed outage in this window.</p>");
  Html out = html("<ol class=\"timeline\" reversed>");
  std::size_t shown = 0;
  for (auto each = incidents.rbegin(); each != incidents.rend() && shown < kMostIncidents; ++each, ++shown) {
    const std::int64_t from = to_ms(each->from);
    const TimeMs end = each->to.value_or(view.question.query.now);
    // Its own place: the outage with as much around it as it lasted, at least five minutes.
    const auto margin = std::max(std::chrono::milliseconds{end - each->from}, std::chrono::milliseconds{300'000});
    const std::string link = fmt::format("{}/server/{}?from={}&to={}{}#o{}", frame.base, url_encode(view.server->name),
                                         url_encode(format_time(each->from - margin)),
                                         url_encode(format_time(std::min(end + margin, view.question.query.now))),
                                         zone_parameter(view.question), from);
    out += html("<li id=\"o{}\" class=\"{}\"><a href=\"{}\">", from, each->ongoing() ? "ongoing" : "", link);
    out += each->ongoing() ? html("Down since ") + moment(each->from, view.question.zone, "seconds")
                           : html("Down for {}</a> from ", short_duration((*each->to - each->from).count())) +
                                 moment(each->from, view.question.zone, "seconds") + html(" to ") +
                                 moment(*each->to, view.question.zone, "seconds");
    if (each->ongoing()) out += html("</a>");
    std::string why = each->detail;
    if (why.empty()) {
      why = std::string(to_string(each->error));
      std::replace(why.begin(), why.end(), '_', ' ');
      if (each->code != 0) why += fmt::format(" {}", each->code);
    }
    out += html("<br><span>{}</span> <span class=\"mute\">{} failed check{}</span></li>", why, each->failed_checks,
                each->failed_checks == 1 ? "" : "s");
  }
  out += html("</ol>");
  if (incidents.size() > kMostIncidents) {
    out += html("<p><a href=\"{}/api/v1/servers/{}/incidents?{}\">All {} outages</a></p>", frame.base,
                url_encode(view.server->name), view.question.parameters, incidents.size());
  }
  return out;
}

Html checks_of(const ServerView& view, const Frame& frame) {
  const std::string self =
      fmt::format("{}/server/{}?{}", frame.base, url_encode(view.server->name), view.question.parameters);
  Html out = html(
      "<p class=\"chips\"><a class=\"chip\" href=\"{0}#checks\"{1}>All</a> <a class=\"chip\" "
      "href=\"{0}&failed=1#checks\"{2}>Failed only</a></p>",
      self, view.failed_only ? Html() : html(" aria-current=\"true\""),
      view.failed_only ? html(" aria-current=\"true\"") : Html());
  if (view.checks.empty()) return out + html("<p class=\"mute\">None.</p>");
  out += html(
      "<div class=\"scroll\"><table class=\"checks\"><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">State"
      "</th><th scope=\"col\" class=\"n\">Response time</th><th scope=\"col\" class=\"n\">Code</th>"
      "<th scope=\"col\">Detail</th></tr></thead><tbody>");
  for (const CheckResult& check : view.checks) {
    out +=
        html("<tr><td>{}</td><td class=\"st\">{}{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
             moment(check.time, view.question.zone, "seconds"), icon(check.state), word(check.state),
             check.latency_us ? format_latency(*check.latency_us) : "",
             check.code == 0 ? std::string() : fmt::to_string(check.code),
             check.detail.empty() ? std::string(to_string(check.error)) : check.detail);
  }
  out += html("</tbody></table></div>");
  if (view.older) {
    out += html("<p><a href=\"{}{}&before={}#checks\">Older checks</a></p>", self, view.failed_only ? "&failed=1" : "",
                to_ms(*view.older));
  }
  return out;
}

Html slo_of(const ServerView& view) {
  if (!view.slo) return {};
  const SloAnswer& slo = *view.slo;
  std::string objective = format_percent(slo.objective, 3);
  objective.erase(objective.find_last_not_of('0') + 1);
  if (objective.ends_with('.')) objective.pop_back();
  Html out = html("<h2>Objective {} % over 30 days</h2>", objective);
  if (!slo.remaining_ratio) return out + html("<p class=\"mute\">No data yet.</p>");
  const double left = std::clamp(*slo.remaining_ratio, 0.0, 1.0);
  out +=
      html("<p><meter min=\"0\" max=\"1\" low=\"0.25\" high=\"0.5\" optimum=\"1\" value=\"{:.4f}\">{}</meter></p><p>",
           left, slo.met.value_or(false) ? "met" : "not met");
  out += slo.remaining_ms >= 0 ? html("{} of {} error budget left", short_duration(std::llround(slo.remaining_ms)),
                                      short_duration(std::llround(slo.budget_ms)))
                               : html("Error budget overspent by {}", short_duration(std::llround(-slo.remaining_ms)));
  for (const BurnRate& burn : slo.burn) {
    if (!burn.rate || burn.window.length > std::chrono::hours{6}) continue;
    out += html(" \u00b7 burning {:.1f}\u00d7 over {}{}", *burn.rate, format_duration(burn.window.length),
                burn.firing ? html(" <b class=\"down\">too fast</b>") : Html());
  }
  return out + html("</p>");
}

}  // namespace

std::string asset_path(const Frame& frame, std::string_view name) {
  for (const Asset& asset : assets()) {
    if (asset.name == name) return fmt::format("{}/assets/{}?{}", frame.base, name, asset.version);
  }
  return fmt::format("{}/assets/{}", frame.base, name);
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

std::string overview_title(const OverviewView& view) {
  const Sentence sentence = sentence_of(view);
  return sentence.state == State::up ? "All up \u00b7 nines" : sentence.text + " \u00b7 nines";
}

Html overview_head(const OverviewView& view, const Frame& frame) {
  const Sentence sentence = sentence_of(view);
  Html out = html("<div class=\"sentence\">{}<h1>{}</h1></div><p class=\"sub\">", icon(sentence.state), sentence.text);
  bool first = true;
  for (const State state : kWorstFirst) {
    const std::uint32_t count = count_of(*view.board, state);
    if (count == 0) continue;
    out += html("{}{} {}", first ? "" : " \u00b7 ", count, word(state));
    first = false;
  }
  if (view.newest) out += html(" \u00b7 last check ") + moment(*view.newest, view.question.zone, "seconds");
  out += html("</p>");
  if (view.troubles.empty() || view.silent) return out;
  out += html("<ul class=\"problems\">");
  std::size_t shown = 0;
  for (const Trouble& trouble : view.troubles) {
    if (shown++ == kMostTroubles) break;
    out += html("<li class=\"{0}\">{1}<a href=\"{2}/server/{3}?{4}\">{5}</a> <span>{0}", word(trouble.state),
                icon(trouble.state), frame.base, url_encode(trouble.server->name), view.question.parameters,
                trouble.server->name);
    if (trouble.since) out += html(" since ") + moment(*trouble.since, view.question.zone, "seconds");
    out += html("</span>");
    if (!trouble.cause.empty()) out += html("<p>{}</p>", fit(trouble.cause, 200));
    if (trouble.last_good)
      out += html("<p class=\"mute\">last good ") + moment(*trouble.last_good, view.question.zone, "seconds") +
             html("</p>");
    out += html("</li>");
  }
  out += html("</ul>");
  if (view.troubles.size() > kMostTroubles)
    out += html("<p class=\"mute\">and {} more, in the list below</p>", view.troubles.size() - kMostTroubles);
  return out;
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
        main += row_of(row, *server, view, frame);
    }
    main += html("</tbody></table></div>");
  } else {
    main += groups_of(view, frame);
  }
  main += html("<p id=\"none\" hidden>No server matches.</p>");
  const std::string api = "window=" + (view.question.window.empty() ? std::string("24h") : view.question.window);
  main += html("<footer><a href=\"{0}/api/v1/status?{1}\">JSON</a> \u00b7 <a href=\"{0}/metrics\">metrics</a></footer>",
               frame.base, view.question.window.empty() ? view.question.parameters : api);
  Html attributes = html(" data-live=\"{}/rows{}\" data-events=\"{}/api/v1/events\" data-version=\"{}\"", frame.base,
                         with_sort(overview_path(view, view.question.parameters), view.sort), frame.base, view.version);
  if (view.question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(view.question.zone.name()));
  if (!view.board->rows.empty()) attributes += edges_attribute(view.board->rows.front().bars);
  return frame_page(overview_title(view), main, frame, attributes);
}

Html server_page(const ServerView& view, const Frame& frame) {
  const Server& server = *view.server;
  const Figures& f = *view.figures;
  const State state = state_now(f);
  const std::string self = fmt::format("{}/server/{}", frame.base, url_encode(server.name));
  Html main = html("<nav class=\"mute\"><a href=\"{}/?{}\">All servers</a>", frame.base, view.question.parameters);
  const auto neighbour = [&](const std::optional<std::string>& name, const char* word_of) {
    if (name)
      main += html(" \u00b7 <a href=\"{}/server/{}?{}\">{}</a>", frame.base, url_encode(*name),
                   view.question.parameters, word_of);
  };
  neighbour(view.previous, "previous");
  neighbour(view.next, "next");
  main += html("</nav><h1>{}</h1><div id=\"top\"><p><span class=\"pill {}\">{}{}</span>", server.name, word(state),
               icon(state), word(state));
  if (f.current) {
    main += f.current->since <= f.window.from ? html(" <span class=\"mute\">since before ")
                                              : html(" <span class=\"mute\">since ");
    main += moment(f.current->since, view.question.zone, "seconds") + html("</span>");
  }
  main += html("</p>");
  if ((state == State::down || state == State::degraded) && f.last && !view.checks.empty() &&
      !view.checks.front().detail.empty()) {
    main += html("<p>{}</p>", view.checks.front().detail);
  }
  main += html("<div class=\"facts\">");
  if (!server.url.empty()) {
    const std::string shown = public_url(server.url);
    const bool web = shown.starts_with("http://") || shown.starts_with("https://");
    main += web ? html("<span><a href=\"{0}\" rel=\"noreferrer noopener\">{0}</a></span>", shown)
                : html("<span>{}</span>", shown);
    main += html("<span class=\"mute\">every {}</span>", format_duration(server.current_rules().interval));
  }
  if (f.last) {
    main += html("<span class=\"mute\">last check ") + moment(f.last->time, view.question.zone, "seconds") +
            html(": {}{}</span>", word(f.last->state),
                 f.last->latency_us ? " in " + format_latency(*f.last->latency_us) : std::string());
  }
  if (!server.group.empty()) main += html("<span class=\"mute\">{}</span>", server.group);
  for (const auto& [name, value] : server.tags) main += html("<span class=\"mute\">{}={}</span>", name, value);
  main += html("</div></div><div class=\"spans\">");
  for (const ServerView::Span& span : view.spans) {
    main += html(
        "<a class=\"span\" href=\"{}?window={}{}\"{}><b>{}</b><span class=\"mute\">{}{}</span></a>", self, span.window,
        zone_parameter(view.question), view.question.window == span.window ? html(" aria-current=\"true\"") : Html(),
        short_percent(span.ratio), span.window,
        span.coverage && *span.coverage < 0.995 ? fmt::format(", {} % measured", format_percent(*span.coverage, 0))
                                                : "");
  }
  main += html("</div>");
  const Html chart = chart_of(view);
  main += chart.empty()
              ? html("<div class=\"over\">") + strip(*view.bars, strip_label(f)) + axis(view.question) + html("</div>")
              : chart;
  main +=
      html("<p class=\"facts mute\"><span>{} checks, {} failed</span><span>{} outages</span><span>down for {}</span>",
           with_commas(f.counts.checks), with_commas(f.counts.failed), f.incidents.size(),
           short_duration(f.time[State::down]));
  if (f.mttr_ms) main += html("<span>mean time to repair {}</span>", short_duration(std::llround(*f.mttr_ms)));
  if (f.latency) {
    main += html("<span>p50 {}</span><span>p95 {}</span><span>p99 {}</span>", format_latency(f.latency->p50_us),
                 format_latency(f.latency->p95_us), format_latency(f.latency->p99_us));
  }
  main += html("</p>") + slo_of(view) + html("<h2>Outages</h2>") + incidents_of(view, frame) +
          html("<h2 id=\"checks\">Checks</h2>") + checks_of(view, frame);
  const std::string api = fmt::format("{}/api/v1/servers/{}", frame.base, url_encode(server.name));
  main += html(
      "<footer>JSON: <a href=\"{0}/uptime?{1}\">uptime</a> <a href=\"{0}/incidents?{1}\">incidents</a> "
      "<a href=\"{0}/latency?{1}\">latency</a> <a href=\"{0}/points?{1}\">checks</a> \u00b7 "
      "<a href=\"{2}/badge/{3}/uptime.svg\">badge</a></footer>",
      api, view.question.parameters, frame.base, url_encode(server.name));
  Html attributes = edges_attribute(*view.bars);
  if (view.question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(view.question.zone.name()));
  return frame_page(fmt::format("{} is {} \u00b7 nines", server.name, word(state)), main, frame, attributes);
}

Html login_page(const std::string& next, bool failed, const Frame& frame) {
  return frame_page(
      "Log in \u00b7 nines",
      html("<form class=\"login\" method=\"post\" action=\"{}/login\"><h1>Log in</h1>{}"
           "<input type=\"hidden\" name=\"next\" value=\"{}\">"
           "<label>Name <input name=\"name\" autocomplete=\"username\" required autofocus></label>"
           "<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" "
           "required></label>"
           "<button>Log in</button></form>",
           frame.base,
           failed ? html("<p role=\"alert\" class=\"down\">The name or the password is wrong.</p>") : Html(), next),
      frame);
}

Html message_page(const std::string& title, const std::string& sentence, const Frame& frame) {
  return frame_page(title + " \u00b7 nines",
                    html("<h1>{}</h1><p>{}</p><p><a href=\"{}/\">All servers</a></p>", title, sentence, frame.base),
                    frame);
}

std::string report_page(const Report& report, const Zone& zone) {
  LiveQuestion question;
  question.query.window = report.window;
  question.query.now = report.window.to;
  question.zone = zone;
  Html main = html(
      "<h1>Uptime report</h1><p>{} to {} <span class=\"mute\">{}</span></p><div class=\"spans\">"
      "<div class=\"span\"><b>{}</b>all servers</div>",
      minute_text(report.window.from, zone), minute_text(report.window.to, zone), std::string(zone.name()),
      short_percent(report.all.uptime_ratio));
  for (const ReportGroup& group : report.groups) {
    if (group.name.empty()) continue;
    main += html("<div class=\"span\"><b>{}</b>{}</div>", short_percent(group.figures.uptime_ratio), group.name);
  }
  main += html("</div>");
  for (const ReportServer& server : report.servers) {
    const Figures& f = server.figures;
    main += html(
        "<h2>{} <span class=\"mute\">{}</span></h2><p class=\"facts\"><b>{}</b><span>{} measured</span>"
        "<span>{} checks, {} failed</span><span>{} outages, down for {}</span>",
        server.name, public_url(server.url), percent_text(f.uptime_ratio), percent_text(f.coverage_ratio),
        with_commas(f.counts.checks), with_commas(f.counts.failed), f.incidents.size(),
        short_duration(f.time[State::down]));
    if (f.latency) main += html("<span>p95 {}</span>", format_latency(f.latency->p95_us));
    main += html("</p>");
    if (server.objective) {
      main += html("<p>Objective {} %: {}.</p>", format_percent(*server.objective, 3),
                   !server.objective_met   ? "no data"
                   : *server.objective_met ? "met"
                                           : "not met");
    }
    main += strip(server.bars, strip_label(f));
    if (f.incidents.empty()) continue;
    main += html("<ul>");
    for (const Incident& incident : f.incidents) {
      main += html("<li>{}, {}: {} {}</li>", moment_text(incident.from, zone),
                   incident.ongoing() ? "ongoing" : short_duration(incident.duration_ms),
                   std::string(to_string(incident.error)), incident.detail);
    }
    main += html("</ul>");
  }
  std::string style;
  for (const Asset& asset : assets()) {
    if (asset.name == "style.css") style = asset.content;
  }
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Uptime report</title><style>" +
         style + "</style></head><body><main>" + main.text() + "</main></body></html>\n";
}

}  // namespace nines::tools
