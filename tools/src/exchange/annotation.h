// What people say about incidents, on its way into the store: from the command line, and by POST.
#pragma once

#include <nines/incident.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>
#include <nines/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

/// An annotation, and the moment that it is about where one was named.
struct Remark {
  Annotation annotation;  ///< without its times
  std::optional<TimeMs> at;
};

/// Puts what was said or done just now behind what was said before. Of a full list the oldest change goes.
void annotate(Server& server, Annotation annotation);

/// Keeps the remark with the server, about its incident that holds the named moment, else about its newest; returns
/// that one. The entry is read, changed and written: the caller keeps others from changing it meanwhile. Errors:
/// not_found (the server, or such an incident), and those of incidents() and Store::update_server.
[[nodiscard]] Result<Incident> keep_remark(Store& store, const std::string& server, const Remark& remark, TimeMs now);

}  // namespace nines::tools
