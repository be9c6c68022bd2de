#include "report/report_page.h"

#include <fmt/format.h>
#include <nines/comparison.h>
#include <nines/overlay.h>
#include <nines/reaction.h>
#include <nines/service_hours.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "page/markup.h"
#include "report/style.h"
#include "show/audit.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// Rows of one table. A server that is down every other minute would fill a book; the rest is counted.
constexpr std::size_t kMostListed = 300;

// To the second: checks are not made more often than reports are read.
std::string second_text(TimeMs time, const Zone& zone) {
  return moment_text(std::chrono::floor<std::chrono::seconds>(time), zone);
}

// "July 2026" of a whole month, the dates of another window.
std::string period_text(Window window, const Zone& zone) {
  constexpr std::array kMonths{"January", "February", "March",     "April",   "May",      "June",
                               "July",    "August",   "September", "October", "November", "December"};
  const std::string first = format_date(window.from, zone);
  if (natural_period(window, zone).unit != CalendarUnit::month || first.size() < 7) {
    return fmt::format("{} to {}", minute_text(window.from, zone), minute_text(window.to, zone));
  }
  const auto month = static_cast<std::size_t>((first[5] - '0') * 10 + (first[6] - '0') - 1);
  return fmt::format("{} {}", kMonths.at(month), first.substr(0, 4));
}

Html verdict(const std::optional<bool>& met) {
  if (!met) return html("<span class=\"mute\">no data</span>");
  return *met ? html("<span class=\"met\">&#10003; met</span>")
              : html("<span class=\"missed\">&#10007; not met</span>");
}

std::string objective_text(const std::optional<double>& objective) {
  return objective ? format_percent(*objective, 3) + " %" : "-";
}

// How the figure of several services is made of theirs.
std::string combined_text(GroupRule rule) {
  switch (rule) {
    case GroupRule::worst_of:
      return "the lowest uptime of its services";
    case GroupRule::all_up:
      return "the time in which all of its services were up";
    case GroupRule::quorum:
      return "the time in which enough of its services were up";
    case GroupRule::weighted_mean:
      return "the mean of its services by their known time";
  }
  return {};
}

Html summary(const Report& report, GroupRule rule) {
  Html out = html(
      "<div class=\"wide\"><table><thead><tr><th>Service</th><th class=\"n\">Objective</th><th class=\"n\">Uptime</th>"
      "<th>Result</th><th class=\"n\">Down</th><th class=\"n\">Planned down</th><th class=\"n\">Outages</th>"
      "<th class=\"n\">Measured</th></tr></thead><tbody>");
  for (const ReportServer& line : report.servers) {
    const Figures& f = line.figures;
    out += html(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        line.name, objective_text(line.objective), percent_text(f.uptime_ratio),
        line.objective ? verdict(line.objective_met) : html("-"), short_duration(f.time[State::down]),
        f.planned_down_ms > 0 ? short_duration(f.planned_down_ms) : "-", f.incidents.size(),
        percent_text(f.coverage_ratio));
  }
  out += html("</tbody></table></div>");
  if (report.groups.size() < 2) return out;
  out += html(
      "<h3>Groups</h3><p class=\"mute\">Uptime of a group is {}.</p><table><thead><tr><th>Group</th><th "
      "class=\"n\">Services</th><th class=\"n\">Uptime</th>"
      "<th class=\"n\">Measured</th><th class=\"n\">Outages</th></tr></thead><tbody>",
      combined_text(rule));
  for (const ReportGroup& group : report.groups) {
    out += html(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td></tr>",
        group.name.empty() ? "(no group)" : group.name, group.figures.members, percent_text(group.figures.uptime_ratio),
        percent_text(group.figures.coverage_ratio), group.incidents);
  }
  return out + html("</tbody></table>");
}

Html figure(std::string_view label, const std::string& value, const std::string& more = {}) {
  return html("<div><dt>{}</dt><dd>{}", label, value) + (more.empty() ? html("") : html("<small>{}</small>", more)) +
         html("</dd></div>");
}

// Beside their number, so that the figures stay one row on paper.
std::string outages_text(const Figures& f, const Server& server) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (f.longest_outage_ms) add(fmt::format("longest {}", short_duration(*f.longest_outage_ms)));
  if (f.mttr_ms) add(fmt::format("mean time to repair {}", duration_or_dash(f.mttr_ms)));
  const ReactionTimes reaction = reaction_times(f.incidents, server, f.window.from);
  if (reaction.mttd_ms) add(fmt::format("to detect {}", duration_or_dash(reaction.mttd_ms)));
  if (reaction.mtta_ms) add(fmt::format("to acknowledge {}", duration_or_dash(reaction.mtta_ms)));
  if (f.mtbf_ms) add(fmt::format("{} between them", duration_or_dash(f.mtbf_ms)));
  return text;
}

Html figures_of(const ReportServer& line, const Server& server, const ReportPage& page) {
  const Figures& f = line.figures;
  Html out = html("<dl class=\"figures\">");
  out += figure("Uptime", percent_text(f.uptime_ratio),
                f.uptime_unconfirmed && f.uptime_unconfirmed != f.uptime_ratio
                    ? fmt::format("{} if each failed check counts", percent_text(f.uptime_unconfirmed))
                    : "");
  if (line.objective) {
    const std::int64_t left = line.remaining_ms.value_or(0);
    out += figure("Objective", objective_text(line.objective),
                  !line.objective_met ? "no data"
                  : left < 0          ? fmt::format("missed by {}", short_duration(-left))
                             : fmt::format("{} of {} left", short_duration(left), short_duration(*line.budget_ms)));
  }
  if (const auto hours = page.hours.find(line.server); hours != page.hours.end()) {
    out += figure("In service hours", percent_text(hours->second.uptime_ratio),
                  fmt::format("down {} of {}", short_duration(hours->second.time[State::down]),
                              short_duration(hours->second.service_ms)));
  }
  out += figure("Down", short_duration(f.time[State::down]),
                f.planned_down_ms > 0 ? fmt::format("and {} in maintenance", short_duration(f.planned_down_ms)) : "");
  out += figure("Outages", fmt::to_string(f.incidents.size()), outages_text(f, server));
  out += figure("Measured", percent_text(f.coverage_ratio),
                fmt::format("{} checks, {} failed", with_commas(f.counts.checks), with_commas(f.counts.failed)));
  if (f.latency) {
    out +=
        figure("Response time, p95", format_latency(f.latency->p95_us),
               fmt::format("median {}{}", format_latency(f.latency->p50_us), f.latency->exact ? "" : ", within 1 %"));
  }
  return out + html("</dl>");
}

// A bar a calendar unit; the height of each part is its share of the time, and enough to be seen on paper.
Html bars_of(const ReportServer& line, const Zone& zone) {
  if (line.bars.empty()) return {};
  constexpr int kHeight = 34;
  constexpr int kStep = 10;
  constexpr int kWidth = 8;
  constexpr int kLeast = 4;
  struct Part {
    State state;
    const char* kind;
  };
  constexpr std::array kParts{Part{State::down, "d"}, Part{State::degraded, "g"}, Part{State::maintenance, "m"},
                              Part{State::paused, "p"}, Part{State::unknown, "x"}};
  Html out =
      html("<svg class=\"bars\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
           line.bars.size() * kStep, kHeight, fmt::format("{} up", percent_text(line.figures.uptime_ratio)));
  for (std::size_t i = 0; i < line.bars.size(); ++i) {
    const Bar& bar = line.bars[i];
    const double total = static_cast<double>(std::max<std::int64_t>(1, bar.time.total_ms()));
    const auto rect = [&](const char* kind, int top, int height) {
      out += html("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", kind, i * kStep + 1, top, kWidth,
                  height);
    };
    int bottom = kHeight;
    for (const auto& [state, kind] : kParts) {
      if (bar.time[state] <= 0) continue;
      const double share = static_cast<double>(bar.time[state]) / total;
      const int height = std::clamp(static_cast<int>(std::lround(share * kHeight)), kLeast, std::max(kLeast, bottom));
      bottom -= height;
      rect(kind, std::max(0, bottom), height);
    }
    if (bar.time[State::up] > 0 && bottom > 0) rect("u", 0, bottom);
    if (bar.time.total_ms() == 0) rect("x", 0, kHeight);
  }
  out += html("</svg><div class=\"axis\"><span>{}</span><span>{}</span></div>",
              format_date(line.bars.front().window.from, zone), format_date(line.bars.back().window.from, zone));
  return out;
}

Html bounds_of(const Figures& f) {
  if (!f.uptime_ratio && !f.uptime_upper) return html("<p>Nothing was measured in this period.</p>");
  Html out = html("<p>");
  if (f.time[State::unknown] > 0) {
    out += html("For {} nothing is known. Had all of it been down, uptime would be {}; had all of it been up, {}. ",
                short_duration(f.time[State::unknown]), percent_text(f.uptime_lower), percent_text(f.uptime_upper));
  } else {
    out += html("All of the time was measured. ");
  }
  if (f.resolution_ms) {
    out +=
        html("A check was made every {}: no change of state is known more exactly.", short_duration(*f.resolution_ms));
  }
  for (const Hole& hole : f.holes) {
    out += html(" What was stored of {} to {} is damaged, and counts as not known.", format_time(hole.window.from),
                format_time(hole.window.to));
  }
  return out + html("</p>");
}

Html causes_of(const std::vector<Incident>& incidents) {
  Html out = html(
      "<h3>Causes</h3><table><thead><tr><th>First failure</th><th class=\"n\">Outages</th><th class=\"n\">Down</th>"
      "</tr></thead><tbody>");
  for (const CauseDowntime& cause : downtime_by_cause(incidents)) {
    out += html("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                cause_text(cause.error, cause.code), cause.incidents, short_duration(cause.down_ms));
  }
  return out + html("</tbody></table>");
}

std::string after_text(TimeMs from, const std::optional<TimeMs>& then) {
  return then ? short_duration((*then - from).count()) : "-";
}

Html said_of(const Incident& incident, const std::vector<Annotation>& annotations, const Zone& zone) {
  Html out;
  const auto add = [&out](const Html& line) {
    if (!out.empty()) out += html("<br>");
    out += line;
  };
  if (!incident.detail.empty()) add(html("{}", incident.detail));
  for (const Annotation& annotation : annotations) {
    const bool acknowledged = annotation.kind == Annotation::Kind::acknowledged;
    add(html("{}{}{}{}{}", minute_text(annotation.made_at, zone),
             annotation.author.empty() ? "" : ", " + annotation.author, acknowledged ? " acknowledged" : "",
             annotation.text.empty() ? "" : ": ", annotation.text));
  }
  return out;
}

Html incidents_of(const std::vector<Incident>& incidents, const Server& server, const Zone& zone) {
  Html out = html(
      "<h3>Outages</h3><div class=\"wide\"><table><thead><tr><th>From</th><th>To</th><th class=\"n\">Lasted</th>"
      "<th>First failure</th><th class=\"n\">Failed checks</th><th class=\"n\">Detected after</th>"
      "<th class=\"n\">Acknowledged after</th></tr></thead><tbody>");
  for (std::size_t i = 0; i < std::min(incidents.size(), kMostListed); ++i) {
    const Incident& incident = incidents[i];
    const auto annotations = annotations_of(server, incident);
    const Html said = said_of(incident, annotations, zone);
    out += html("<tr{}>", said.empty() ? html("") : html(" class=\"told\""));
    out += html(
        "<td class=\"t\">{}</td><td class=\"t\">{}{}</td><td class=\"n\">{}{}</td><td>{}</td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td></tr>",
        second_text(incident.from, zone), incident.to ? second_text(*incident.to, zone) : "ongoing",
        incident.end_seen ? "" : " (not seen)", short_duration(incident.duration_ms),
        incident.window_ms == incident.duration_ms ? ""
                                                   : fmt::format(", {} of it here", short_duration(incident.window_ms)),
        cause_text(incident.error, incident.code), incident.failed_checks,
        after_text(incident.from, incident.detected_at), after_text(incident.from, acknowledged_at(annotations)));
    if (!said.empty()) out += html("<tr class=\"said\"><td colspan=\"7\">{}</td></tr>", said);
  }
  out += html("</tbody></table></div>");
  if (incidents.size() > kMostListed) out += html("<p>And {} more.</p>", incidents.size() - kMostListed);
  return out;
}

Html planned_of(const std::vector<Overlay>& entries, const Server& server, Window window, const Zone& zone) {
  Html rows;
  std::size_t count = 0;
  for (const Overlay& entry : entries) {
    const Window part{std::max(entry.window.from, window.from), std::min(entry.window.to, window.to)};
    if (part.empty() || ++count > kMostListed) continue;
    const std::string what = entry.entry.kind == CatalogEntry::Kind::maintenance ? "maintenance"
                             : entry.entry.kind == CatalogEntry::Kind::pause
                                 ? "paused"
                                 : fmt::format("corrected to {}", to_string(entry.state));
    rows += html("<tr><td>{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
                 what, second_text(part.from, zone), second_text(part.to, zone), short_duration(part.length().count()),
                 note_of(server, entry.entry));
  }
  if (rows.empty()) return {};
  Html out = html(
                 "<h3>Maintenance and corrections</h3><div class=\"wide\"><table><thead><tr><th>What</th><th>From</th>"
                 "<th>To</th><th class=\"n\">Lasted</th><th>Note</th></tr></thead><tbody>") +
             rows + html("</tbody></table></div>");
  if (count > kMostListed) out += html("<p>And {} more.</p>", count - kMostListed);
  return out;
}

// The rules in force in the window.
Html rules_of(const Server& server, Window window, const Zone& zone) {
  Html out = html("<p class=\"mute\">");
  for (std::size_t i = 0; i < server.rules.size(); ++i) {
    const Rules& rules = server.rules[i];
    if (rules.effective_from >= window.to) break;
    if (i + 1 < server.rules.size() && server.rules[i + 1].effective_from <= window.from) continue;
    const bool began_before = rules.effective_from <= window.from;
    out += html("Checked {}{}. ", rules_text(rules),
                began_before ? std::string() : " from " + moment_text(rules.effective_from, zone));
  }
  if (!server.level.hours.empty()) {
    out += html("Promised {} ({}). ", server.level.hours,
                server.level.timezone.empty() ? std::string("UTC") : server.level.timezone);
  }
  return out + html("</p>");
}

Result<Html> section_of(const ReportServer& line, const ReportPage& page) {
  const Server* const server = page.catalog->find(line.server);
  if (server == nullptr) return fail(ErrorCode::not_found, fmt::format("\"{}\" was removed meanwhile", line.name));
  const Figures& f = line.figures;
  const auto entries = overlay_entries(*server, f.window, MaintenancePolicy::exclude);
  if (!entries) return tl::unexpected(entries.error());
  Html out = html("<section class=\"server\"><div class=\"lead\"><h2>{}</h2><p class=\"mute\">{}</p>", line.name,
                  public_url(line.url));
  out += figures_of(line, *server, page) + bars_of(line, page.zone) + html("</div>") + bounds_of(f);
  out += rules_of(*server, f.window, page.zone);
  if (!f.incidents.empty()) out += causes_of(f.incidents) + incidents_of(f.incidents, *server, page.zone);
  out += planned_of(*entries, *server, f.window, page.zone);
  return out + html("</section>");
}

std::string policy_text(const Policy& policy) {
  std::string text;
  switch (policy.maintenance) {
    case MaintenancePolicy::exclude:
      text = "Maintenance counts on neither side.";
      break;
    case MaintenancePolicy::as_up:
      text = "Maintenance counts as up.";
      break;
    case MaintenancePolicy::as_measured:
      text = "Maintenance counts as it was measured.";
      break;
  }
  switch (policy.unknown) {
    case UnknownPolicy::exclude:
      text += " Time of which nothing is known counts on neither side.";
      break;
    case UnknownPolicy::as_down:
      text += " Time of which nothing is known counts as down.";
      break;
    case UnknownPolicy::as_up:
      text += " Time of which nothing is known counts as up.";
      break;
  }
  if (policy.degraded_weight < 1) {
    text += fmt::format(" Degraded time counts {} of itself.", policy.degraded_weight);
  }
  return text;
}

Html method(const ReportPage& page) {
  const bool settled = page.digest.days.to <= page.query.now;
  Html out = html("<section class=\"method\"><h2>Method</h2>");
  out += html(
      "<p>Each service is checked at its interval, from one place or several. A check says something until the next "
      "one "
      "of its place, at most for two and a half intervals and the timeout; after that nothing is known. As many failed "
      "checks in a row as the rules say are an outage, from the first of them on; a success ends it. With several "
      "places "
      "a service is down while as many of them as the rules say are. Uptime is the time up or degraded, divided by the "
      "time up, degraded or down. {} Outages are counted whole, wherever the period cuts them; the down time is that "
      "inside of the period. An objective allows (1 - objective) of the time that its ratio is over to be down. "
      "Percentages are rounded down: 100 % means no down time at all.</p>",
      policy_text(page.query.policy));
  out += html("<h3>Data</h3><p>");
  if (settled) {
    out += html(
        "Whoever makes this report again from the same data, with <code>{}</code>, gets the same page, byte by byte. ",
        page.command);
  } else {
    out += html("What is reported is what was known at {}: what is measured until {} may still change it. ",
                format_time(page.query.now), format_time(page.digest.days.to));
  }
  out += html(
      "SHA-256 of the check results of {} to {} (UTC): <code>{}</code>. Of the rules, maintenance, corrections, "
      "objectives "
      "and notes that they were judged by: <code>{}</code>.</p></section>",
      format_date(page.digest.days.from, {}), format_date(page.digest.days.to - std::chrono::milliseconds{1}, {}),
      page.digest.results, page.digest.catalog);
  return out;
}

}  // namespace

Result<std::string> report_page(const ReportPage& page) {
  const Report& report = *page.report;
  const std::string title = page.title.empty() ? "Uptime report" : page.title;
  const std::string period = period_text(page.query.window, page.zone);
  Html main = html("<header><h1>{}</h1><p>{} <span class=\"mute\">({})</span></p></header>", title, period,
                   std::string(page.zone.name()));
  main += summary(report, page.group_rule);
  if (report.servers.size() > 1) {
    main += html("<p>All {} services as one group: {}, {} measured. That is {}.</p>", report.servers.size(),
                 percent_text(report.all.uptime_ratio), percent_text(report.all.coverage_ratio),
                 combined_text(page.group_rule));
  }
  main += html("<p class=\"key\">");
  for (const auto& [kind, word] :
       {std::pair{"u", "up"}, std::pair{"g", "degraded"}, std::pair{"d", "down"}, std::pair{"m", "maintenance"},
        std::pair{"p", "paused"}, std::pair{"x", "not known"}}) {
    main += html("<span><svg viewBox=\"0 0 1 1\"><rect class=\"{}\" width=\"1\" height=\"1\"/></svg>{}</span>",
                 std::string_view(kind), std::string_view(word));
  }
  main += html("</p>");
  for (const ReportServer& line : report.servers) {
    const auto section = section_of(line, page);
    if (!section) return tl::unexpected(section.error());
    main += *section;
  }
  main += method(page);
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
         html("{}: {}", title, period).text() + "</title><style>" + std::string(kReportStyle) +
         "</style></head><body><main>" + main.text() + "</main></body></html>\n";
}

}  // namespace nines::tools
