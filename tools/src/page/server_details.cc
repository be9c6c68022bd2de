#include "page/server_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "page/frame.h"
#include "show/service_level.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

std::string signed_duration(std::int64_t ms) {
  if (ms == 0) return "\u00b10";
  return (ms < 0 ? "\u2212" : "+") + short_duration(std::abs(ms));
}

Html table_head(const char* first, std::initializer_list<const char*> numbers) {
  Html out = html("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">{}</th>", first);
  for (const char* const name : numbers) out += html("<th scope=\"col\" class=\"n\">{}</th>", name);
  return out + html("</tr></thead><tbody>");
}

Html table_row(const std::string& name, std::initializer_list<std::string> numbers) {
  Html out = html("<tr><th scope=\"row\">{}</th>", name);
  for (const std::string& number : numbers) out += html("<td class=\"n\">{}</td>", number);
  return out + html("</tr>");
}

Html table_end() {
  return html("</tbody></table></div>");
}

Html section(const char* title, const Html& body) {
  return body.empty() ? Html() : html("<section><h3>{}</h3>", title) + body + html("</section>");
}

std::string count_of_begun(const Figures& figures) {
  const auto begun = std::count_if(figures.incidents.begin(), figures.incidents.end(),
                                   [&](const Incident& incident) { return incident.from >= figures.window.from; });
  return with_commas(static_cast<unsigned long long>(begun));
}

Html comparison_of(const Comparison& c) {
  if (!c.now.uptime_ratio && !c.before.uptime_ratio) return {};
  const auto p95 = [](const Figures& f) {
    return f.latency ? format_latency(f.latency->p95_us) : std::string("\u2013");
  };
  std::string p95_change = "\u2013";
  if (c.p95_change_us) {
    p95_change = *c.p95_change_us == 0
                     ? "\u00b10"
                     : (*c.p95_change_us < 0 ? "\u2212" : "+") + format_latency(std::abs(*c.p95_change_us));
  }
  std::string points = "\u2013";
  if (c.uptime_change) points = fmt::format("{:+.3f} points", *c.uptime_change * 100);
  return table_head("Figure", {"now", "before", "change"}) +
         table_row("Uptime", {short_percent(c.now.uptime_ratio), short_percent(c.before.uptime_ratio), points}) +
         table_row("Down for", {short_duration(c.now.time[State::down]), short_duration(c.before.time[State::down]),
                                signed_duration(c.down_change_ms)}) +
         table_row("Outages begun",
                   {count_of_begun(c.now), count_of_begun(c.before),
                    c.incidents_change == 0 ? std::string("\u00b10") : fmt::format("{:+}", c.incidents_change)}) +
         table_row("p95", {p95(c.now), p95(c.before), p95_change}) + table_end();
}

Html causes_of(const Figures& f) {
  const auto causes = downtime_by_cause(f.incidents);
  if (causes.empty()) return {};
  Html out = table_head("Cause", {"outages", "down for"});
  for (const CauseDowntime& cause : causes) {
    out +=
        table_row(cause_words(cause.error, cause.code), {with_commas(cause.incidents), short_duration(cause.down_ms)});
  }
  return out + table_end();
}

Html places_of(const Figures& f) {
  if (f.places.size() < 2) return {};
  Html out = table_head("Place", {"checks", "failed", "down for"});
  for (const PlaceFigures& place : f.places) {
    out += table_row(fmt::to_string(static_cast<unsigned>(place.location)),
                     {with_commas(place.checks), with_commas(place.failed_checks), short_duration(place.down_ms)});
  }
  return out + table_end();
}

Html hours_of(const Server& server, const ServerDetails& details) {
  if (!details.hours) return {};
  const ServiceHoursAnswer& hours = *details.hours;
  const std::string zone = server.level.timezone.empty() ? "UTC" : server.level.timezone;
  return html("<p>{} in {}: <b>{}</b> of {}{}</p>", server.level.hours, zone, short_percent(hours.uptime_ratio),
              short_duration(hours.service_ms),
              hours.time[State::down] > 0 ? ", down for " + short_duration(hours.time[State::down]) : std::string());
}

Html promised_of(const Server& server, const ServerDetails& details) {
  if (!details.target) return {};
  return html("<p>{}</p>", latency_target_text(*details.target, server.level.latency_objective));
}

Html usual_of(const BaselineAnswer& usual) {
  const auto& hour = usual.hours[usual.hour];
  if (!hour || !usual.recent_median_us) return {};
  Html out =
      html("<p>The last hour\u2019s median is <b>{}</b>; at this hour of the week {} \u00b1 {} is usual",
           format_latency(*usual.recent_median_us), format_latency(hour->median_us), format_latency(hour->mad_us));
  if (usual.deviations) out += html(" ({:+.1f} deviations)", *usual.deviations);
  return out + html("</p>");
}

}  // namespace

std::string cause_words(ErrorClass error, std::uint16_t code) {
  std::string words = cause_text(error, code);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

Result<ServerDetails> look_at_details(const Store& store, const Server& server, const LiveQuestion& question) {
  ServerDetails details;
  auto compared = compare(store, server.id, question.query, natural_period(question.query.window, question.zone),
                          {.details = false});
  if (!compared) return tl::unexpected(compared.error());
  details.comparison = std::move(*compared);
  const auto hours = service_hours_for(std::nullopt, server, question.zone);
  if (!hours) return tl::unexpected(hours.error());
  if (*hours) {
    auto in_hours = uptime_in_hours(store, server.id, question.query, **hours);
    if (!in_hours) return tl::unexpected(in_hours.error());
    details.hours = std::move(*in_hours);
  }
  if (const auto target = latency_target_for(std::nullopt, server); target && *target) {
    const auto answer = latency(store, server.id, question.query, {.phases = false, .points = 0, .target = **target});
    if (!answer) return tl::unexpected(answer.error());
    details.target = answer->target;
  }
  BaselineOptions options;
  options.zone = question.zone;
  auto usual = latency_baseline(store, server.id, question.query, options);
  if (!usual) return tl::unexpected(usual.error());
  details.usual = std::move(*usual);
  return details;
}

Html details_html(const Server& server, const Figures& figures, const ServerDetails& details) {
  const Html sections = section("Beside the period before", comparison_of(details.comparison)) +
                        section("Down time by cause", causes_of(figures)) + section("By place", places_of(figures)) +
                        section("Service hours", hours_of(server, details)) +
                        section("Response times", promised_of(server, details) + usual_of(details.usual));
  if (sections.empty()) return {};
  return html("<h2>In detail</h2><div class=\"details\">") + sections + html("</div>");
}

}  // namespace nines::tools
