#include "config/catalog_sync.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "exchange/by_hand.h"

namespace nines::tools {
namespace {

bool is_open(const Window& pause) {
  return pause.to >= kTimeLimit;
}

// Equal but for the time from which they hold.
bool same_rules(Rules a, const Rules& b) {
  a.effective_from = b.effective_from;
  return a == b;
}
bool same_maintenance(Maintenance a, const Maintenance& b) {
  a.effective = b.effective;
  return a == b;
}

void update_rules(Server& server, Rules wanted, TimeMs now) {
  if (same_rules(wanted, server.current_rules())) return;
  wanted.effective_from = now;
  if (server.rules.size() > 1 && server.rules.back().effective_from >= now) server.rules.pop_back();
  server.rules.push_back(wanted);
}

// Entries that are gone end now; new ones begin now.
void update_maintenance(Server& server, const std::vector<Maintenance>& wanted, TimeMs now) {
  std::vector<Maintenance> missing = wanted;
  std::vector<Maintenance> kept;
  for (Maintenance entry : server.maintenance) {
    const bool recurring = entry.repeat != Maintenance::Repeat::once;
    const bool over = recurring ? entry.effective.to <= now : entry.once.to <= now;
    const auto match = std::find_if(missing.begin(), missing.end(),
                                    [&](const Maintenance& each) { return same_maintenance(each, entry); });
    if (match != missing.end() && !(recurring && over)) {
      missing.erase(match);
    } else if (!over && !entry.note.starts_with(kByHand)) {
      Window& window = recurring ? entry.effective : entry.once;
      window.to = now;
      if (window.empty()) continue;
    }
    kept.push_back(std::move(entry));
  }
  for (Maintenance& entry : missing) {
    if (entry.repeat != Maintenance::Repeat::once) entry.effective.from = now;
    kept.push_back(std::move(entry));
  }
  server.maintenance = std::move(kept);
}

ProbedServer probed(const Server& server, const ServerConfig& wanted, TimeMs now) {
  ProbedServer out;
  out.id = server.id;
  out.name = server.name;
  out.group = server.group;
  out.check = wanted.check;
  out.rules = server.current_rules();
  out.push = wanted.push;
  out.alerts = wanted.alerts;
  out.paused = is_paused(server, now);
  return out;
}

}  // namespace

Server updated_server(const Server& existing, const ServerConfig& wanted, TimeMs now) {
  Server server = existing;
  server.url = wanted.server.url;
  server.group = wanted.server.group;
  server.tags = wanted.server.tags;
  server.retention = wanted.server.retention;
  server.objective = wanted.server.objective;
  server.level = wanted.server.level;
  update_rules(server, wanted.server.current_rules(), now);
  update_maintenance(server, wanted.server.maintenance, now);
  // An entry without a check was not in the file: its pause, if any, is because of that and ends. A pause of a server
  // that was in the file is somebody's decision and stays.
  if (existing.check.empty() && !server.paused.empty() && is_open(server.paused.back())) {
    server.paused.back().to = now;
    if (server.paused.back().empty()) server.paused.pop_back();
  }
  server.check = to_json(without_secrets(wanted.check));
  return server;
}

Result<CatalogSync> sync_catalog(Store& store, const Config& config, TimeMs now) {
  CatalogSync sync;
  const auto catalog = store.catalog();
  std::set<std::string_view> names;
  for (const ServerConfig& wanted : config.servers) {
    names.insert(wanted.server.name);
    Server server;
    if (const Server* existing = catalog->find(std::string_view(wanted.server.name)); existing != nullptr) {
      server = updated_server(*existing, wanted, now);
      if (!(server == *existing)) {
        if (auto saved = store.update_server(server); !saved) return tl::unexpected(saved.error());
        ++sync.changed;
      }
    } else {
      server = wanted.server;
      server.created_at = now;
      server.check = to_json(without_secrets(wanted.check));
      const auto id = store.add_server(server);
      if (!id) return tl::unexpected(id.error());
      server.id = *id;
      ++sync.added;
    }
    sync.probed.push_back(probed(server, wanted, now));
  }
  for (const Server& server : catalog->servers()) {
    if (server.check.empty() || names.contains(server.name)) continue;
    Server gone = server;
    gone.check.clear();
    if (gone.paused.empty() || !is_open(gone.paused.back())) gone.paused.push_back({now, kTimeLimit});
    if (auto saved = store.update_server(gone); !saved) return tl::unexpected(saved.error());
    sync.removed.push_back(server.id);
  }
  return sync;
}

}  // namespace nines::tools
