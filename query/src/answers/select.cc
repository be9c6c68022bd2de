#include "answers/select.h"

#include <algorithm>

#include "base/ascii_case.h"

namespace nines {
namespace {

bool contains_text(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return engine::to_lower(a) == engine::to_lower(b); }) != text.end();
}

/// Whatever names it asks for.
bool matches(const Server& server, const ServerFilter& filter) {
  if (filter.group && server.group != *filter.group) return false;
  const bool tagged = std::all_of(filter.tags.begin(), filter.tags.end(), [&](const auto& wanted) {
    const auto tag = server.tags.find(wanted.first);
    return tag != server.tags.end() && (wanted.second.empty() || tag->second == wanted.second);
  });
  if (!tagged) return false;
  return contains_text(server.name, filter.search) || contains_text(server.url, filter.search);
}

Result<std::vector<const Server*>> select(const Catalog& catalog, const ServerFilter& filter) {
  std::vector<const Server*> servers;
  for (const std::string& name : filter.names) {
    const Server* const server = catalog.find(name);
    if (server == nullptr) return fail(ErrorCode::not_found, "there is no server \"" + name + "\"");
    if (matches(*server, filter)) servers.push_back(server);
  }
  if (!filter.names.empty()) return servers;
  for (const Server& server : catalog.servers()) {
    if (matches(server, filter)) servers.push_back(&server);
  }
  return servers;
}

}  // namespace

Result<std::vector<const Server*>> query::servers_by_name(const Catalog& catalog, const ServerFilter& filter) {
  auto servers = select(catalog, filter);
  if (!servers) return servers;
  std::sort(servers->begin(), servers->end(), [](const Server* a, const Server* b) { return a->name < b->name; });
  servers->erase(std::unique(servers->begin(), servers->end()), servers->end());  // named twice
  return servers;
}

}  // namespace nines
