#include "page/server_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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
Html said_of(const ServerView& view, const std::vector<Annotation>& annotations) {
  Html out;
  for (const Annotation& said : annotations) {
    out += html("<br><span class=\"mute\">{}{} ", said.kind == Annotation::Kind::acknowledged ? "acknowledged" : "note",
                said.author.empty() ? std::string() : " by " + said.author) +
           moment(said.made_at, view.question.zone, "seconds") + html("</span> {}", said.text);
  }
  return out;
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
    if (why.empty()) why = cause_words(each->error, each->code);
    const auto annotations = annotations_of(*view.server, *each);
    out += html("<br><span>{}</span> <span class=\"mute\">{}{}</span>", why,
                counted(each->failed_checks, "failed check"), reaction_text(*each, annotations));
    out += said_of(view, annotations) + html("</li>");
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
    out += html(
        "<tr><td>{}</td><td class=\"st\">{}{}</td><td class=\"n\">{}</td><td class=\"n code\">{}</td><td>{}</td></tr>",
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
  out += html("</p><p class=\"mute\">Budget from ") + moment(period.window.from, view.question.zone) + html(" to ") +
         moment(period.window.to, view.question.zone) +
         html(": {} of {} spent", short_duration(period.spent_ms), short_duration(period.budget_ms));
  if (period.threshold) out += html(", <b>{:.0f} % of it reached</b>", *period.threshold * 100);
  if (period.exhausted_at && *period.exhausted_at > view.question.query.now) {
    out += html(", used up at the rate of the last 24 hours ") +
           moment(*period.exhausted_at, view.question.zone, "seconds");
  }
  return out + html("</p>");
}

}  // namespace

Html server_page(const ServerView& view, const Frame& frame) {
  const Server& server = *view.server;
  const Figures& f = *view.figures;
  const State state = state_now(f);
  const std::string self = fmt::format("{}/server/{}", frame.base, url_encode(server.name));
  Html nav = html("<nav><a href=\"{}/?{}\">All servers</a>", frame.base, view.question.parameters);
  const auto neighbour = [&](const std::optional<std::string>& name, const char* word_of) {
    if (name)
      nav +=
          html("<a href=\"{}/server/{}?{}\">{}</a>", frame.base, url_encode(*name), view.question.parameters, word_of);
  };
  neighbour(view.previous, "Previous");
  neighbour(view.next, "Next");
  nav += html("</nav>");
  Html main = html("<h1>{}</h1><div id=\"top\"><p><span class=\"pill {}\">{}{}</span>", server.name, word(state),
                   icon(state), word(state));
  if (f.current) {
    main += html(" <span class=\"mute\">for {}, since ",
                 short_duration((view.question.query.now - f.current->since).count()));
    main += moment(f.current->since, view.question.zone, "seconds") + html("</span>");
  }
  main += html("</p>");
  if ((state == State::down || state == State::degraded) && f.last && !view.checks.empty() &&
      !view.checks.front().detail.empty()) {
    main += html("<p>{}</p>", view.checks.front().detail);
  }
  main += html("<div class=\"facts\">");
  if (server.url.starts_with("push:")) {
    // Nobody asks it: the job says how it went.
    main += html("<span class=\"mute\">reports by itself, every {}</span>",
                 format_duration(server.current_rules().interval));
  } else if (!server.url.empty()) {
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
  main += html("</div></div><div class=\"spans\" id=\"spans\">");
  for (const ServerView::Span& span : view.spans) {
    main += html(
        "<a class=\"span\" href=\"{}?window={}{}\"{}><b>{}</b><span class=\"mute\">{}{}</span></a>", self, span.window,
        zone_parameter(view.question), view.question.window == span.window ? html(" aria-current=\"true\"") : Html(),
        short_percent(span.ratio), span.window,
        span.coverage && *span.coverage < 0.995 ? fmt::format(", {} % measured", format_percent(*span.coverage, 0))
                                                : "");
  }
  main += html("</div>");
  const Html drawn = chart(view.chart, strip(*view.bars, strip_label(f)), f.incidents, f.window.to);
  main += html("<div id=\"drawn\">");
  main += drawn.empty()
              ? html("<div class=\"over\">") + strip(*view.bars, strip_label(f)) + axis(view.question) + html("</div>")
              : drawn;
  main += html("</div><div id=\"figures\"><p class=\"facts mute\"><span>{}, {} failed</span><span>{}</span>",
               counted(f.counts.checks, "check"), with_commas(f.counts.failed), counted(f.incidents.size(), "outage"));
  if (f.time[State::down] > 0) main += html("<span>down for {}</span>", short_duration(f.time[State::down]));
  if (f.planned_down_ms > 0) main += html("<span>and for {} in maintenance</span>", short_duration(f.planned_down_ms));
  if (f.uptime_lower && f.uptime_upper && *f.uptime_lower < *f.uptime_upper) {
    main += html("<span>between {} and {}, if all that is unknown was down or up</span>", short_percent(f.uptime_lower),
                 short_percent(f.uptime_upper));
  }
  if (f.uptime_unconfirmed && f.uptime_unconfirmed != f.uptime_ratio) {
    main += html("<span>{} if every failure counts</span>", short_percent(f.uptime_unconfirmed));
  }
  if (f.resolution_ms) main += html("<span>known to {}</span>", short_duration(*f.resolution_ms));
  if (f.mttr_ms) main += html("<span>mean time to repair {}</span>", short_duration(std::llround(*f.mttr_ms)));
  if (f.latency) {
    main += html("<span>p50 {}</span><span>p95 {}</span><span>p99 {}</span>", format_latency(f.latency->p50_us),
                 format_latency(f.latency->p95_us), format_latency(f.latency->p99_us));
  }
  main += html("</p>") + slo_of(view) + details_html(server, f, *view.details) +
          html("</div><h2>Outages</h2><div id=\"outages\">") + incidents_of(view, frame) +
          html("</div><h2 id=\"checks\">Checks</h2><div id=\"rows\">") + checks_of(view, frame) + html("</div>");
  const std::string api = fmt::format("{}/api/v1/servers/{}", frame.base, url_encode(server.name));
  main += html(
      "<footer>JSON: <a href=\"{0}/uptime?{1}\">uptime</a> <a href=\"{0}/why?{1}\">why</a> <a "
      "href=\"{0}/incidents?{1}\">incidents</a> "
      "<a href=\"{0}/comparison?{1}\">before</a> <a href=\"{0}/latency?{1}\">latency</a> "
      "<a href=\"{0}/baseline?{1}\">usual</a> <a href=\"{0}/points?{1}\">checks</a> \u00b7 "
      "<a href=\"{2}/badge/{3}/uptime.svg\">badge</a></footer>",
      api, view.question.parameters, frame.base, url_encode(server.name));
  Html attributes = edges_attribute(*view.bars);
  if (view.question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(view.question.zone.name()));
  // A window that ends now, and its newest checks: the page follows what lands.
  if (!view.question.window.empty() && !view.has_check_page)
    attributes +=
        html(" data-self=\"{}\" data-events=\"{}/api/v1/events\"", static_cast<std::uint32_t>(server.id), frame.base);
  return frame_page(fmt::format("{} is {} \u00b7 nines", server.name, word(state)), main, frame,
                    {.attributes = attributes, .nav = nav, .mood = state});
}

}  // namespace nines::tools
