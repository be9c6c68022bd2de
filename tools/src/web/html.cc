#include "web/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "show/state_text.h"
#include "show/svg.h"
#include "show/text.h"
#include "web/style.h"

namespace nines::tools {
namespace {

constexpr std::array<const char*, 4> kWindows{"24h", "7d", "30d", "90d"};

// `live` pages refresh themselves.
std::string shell(const std::string& title, const std::string& main, bool live) {
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<link rel=\"icon\" "
      "href=\"data:,\"><title>{}</title><style>{}</style></head><body><main>{}</main>{}</body></html>\n",
      html_escape(title), kStyle, main, live ? fmt::format("<script>{}</script>", kScript) : "");
}

std::string state_span(State state, std::string_view more = {}) {
  return fmt::format("<span class=\"state {0}\">{0}</span>{1}", to_string(state), more);
}

State current_state(const Figures& figures) {
  return figures.current ? figures.current->state : State::unknown;
}

std::string card(std::string_view label, std::string_view value) {
  return fmt::format("<div class=\"card\"><b>{}</b><span class=\"mute\">{}</span></div>", html_escape(value),
                     html_escape(label));
}

std::string number_cell(std::string_view text) {
  return fmt::format("<td class=\"n\">{}</td>", html_escape(text));
}

std::string window_links(const std::string& path, const std::string& current, const std::string& more) {
  std::string links = "<nav aria-label=\"window\">";
  for (const char* const window : kWindows) {
    links += fmt::format("<a href=\"{}?window={}{}\"{}>{}</a>", path, window, html_escape(more),
                         window == current ? " aria-current=\"true\"" : "", window);
  }
  return links + "</nav>";
}

std::string dashboard_rows(const DashboardView& view) {
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>Name<th>State<th class=\"n\">Uptime<th "
      "class=\"n\">Coverage<th>Heartbeat"
      "<th class=\"n\">p50<th class=\"n\">p95<th class=\"n\">Outages</tr></thead><tbody>";
  for (const DashboardRow& row : view.board->rows) {
    const Figures& f = row.figures;
    const std::string since = f.current ? fmt::format(" <span class=\"mute\">{}</span>",
                                                      short_duration((f.window.to - f.current->since).count()))
                                        : "";
    html += fmt::format("<tr><td class=\"name\"><a href=\"/server/{}\">{}</a><td>{}", url_encode(row.name),
                        html_escape(row.name), state_span(current_state(f), since));
    html += number_cell(percent_text(f.uptime_ratio)) + number_cell(percent_text(f.coverage_ratio));
    html += "<td>" + bars_svg(row.bars, view.zone);
    html += number_cell(f.latency ? format_latency(f.latency->p50_us) : "-");
    html += number_cell(f.latency ? format_latency(f.latency->p95_us) : "-");
    html += number_cell(fmt::to_string(f.incidents.size())) + "</tr>";
  }
  return html + "</tbody></table></div>";
}

std::string incident_rows(const std::vector<Incident>& incidents, const Zone& zone) {
  constexpr std::size_t kMost = 100;
  if (incidents.empty()) return "<p class=\"mute\">No confirmed outage in this window.</p>";
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>From<th>To<th class=\"n\">Lasted<th class=\"n\">Failed "
      "checks<th>Why</tr></thead>"
      "<tbody>";
  std::size_t shown = 0;
  for (auto incident = incidents.rbegin(); incident != incidents.rend() && shown < kMost; ++incident, ++shown) {
    std::string why(to_string(incident->error));
    if (incident->code != 0) why += fmt::format(" {}", incident->code);
    if (!incident->detail.empty()) why += ": " + incident->detail;
    html += fmt::format("<tr><td>{}<td>{}", minute_text(incident->from, zone),
                        incident->to ? minute_text(*incident->to, zone) : state_span(State::down, " ongoing"));
    html += number_cell(short_duration(incident->duration_ms)) + number_cell(fmt::to_string(incident->failed_checks));
    html += fmt::format("<td>{}</tr>", html_escape(why));
  }
  html += "</tbody></table></div>";
  if (incidents.size() > kMost)
    html += fmt::format("<p class=\"mute\">and {} earlier ones</p>", incidents.size() - kMost);
  return html;
}

std::string check_rows(const std::vector<CheckResult>& checks, const Zone& zone) {
  std::string html =
      "<div class=\"scroll\"><table><thead><tr><th>Time<th>State<th class=\"n\">Latency<th "
      "class=\"n\">Code<th>Detail</tr></thead><tbody>";
  for (const CheckResult& check : checks) {
    std::string time = format_time(check.time, zone).substr(0, 19);
    time[10] = ' ';
    html += fmt::format("<tr><td>{}<td>{}", time, state_span(check.state));
    html += number_cell(check.latency_us ? format_latency(*check.latency_us) : "-");
    html += number_cell(check.code == 0 ? "-" : fmt::to_string(check.code));
    html += fmt::format("<td>{} {}</tr>", to_string(check.error), html_escape(check.detail));
  }
  return html + "</tbody></table></div>";
}

std::string figure_cards(const Figures& f) {
  std::string html = "<div class=\"cards\">";
  html += card("uptime", percent_text(f.uptime_ratio)) + card("coverage", percent_text(f.coverage_ratio));
  html += card("checks", with_commas(f.counts.checks)) + card("failed", with_commas(f.counts.failed));
  html += card("outages", fmt::to_string(f.incidents.size()));
  html += card("down", short_duration(f.time[State::down]));
  html += card("time to repair", f.mttr_ms ? short_duration(static_cast<std::int64_t>(*f.mttr_ms)) : "-");
  if (f.latency) {
    html += card("p50", format_latency(f.latency->p50_us)) + card("p95", format_latency(f.latency->p95_us)) +
            card("p99", format_latency(f.latency->p99_us));
  }
  return html + "</div>";
}

}  // namespace

std::string dashboard_page(const DashboardView& view) {
  const Dashboard& board = *view.board;
  const auto count = [&](State state) { return board.by_state[static_cast<std::size_t>(state)]; };
  std::string main = "<h1>nines</h1><div class=\"cards\">";
  for (const State state :
       {State::up, State::degraded, State::down, State::maintenance, State::paused, State::unknown}) {
    if (count(state) > 0 || state == State::up || state == State::down) {
      main += card(to_string(state), fmt::to_string(count(state)));
    }
  }
  main += "</div>";
  std::string more = view.search.empty() ? "" : "&search=" + url_encode(view.search);
  if (!view.sort.empty()) more += "&sort=" + url_encode(view.sort);
  main += window_links("/", view.window, more);
  main += fmt::format(
      "<form><input type=\"hidden\" name=\"window\" value=\"{}\"><input name=\"search\" value=\"{}\" "
      "placeholder=\"name or URL\" aria-label=\"search\"></form>",
      html_escape(view.window), html_escape(view.search));
  if (board.rows.empty()) {
    main += view.search.empty() && view.offset == 0 ? "<p>There are no servers yet.</p>" : "<p>No server matches.</p>";
  } else {
    main += dashboard_rows(view);
  }
  const auto page_link = [&](std::uint32_t offset, const char* text) {
    return fmt::format("<a href=\"/?window={}&amp;offset={}{}\">{}</a> ", url_encode(view.window), offset,
                       html_escape(more), text);
  };
  std::string pages;
  if (view.offset > 0) pages += page_link(view.offset > view.limit ? view.offset - view.limit : 0, "previous");
  if (view.offset + board.rows.size() < board.matching) pages += page_link(view.offset + view.limit, "next");
  if (!pages.empty()) main += fmt::format("<nav aria-label=\"pages\"><p>{}</p></nav>", pages);
  main += fmt::format(
      "<footer>{} to {} {} · <a href=\"/api/v1/status?window={}\">JSON</a> · <a href=\"/metrics\">metrics</a></footer>",
      minute_text(board.window.from, view.zone), minute_text(board.window.to, view.zone),
      html_escape(std::string(view.zone.name())), url_encode(view.window));
  return shell(count(State::down) > 0 ? fmt::format("({} down) nines", count(State::down)) : "nines", main, true);
}

std::string server_page(const ServerView& view) {
  const Server& server = *view.server;
  const Figures& f = *view.figures;
  const std::string path = "/server/" + url_encode(server.name);
  std::string main =
      fmt::format("<nav><a href=\"/\">all servers</a></nav><h1>{}</h1><p>{} <span class=\"mute\">{}{}{}</span></p>",
                  html_escape(server.name), state_span(current_state(f)), html_escape(public_url(server.url)),
                  server.url.empty() ? "" : " · every ",
                  server.url.empty() ? "" : format_duration(server.current_rules().interval));
  main += "<div class=\"cards\">";
  for (const auto& [span, ratio] : view.spans) main += card(span, percent_text(ratio));
  main += "</div>" + window_links(path, view.window, "");
  main += figure_cards(f) + bars_svg(*view.bars, view.zone);
  const std::string plot = latency_svg(view.latency->series, view.latency->window, view.zone);
  if (!plot.empty()) main += "<h2>Latency</h2>" + plot;
  main += "<h2>Outages</h2>" + incident_rows(f.incidents, view.zone);
  main += "<h2>Newest checks</h2>" +
          (view.newest.empty() ? "<p class=\"mute\">None yet.</p>" : check_rows(view.newest, view.zone));
  const std::string api = "/api/v1/servers/" + url_encode(server.name);
  main += fmt::format(
      "<footer>{0} · JSON: <a href=\"{1}/uptime?window={2}\">uptime</a> <a href=\"{1}/incidents\">incidents</a> "
      "<a href=\"{1}/latency?window={2}\">latency</a> <a href=\"{1}/points\">points</a> · "
      "<a href=\"/badge/{3}/uptime.svg\">badge</a></footer>",
      html_escape(std::string(view.zone.name())), api, url_encode(view.window), url_encode(server.name));
  return shell(fmt::format("{} · nines", server.name), main, true);
}

std::string report_page(const Report& report, const Zone& zone) {
  std::string main = fmt::format("<h1>Uptime report</h1><p>{} to {} <span class=\"mute\">{}</span></p>",
                                 minute_text(report.window.from, zone), minute_text(report.window.to, zone),
                                 html_escape(std::string(zone.name())));
  main += "<div class=\"cards\">" + card("all servers", percent_text(report.all.uptime_ratio));
  for (const ReportGroup& group : report.groups) {
    if (!group.name.empty()) main += card(group.name, percent_text(group.figures.uptime_ratio));
  }
  main += "</div>";
  for (const ReportServer& server : report.servers) {
    main += fmt::format("<h2>{} <span class=\"mute\">{}</span></h2>", html_escape(server.name),
                        html_escape(public_url(server.url)));
    main += figure_cards(server.figures);
    if (server.objective) {
      main += fmt::format("<p>Objective {} %: {}.</p>", format_percent(*server.objective, 3),
                          !server.objective_met   ? "no data"
                          : *server.objective_met ? "met"
                                                  : "not met");
    }
    main += bars_svg(server.bars, zone);
    if (!server.figures.incidents.empty()) main += incident_rows(server.figures.incidents, zone);
  }
  return shell("Uptime report", main, false);
}

std::string message_page(const std::string& title, const std::string& sentence) {
  return shell(title,
               fmt::format("<h1>{}</h1><p>{}</p><p><a href=\"/\">all servers</a></p>", html_escape(title),
                           html_escape(sentence)),
               false);
}

}  // namespace nines::tools
