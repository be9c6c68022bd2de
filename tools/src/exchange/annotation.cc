#include "exchange/annotation.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <span>

#include "show/output.h"
#include "show/text.h"

namespace nines::tools {

Result<Remark> read_remark(std::string_view json, TimeMs now) {
  const auto bad = [](std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); };
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return bad("the body is not a JSON object");
  Remark remark;
  std::string kind;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) continue;
    if (!value.is_string()) return bad(fmt::format("`{}` is not a text", printable(fit(key, 40))));
    const auto& text = value.get_ref<const std::string&>();
    if (key == "kind") {
      kind = text;
    } else if (key == "author") {
      remark.annotation.author = text;
    } else if (key == "text") {
      remark.annotation.text = text;
    } else if (key == "at") {
      const auto at = parse_time(text, {now, {}});
      if (!at) return tl::unexpected(at.error());
      remark.at = *at;
    } else {
      return bad(fmt::format("there is no `{}`; there are kind, at, author and text", printable(fit(key, 40))));
    }
  }
  if (kind != "note" && kind != "acknowledged") return bad("`kind` is note or acknowledged");
  if (kind == "acknowledged") remark.annotation.kind = Annotation::Kind::acknowledged;
  if (kind == "note" && remark.annotation.text.empty()) return bad("a note needs a `text`");
  return remark;
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
  // A clock that was set back must not keep anybody from speaking.
  annotation.made_at = edited.annotations.empty() ? now : std::max(now, edited.annotations.back().made_at);
  edited.annotations.push_back(std::move(annotation));
  if (auto saved = store.update_server(edited); !saved) return tl::unexpected(saved.error());
  return incident;
}

}  // namespace nines::tools
