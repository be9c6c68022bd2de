#include "page/service_page.h"

#include <fmt/format.h>
#include <nines/composed.h>
#include <nines/dashboard.h>
#include <nines/overlay.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "page/strip.h"
#include "show/number.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::string_view kPath = "/service";
constexpr std::size_t kMostOutages = 50;

std::string url_of(const Service& service, const Frame& frame, const std::string& parameters) {
  if (!service.name.empty()) return fmt::format("{}{}/{}?{}", frame.base, kPath, url_encode(service.name), parameters);
  std::string url = fmt::format("{}{}?of={}&{}", frame.base, kPath, url_encode(service.of), parameters);
  if (service.objective) url += fmt::format("&objective={}", *service.objective);
  return url;
}

void add_servers(const Component& component, std::vector<ServerId>& out) {
  if (component.kind == Component::Kind::server) out.push_back(component.server);
  for (const Component& part : component.parts) add_servers(part, out);
}

// The bars of a strip: times alone, since a service has no checks of its own.
Result<std::vector<Bar>> bars_of(const ComposedAnswer& answer, const LiveQuestion& question) {
  std::vector<Bar> bars;
  if (question.query.window.empty()) return bars;
  const auto windows = bar_windows(question.query.window, question.bars);
  if (!windows) return tl::unexpected(windows.error());
  for (const Window& window : *windows) {
    Bar& bar = bars.emplace_back();
    bar.window = window;
    bar.time = time_per_state(answer.spans, window);
  }
  return bars;
}

std::string label_of(const ComposedAnswer& answer) {
  return answer.uptime_ratio ? short_percent(answer.uptime_ratio) + " up" : "no data";
}

State state_of(const ComposedAnswer& answer) {
  return answer.current ? answer.current->state : State::unknown;
}

Html budget_of(const ComposedAnswer& answer) {
  if (!answer.budget) return {};
  const ComposedBudget& budget = *answer.budget;
  Html out = html("<h2>Objective {} %</h2>", format_percent(budget.objective, 3));
  if (!budget.met) return out + html("<p class=\"mute\">No data yet.</p>");
  return out + (budget.remaining_ms >= 0
                    ? html("<p>{} of {} error budget left in this window</p>", short_duration(budget.remaining_ms),
                           short_duration(budget.budget_ms))
                    : html("<p><b class=\"down\">Error budget overspent by {}</b>, of {} in this window</p>",
                           short_duration(-budget.remaining_ms), short_duration(budget.budget_ms)));
}

Html outages_of(const ComposedAnswer& answer, const Catalog& catalog, const LiveQuestion& question) {
  if (answer.incidents.empty()) return html("<p class=\"mute\">No outage in this window.</p>");
  Html out = html("<ol class=\"timeline\" reversed>");
  std::size_t shown = 0;
  for (auto each = answer.incidents.rbegin(); each != answer.incidents.rend() && shown < kMostOutages;
       ++each, ++shown) {
    out += html("<li class=\"{}\">", each->ongoing() ? "ongoing" : "");
    out += each->ongoing() ? html("Down since ") + moment(each->from, question.zone, "seconds")
                           : html("Down for {} from ", short_duration(each->duration_ms)) +
                                 moment(each->from, question.zone, "seconds") + html(" to ") +
                                 moment(*each->to, question.zone, "seconds");
    std::string names;
    for (const ServerId id : each->servers) {
      const Server* const server = catalog.find(id);
      if (server != nullptr) names += (names.empty() ? "" : ", ") + server->name;
    }
    if (!names.empty()) out += html("<br><span class=\"mute\">down when it began:</span> {}", names);
    out += html("</li>");
  }
  out += html("</ol>");
  if (answer.incidents.size() > kMostOutages)
    out += html("<p class=\"mute\">and {} more</p>", answer.incidents.size() - kMostOutages);
  return out;
}

Result<Html> parts_of(const Store& store, const Component& tree, const Catalog& catalog, const LiveQuestion& question,
                      const Frame& frame) {
  std::vector<ServerId> ids;
  add_servers(tree, ids);
  DashboardOptions options;
  options.sort = SortBy::worst_first;
  options.figures = {.latency = false, .details = false};
  for (const ServerId id : ids) {
    const Server* const server = catalog.find(id);
    if (server != nullptr) options.filter.names.push_back(server->name);
  }
  std::sort(options.filter.names.begin(), options.filter.names.end());
  options.filter.names.erase(std::unique(options.filter.names.begin(), options.filter.names.end()),
                             options.filter.names.end());
  const auto board = dashboard(store, question.query, options);
  if (!board) return tl::unexpected(board.error());
  Html out = html(
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Server</th><th scope=\"col\">State</th>"
      "<th scope=\"col\" class=\"n\">Uptime</th><th scope=\"col\" class=\"n\">Down for</th></tr></thead><tbody>");
  for (const DashboardRow& row : board->rows) {
    const State state = state_now(row.figures);
    out += html(
        "<tr><th scope=\"row\"><a href=\"{}/server/{}?{}\">{}</a></th><td class=\"st\">{}{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td></tr>",
        frame.base, url_encode(row.name), question.parameters, row.name, icon(state), word(state),
        short_percent(row.figures.uptime_ratio), short_duration(row.figures.time[State::down]));
  }
  return out + html("</tbody></table></div>");
}

// Uptime over the usual windows, each a link.
Result<Html> spans_of(const Store& store, const Service& service, const Component& tree, const LiveQuestion& question,
                      const Frame& frame) {
  Html out = html("<div class=\"spans\">");
  for (const int days : {1, 7, 30, 90}) {
    Query query = question.query;
    query.window = {query.now - std::chrono::days{days}, query.now};
    const auto answer = composed_uptime(store, tree, query, {.objective = {}, .since = false});
    if (!answer) return tl::unexpected(answer.error());
    const std::string window = days == 1 ? "24h" : fmt::format("{}d", days);
    out += html("<a class=\"span\" href=\"{}\"{}><b>{}</b><span class=\"mute\">{}</span></a>",
                url_of(service, frame, "window=" + window + zone_parameter(question)),
                question.window == window ? html(" aria-current=\"true\"") : Html(),
                short_percent(answer->uptime_ratio), window);
  }
  return out + html("</div>");
}

Result<Html> page_of(const Store& store, const Service& service, const LiveQuestion& question, const Frame& frame) {
  const auto catalog = store.catalog();
  const auto tree = parse_component(service.of, *catalog);
  if (!tree) return tl::unexpected(tree.error());
  const auto answer = composed_uptime(store, *tree, question.query, {.objective = service.objective});
  if (!answer) return tl::unexpected(answer.error());
  const auto bars = bars_of(*answer, question);
  if (!bars) return tl::unexpected(bars.error());
  const auto spans = spans_of(store, service, *tree, question, frame);
  if (!spans) return tl::unexpected(spans.error());
  const auto parts = parts_of(store, *tree, *catalog, question, frame);
  if (!parts) return tl::unexpected(parts.error());
  const State state = state_of(*answer);
  const std::string name = service.name.empty() ? service.of : service.name;
  Html main = html("<h1>{}</h1><p><span class=\"pill {}\">{}{}</span>", name, word(state), icon(state), word(state));
  if (answer->current) {
    main += html(" <span class=\"mute\">for {}, since ",
                 short_duration((question.query.now - answer->current->since).count())) +
            moment(answer->current->since, question.zone, "seconds") + html("</span>");
  }
  main += html("</p>");
  if (!service.name.empty()) main += html("<p class=\"mute\">{}</p>", service.of);
  main += *spans + html("<div class=\"over\">") + strip(*bars, label_of(*answer)) + axis(question) +
          html("</div><p class=\"facts mute\"><span>{} up</span><span>{}</span>", short_percent(answer->uptime_ratio),
               counted(answer->incidents.size(), "outage"));
  if (answer->time[State::down] > 0)
    main += html("<span>down for {}</span>", short_duration(answer->time[State::down]));
  if (answer->mttr_ms) {
    main += html("<span>mean time to repair {}</span>", short_duration(std::llround(*answer->mttr_ms)));
  }
  main += html("</p>") + budget_of(*answer) + html("<h2>Made of</h2>") + *parts + html("<h2>Outages</h2>") +
          outages_of(*answer, *catalog, question);
  std::string json = fmt::format("of={}&{}", url_encode(service.of), question.parameters);
  if (service.objective) json += fmt::format("&objective={}", *service.objective);
  main += html("<footer>JSON: <a href=\"{}/api/v1/service?{}\">service</a></footer>", frame.base, json);
  Html attributes = edges_attribute(*bars);
  if (question.zone_asked) attributes += html(" data-tz=\"{}\"", std::string(question.zone.name()));
  const Html nav = html("<nav><a href=\"{}/?{}\">All servers</a></nav>", frame.base, question.parameters);
  return frame_page(fmt::format("{} is {} \u00b7 nines", name, word(state)), main, frame,
                    {.attributes = attributes, .nav = nav, .mood = state});
}

// What is asked for by the path: a service of the configuration, or one made up in the parameters.
Result<Service> asked_service(std::span<const Service> services, const WebRequest& request) {
  constexpr std::array<std::string_view, 6> kNames{"window", "from", "to", "tz", "of", "objective"};
  const bool named = request.path.size() > kPath.size();
  if (auto known = check_names(request, std::span(kNames).first(named ? 4 : 6)); !known)
    return tl::unexpected(known.error());
  if (named) {
    const std::string_view name = std::string_view(request.path).substr(kPath.size() + 1);
    const auto found =
        std::find_if(services.begin(), services.end(), [&](const Service& service) { return service.name == name; });
    if (found == services.end()) return fail(ErrorCode::not_found, "There is no such service.");
    return *found;
  }
  Service service;
  const Lookup lookup = given_parameters(request);
  const auto of = lookup("of");
  if (!of) return fail(ErrorCode::invalid_argument, "of: it is the service, like all(web, any(db1, db2))");
  service.of = *of;
  if (const auto text = lookup("objective")) {
    service.objective = parse_objective(*text);
    if (!service.objective) {
      return fail(ErrorCode::invalid_argument, "objective: it must lie between 0 and 1, like 99.9% or 0.999");
    }
  }
  return service;
}

}  // namespace

std::optional<WebResponse> service_answer(const Store& store, std::span<const Service> services,
                                          const WebRequest& request, const Frame& frame) {
  const bool below =
      request.path.starts_with(kPath) && request.path.size() > kPath.size() + 1 && request.path[kPath.size()] == '/';
  if (request.path != kPath && !below) return std::nullopt;
  const auto refused = [&](const Error& error) {
    const int status = http_status(error.code);
    const char* const title = status == 404   ? "Not found"
                              : status == 400 ? "This cannot be shown"
                                              : "This cannot be read";
    return html_response(message_page(title, error.message, frame).text(), status);
  };
  const auto service = asked_service(services, request);
  if (!service) return refused(service.error());
  const auto question = live_question(request, now());
  if (!question) return refused(question.error());
  const auto page = page_of(store, *service, *question, frame);
  if (!page) return refused(page.error());
  return html_response(page->text());
}

Html service_lines(const Store& store, std::span<const Service> services, const LiveQuestion& question,
                   const Frame& frame) {
  if (services.empty()) return {};
  const auto catalog = store.catalog();
  Html out = html("<h2>Services</h2><ul class=\"services\">");
  for (const Service& service : services) {
    const Html link = html("<a href=\"{}\">{}</a>", url_of(service, frame, question.parameters), service.name);
    const auto tree = parse_component(service.of, *catalog);
    auto answer =
        tree ? composed_uptime(store, *tree, question.query) : Result<ComposedAnswer>(tl::unexpected(tree.error()));
    if (!answer) {
      out += html("<li><div><b>{}</b><span class=\"mute\">{}</span></div></li>", link, answer.error().message);
      continue;
    }
    const State state = state_of(*answer);
    out += html("<li><div><b>{}{}</b><span>{}{}</span><span class=\"n\">{}</span></div></li>", icon(state), link,
                word(state),
                answer->current ? " for " + short_duration((question.query.now - answer->current->since).count())
                                : std::string(),
                short_percent(answer->uptime_ratio));
  }
  return out + html("</ul>");
}

}  // namespace nines::tools
