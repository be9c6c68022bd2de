#include "page/report_page.h"

#include <fmt/format.h>

#include "page/assets.h"
#include "page/frame.h"
#include "page/strip.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {

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
