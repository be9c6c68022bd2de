#include "exchange/annotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "show/text.h"

namespace nines::tools {

void annotate(Server& server, Annotation annotation) {
  // A clock that was set back must not keep anybody from speaking.
  if (!server.annotations.empty()) {
    annotation.made_at = std::max(annotation.made_at, server.annotations.back().made_at);
  }
  // What was done longest ago makes room, what was said does not: nobody is kept from changing what has to be changed.
  if (server.annotations.size() >= ServerLimits::kMaxRules) {
    const auto oldest = std::find_if(server.annotations.begin(), server.annotations.end(),
                                     [](const Annotation& each) { return each.kind == Annotation::Kind::change; });
    if (oldest != server.annotations.end()) server.annotations.erase(oldest);
  }
  server.annotations.push_back(std::move(annotation));
}

Result<Incident> keep_remark(Store& store, const std::string& server, const Remark& remark, TimeMs now) {
  const auto catalog = store.catalog();
  const Server* const entry = catalog->find(std::string_view(server));
  if (entry == nullptr) return fail(ErrorCode::not_found, fmt::format("there is no server `{}`", printable(server)));
  Query query;
  query.now = now;
  query.window = remark.at ? Window{*remark.at, *remark.at + std::chrono::milliseconds{1}} : Window{from_ms(0), now};
  const auto list = incidents(store, std::span(&entry->id, 1), query);
  if (!list) return tl::unexpected(list.error());
  if (list->incidents.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("`{}` has no confirmed outage{}", printable(server), remark.at ? " then" : ""));
  }
  const Incident& incident = list->incidents.back();
  Server edited = *entry;
  Annotation annotation = remark.annotation;
  annotation.at = incident.from;
  annotation.made_at = now;
  annotate(edited, std::move(annotation));
  if (auto saved = store.update_server(edited); !saved) return tl::unexpected(saved.error());
  return incident;
}

}  // namespace nines::tools
