#include "page/badge_answer.h"

#include <nines/latency.h>
#include <nines/uptime.h>

#include <array>
#include <utility>

#include "page/live_question.h"
#include "show/badge.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

using Figure = BadgeKind::Figure;
constexpr std::array kFigures{std::pair{"uptime", Figure::uptime}, std::pair{"state", Figure::state},
                              std::pair{"latency", Figure::latency}};
constexpr std::array<std::string_view, 5> kNames{"window", "from", "to", "tz", "label"};

}  // namespace

std::optional<std::pair<std::string_view, BadgeKind>> split_badge(std::string_view rest) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string_view file = rest.substr(slash + 1);
  for (const auto& [name, figure] : kFigures) {
    if (!file.starts_with(name)) continue;
    const std::string_view ending = file.substr(std::string_view(name).size());
    if (ending == ".svg" || ending == ".json")
      return std::pair{rest.substr(0, slash), BadgeKind{.figure = figure, .svg = ending == ".svg"}};
  }
  return std::nullopt;
}

WebResponse badge_answer(const Store& store, const WebRequest& request, const Server* server, BadgeKind kind) {
  if (server == nullptr) return error_response(404, "not_found", "there is no such server");
  if (auto known = check_names(request, kNames); !known) return error_response(known.error());
  const Lookup lookup = given_parameters(request);
  const auto question = read_question(lookup, "", kind.figure == Figure::uptime ? "30d" : "24h");
  if (!question) return error_response(question.error());
  const auto answer = uptime(store, server->id, question->query,
                             {.latency = kind.figure == Figure::latency, .details = false, .since = false});
  if (!answer) return error_response(answer.error());
  const Figures& figures = answer->figures;
  Badge badge;
  std::string label;
  switch (kind.figure) {
    case Figure::uptime:
      badge = uptime_badge(figures.uptime_ratio);
      label = "uptime";
      break;
    case Figure::state:
      badge = state_badge(state_now(figures));
      label = server->name;
      break;
    case Figure::latency:
      badge = latency_badge(figures.latency ? std::optional<double>(figures.latency->p95_us) : std::nullopt);
      label = "p95";
      break;
  }
  label = lookup("label").value_or(label);
  WebResponse response;
  if (kind.svg) {
    response.type = "image/svg+xml";
    response.body = badge_svg(label, badge);
  } else {
    // https://shields.io/badges/endpoint-badge
    response =
        json_response({{"schemaVersion", 1}, {"label", label}, {"message", badge.value}, {"color", badge.colour}});
  }
  response.cache = "max-age=60";
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
  return response;
}

}  // namespace nines::tools
