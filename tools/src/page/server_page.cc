#include "page/server_page.h"

#include <fmt/format.h>
#include <nines/reaction.h>

#include <algorithm>
#include <cmath>

#include "page/change_forms.h"
#include "page/strip.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kMostIncidents = 50;

// How long after its beginning an outage was found, and seen by somebody.
std::string reaction_text(const Incident& incident, const std::vector<Annotation>& annotations) {
  std::string text;
  if (incident.detected_at && *incident.detected_at > incident.from) {
    text += ", found after " + short_duration((*incident.detected_at - incident.from).count());
  }
  if (const auto seen = acknowledged_at(annotations)) {
    text += ", acknowledged after " + short_duration((*seen - incident.from).count());
  }
  return text;
}

// What people said of an outage, a line each.
Html said_of(const ServerPage& page, const std::vector<Annotation>& annotations) {
  Html out;
  for (const Annotation& said : annotations) {
    out += html("<br><span class=\"mute\">{}{} ", said.kind == Annotation::Kind::acknowledged ? "acknowledged" : "note",
                said.author.empty() ? std::string() : " by " + said.author) +
           moment(said.made_at, page.question.zone, "seconds") + html("</span> {}", said.text);
  }
  return out;
}

Html incidents_of(const ServerPage& page, const Frame& frame) {
  const auto& incidents = page.figures->incidents;
  if (incidents.empty()) return html("<p class=\"mute\">No confirmed outage in this window.</p>");
  Html out = html("<ol class=\"timeline\" reversed>");
  std::size_t shown = 0;
  for (auto each = incidents.rbegin(); each != incidents.rend() && shown < kMostIncidents; ++each, ++shown) {
    const std::int64_t from = to_ms(each->from);
    const TimeMs end = each->to.value_or(page.question.query.now);
    // Its own place: the outage with as much around it as it lasted, at least five minutes.
    const auto margin = std::max(std::chrono::milliseconds{end - each->from}, std::chrono::milliseconds{300'000});
    const std::string link = fmt::format("{}/server/{}?from={}&to={}{}#o{}", frame.base, url_encode(page.server->name),
                                         url_encode(format_time(each->from - margin)),
                                         url_encode(format_time(std::min(end + margin, page.question.query.now))),
                                         zone_parameter(page.question), from);
    out += html("<li id=\"o{}\" class=\"{}\"><a href=\"{}\">", from, each->ongoing() ? "ongoing" : "", link);
    out += each->ongoing() ? html("Down since ") + moment(each->from, page.question.zone, "seconds")
                           : html("Down for {}</a> from ", short_duration((*each->to - each->from).count())) +
                                 moment(each->from, page.question.zone, "seconds") + html(" to ") +
                                 moment(*each->to, page.question.zone, "seconds");
    if (each->ongoing()) out += html("</a>");
    std::string why = each->detail;
    if (why.empty()) why = cause_words(each->error, each->code);
    const auto annotations = annotations_of(*page.server, *each);
    out += html("<br><span>{}</span> <span class=\"mute\">{}{}</span>", why,
                counted(each->failed_checks, "failed check"), reaction_text(*each, annotations));
    out += said_of(page, annotations) + html("</li>");
  }
  out += html("</ol>");
  if (incidents.size() > kMostIncidents) {
    out += html("<p><a href=\"{}/api/v1/servers/{}/incidents?{}\">All {} outages</a></p>", frame.base,
                url_encode(page.server->name), page.question.parameters, incidents.size());
  }
  return out;
}

Html checks_of(const ServerPage& page, const Frame& frame) {
  const std::string self =
      fmt::format("{}/server/{}?{}", frame.base, url_encode(page.server->name), page.question.parameters);
  Html out = html(
      "<p class=\"chips\"><a class=\"chip\" href=\"{0}#checks\"{1}>All</a> <a class=\"chip\" "
      "href=\"{0}&failed=1#checks\"{2}>Failed only</a></p>",
      self, page.failed_only ? Html() : html(" aria-current=\"true\""),
      page.failed_only ? html(" aria-current=\"true\"") : Html());
  if (page.checks.empty()) return out + html("<p class=\"mute\">None.</p>");
  out += html(
      "<div class=\"scroll\"><table class=\"checks\"><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">State"
      "</th><th scope=\"col\" class=\"n\">Response time</th><th scope=\"col\" class=\"n\">Code</th>"
      "<th scope=\"col\">Detail</th></tr></thead><tbody>");
  for (const CheckResult& check : page.checks) {
    out += html(
        "<tr><td>{}</td><td class=\"st\">{}{}</td><td class=\"n\">{}</td><td class=\"n code\">{}</td><td>{}</td></tr>",
        moment(check.time, page.question.zone, "seconds"), icon(check.state), word(check.state),
        check.latency_us ? format_latency(*check.latency_us) : "",
        check.code == 0 ? std::string() : fmt::to_string(check.code),
        check.detail.empty() ? std::string(to_string(check.error)) : check.detail);
  }
  out += html("</tbody></table></div>");
  if (page.older) {
    out += html("<p><a href=\"{}{}&before={}#checks\">Older checks</a></p>", self, page.failed_only ? "&failed=1" : "",
                to_ms(*page.older));
  }
  return out;
}

Html slo_of(const ServerPage& page) {
  if (!page.slo) return {};
  const SloAnswer& slo = *page.slo;
  std::string objective = format_percent(slo.objective, 3);
  objective.erase(objective.find_last_not_of('0') + 1);
  if (objective.ends_with('.')) objective.pop_back();
  Html out = html("<h2>Objective {} % over 30 days</h2>", objective);
  if (!slo.remaining_ratio) return out + html("<p class=\"mute\">No data yet.</p>");
  const double used = 1 - *slo.remaining_ratio;
  out += html(
      "<p><meter min=\"0\" max=\"1\" low=\"0.5\" high=\"0.9\" optimum=\"0\" value=\"{:.4f}\" "
      "aria-label=\"Error budget used\">{}</meter></p><p>",
      std::clamp(used, 0.0, 1.0), slo.met.value_or(false) ? "met" : "not met");
  out += slo.remaining_ms >= 0
             ? html("{} of {} error budget left", short_duration(std::llround(slo.remaining_ms)),
                    short_duration(std::llround(slo.budget_ms)))
             : html("<b class=\"down\">Error budget overspent by {}</b>, of {}",
                    short_duration(std::llround(-slo.remaining_ms)), short_duration(std::llround(slo.budget_ms)));
  constexpr double kLeastBurn = 0.05;
  for (const BurnRate& burn : slo.burn) {
    if (!burn.rate || *burn.rate < kLeastBurn) continue;
    if (burn.window.length > std::chrono::hours{6} && !burn.firing) continue;
    out += html(" \u00b7 burning {:.1f}\u00d7 over {}", *burn.rate, format_duration(burn.window.length));
    if (burn.short_rate) {
      out += html(" and {:.1f}\u00d7 over {}", *burn.short_rate, format_duration(burn.window.short_length));
    }
    if (burn.firing) out += html(" <b class=\"down\">too fast</b>");
  }
  const PeriodBudget& period = slo.period;
  out += html("</p><p class=\"mute\">Budget from ") + moment(period.window.from, page.question.zone) + html(" to ") +
         moment(period.window.to, page.question.zone) +
         html(": {} of {} spent", short_duration(period.spent_ms), short_duration(period.budget_ms));
  if (period.threshold) out += html(", <b>{:.0f} % of it reached</b>", *period.threshold * 100);
  if (period.exhausted_at && *period.exhausted_at > page.question.query.now) {
    out += html(", used up at the rate of the last 24 hours ") +
           moment(*period.exhausted_at, page.question.zone, "seconds");
  }
  return out + html("</p>");
}

// The way to the other pages.
Html nav_of(const ServerPage& page, const Frame& frame) {
  Html nav = html("<nav><a href=\"{}/?{}\">All servers</a>", frame.base, page.question.parameters);
  const auto neighbour = [&](const std::optional<std::string>& name, const char* word_of) {
    if (name)
      nav +=
          html("<a href=\"{}/server/{}?{}\">{}</a>", frame.base, url_encode(*name), page.question.parameters, word_of);
  };
  neighbour(page.previous, "Previous");
  neighbour(page.next, "Next");
  return nav + html("</nav>");
}

// What state the server is in, since when, and why.
Html state_of(const ServerPage& page, State state) {
  const Figures& f = *page.figures;
  Html out = html("<h1>{}</h1><div id=\"top\"><p><span class=\"pill {}\">{}{}</span>", page.server->name, word(state),
                  icon(state), word(state));
  if (f.current) {
    out += html(" <span class=\"mute\">for {}, since ",
                short_duration((page.question.query.now - f.current->since).count()));
    out += moment(f.current->since, page.question.zone, "seconds") + html("</span>");
  }
  out += html("</p>");
  if ((state == State::down || state == State::degraded) && f.last && !page.checks.empty() &&
      !page.checks.front().detail.empty()) {
    out += html("<p>{}</p>", page.checks.front().detail);
  }
  return out;
}

// What is checked, how often, and how the last time went.
Html facts_of(const ServerPage& page) {
  const Server& server = *page.server;
  const Figures& f = *page.figures;
  Html out = html("<div class=\"facts\">");
  if (server.url.starts_with("push:")) {
    // Nobody asks it: the job says how it went.
    out += html("<span class=\"mute\">reports by itself, every {}</span>",
                format_duration(server.current_rules().interval));
  } else if (!server.url.empty()) {
    const std::string shown = public_url(server.url);
    const bool web = shown.starts_with("http://") || shown.starts_with("https://");
    out += web ? html("<span><a href=\"{0}\" rel=\"noreferrer noopener\">{0}</a></span>", shown)
               : html("<span>{}</span>", shown);
    out += html("<span class=\"mute\">every {}</span>", format_duration(server.current_rules().interval));
  }
  if (f.last) {
    out += html("<span class=\"mute\">last check ") + moment(f.last->time, page.question.zone, "seconds") +
           html(": {}{}</span>", word(f.last->state),
                f.last->latency_us ? " in " + format_latency(*f.last->latency_us) : std::string());
  }
  if (!server.group.empty()) out += html("<span class=\"mute\">{}</span>", server.group);
  for (const auto& [name, value] : server.tags) out += html("<span class=\"mute\">{}={}</span>", name, value);
  return out + html("</div></div>");
}

// Uptime over the usual windows, each a link to its own page.
Html spans_of(const ServerPage& page, const std::string& self) {
  Html out = html("<div class=\"spans\" id=\"spans\">");
  for (const ServerPage::Span& span : page.spans) {
    out += html(
        "<a class=\"span\" href=\"{}?window={}{}\"{}><b>{}</b><span class=\"mute\">{}{}</span></a>", self, span.window,
        zone_parameter(page.question), page.question.window == span.window ? html(" aria-current=\"true\"") : Html(),
        short_percent(span.ratio), span.window,
        span.coverage && *span.coverage < 0.995 ? fmt::format(", {} % measured", format_percent(*span.coverage, 0))
                                                : "");
  }
  return out + html("</div>");
}

// The strip of bars, under the response times where there are some.
Html drawn_of(const ServerPage& page) {
  const Figures& f = *page.figures;
  const Html bars = strip(*page.bars, strip_label(f));
  const Html drawn = chart(page.chart, bars, f.incidents, f.window.to);
  return html("<div id=\"drawn\">") +
         (drawn.empty() ? html("<div class=\"over\">") + bars + axis(page.question) + html("</div>") : drawn) +
         html("</div>");
}

Html figures_of(const ServerPage& page) {
  const Figures& f = *page.figures;
  Html out =
      html("<div id=\"figures\"><p class=\"facts mute\"><span>{}, {} failed</span><span>{}</span>",
           counted(f.counts.checks, "check"), with_commas(f.counts.failed), counted(f.incidents.size(), "outage"));
  if (f.time[State::down] > 0) out += html("<span>down for {}</span>", short_duration(f.time[State::down]));
  if (f.planned_down_ms > 0) out += html("<span>and for {} in maintenance</span>", short_duration(f.planned_down_ms));
  if (f.uptime_lower && f.uptime_upper && *f.uptime_lower < *f.uptime_upper) {
    out += html("<span>between {} and {}, if all that is unknown was down or up</span>", short_percent(f.uptime_lower),
                short_percent(f.uptime_upper));
  }
  if (f.uptime_unconfirmed && f.uptime_unconfirmed != f.uptime_ratio) {
    out += html("<span>{} if every failure counts</span>", short_percent(f.uptime_unconfirmed));
  }
  if (f.resolution_ms) out += html("<span>known to {}</span>", short_duration(*f.resolution_ms));
  if (f.mttr_ms) out += html("<span>mean time to repair {}</span>", short_duration(std::llround(*f.mttr_ms)));
  const ReactionTimes reaction = reaction_times(f.incidents, *page.server, f.window.from);
  if (reaction.mttd_ms) out += html("<span>to detect {}</span>", short_duration(std::llround(*reaction.mttd_ms)));
  if (reaction.mtta_ms) out += html("<span>to acknowledge {}</span>", short_duration(std::llround(*reaction.mtta_ms)));
  if (f.latency) {
    out += html("<span>p50 {}</span><span>p95 {}</span><span>p99 {}</span>", format_latency(f.latency->p50_us),
                format_latency(f.latency->p95_us), format_latency(f.latency->p99_us));
  }
  return out + html("</p>") + slo_of(page) + details_html(*page.server, f, *page.details) + html("</div>");
}

Html footer_of(const ServerPage& page, const Frame& frame) {
  const std::string name = url_encode(page.server->name);
  return html(
      "<footer>JSON: <a href=\"{0}/uptime?{1}\">uptime</a> <a href=\"{0}/why?{1}\">why</a> <a "
      "href=\"{0}/incidents?{1}\">incidents</a> "
      "<a href=\"{0}/comparison?{1}\">before</a> <a href=\"{0}/latency?{1}\">latency</a> "
      "<a href=\"{0}/baseline?{1}\">usual</a> <a href=\"{0}/points?{1}\">checks</a> \u00b7 "
      "<a href=\"{2}/badge/{3}/uptime.svg\">badge</a></footer>",
      fmt::format("{}/api/v1/servers/{}", frame.base, name), page.question.parameters, frame.base, name);
}

}  // namespace

Html server_page(const ServerPage& page, const Frame& frame) {
  const Server& server = *page.server;
  const State state = state_now(*page.figures);
  const std::string self = fmt::format("{}/server/{}", frame.base, url_encode(server.name));
  const Html main = state_of(page, state) + facts_of(page) + spans_of(page, self) + drawn_of(page) + figures_of(page) +
                    html("<h2>Outages</h2><div id=\"outages\">") + incidents_of(page, frame) +
                    html("</div><h2 id=\"checks\">Checks</h2><div id=\"rows\">") + checks_of(page, frame) +
                    html("</div>") + changes_of(page, frame) + footer_of(page, frame);
  Html attributes = edges_attribute(*page.bars);
  if (page.question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(page.question.zone.name()));
  // A window that ends now, and its newest checks: the page follows what lands.
  if (!page.question.window.empty() && !page.has_check_page)
    attributes +=
        html(" data-self=\"{}\" data-events=\"{}/api/v1/events\"", static_cast<std::uint32_t>(server.id), frame.base);
  return frame_page(fmt::format("{} is {} \u00b7 nines", server.name, word(state)), main, frame,
                    {.attributes = attributes, .nav = nav_of(page, frame), .mood = state});
}

}  // namespace nines::tools
