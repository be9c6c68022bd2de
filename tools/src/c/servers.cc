#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nines/c/store.h>

#include "c/call.h"
#include "c/handles.h"

/// The catalog's own texts; only the lists of tags' texts are made.
struct nines_servers {
  std::shared_ptr<const nines::Catalog> catalog;
  std::vector<const char*> tag_keys;    ///< of all servers, one after the other
  std::vector<const char*> tag_values;  ///< likewise
  std::vector<std::size_t> first_tag;   ///< of each server
};

namespace nines::c {
namespace {

using std::chrono::milliseconds;

Result<void> set_tags(const nines_server& in, Server& out) {
  out.tags.clear();
  if (in.tag_count == 0) return {};
  if (in.tag_count > ServerLimits::kMaxTags) return fail(ErrorCode::invalid_argument, "server.tag_count is too large");
  if (in.tag_keys == nullptr) return null_argument("server.tag_keys");
  if (in.tag_values == nullptr) return null_argument("server.tag_values");
  for (std::size_t i = 0; i < in.tag_count; ++i) {
    if (in.tag_keys[i] == nullptr) return null_argument("a key of server.tag_keys");
    out.tags[in.tag_keys[i]] = text_or_empty(in.tag_values[i]);
  }
  return {};
}

Rules rules_of(const nines_server& in, Rules rules) {
  const Rules usual;
  rules.interval = in.interval_ms == 0 ? usual.interval : milliseconds{in.interval_ms};
  rules.timeout = in.timeout_ms == 0 ? usual.timeout : milliseconds{in.timeout_ms};
  rules.confirm_failures = in.confirm_failures == 0 ? usual.confirm_failures : in.confirm_failures;
  rules.confirm_successes = in.confirm_successes == 0 ? usual.confirm_successes : in.confirm_successes;
  rules.quorum = in.quorum;
  return rules;
}

// Everything but the number, the creation and the rules.
Result<void> describe(const nines_server& in, Server& out) {
  if (in.name == nullptr) return null_argument("server.name");
  out.name = in.name;
  out.url = text_or_empty(in.url);
  out.group = text_or_empty(in.group);
  out.objective.reset();
  if (in.objective != 0) out.objective = in.objective;
  out.retention.checks = std::chrono::days{in.keep_checks_days};
  out.retention.summaries = std::chrono::days{in.keep_summaries_days};
  return set_tags(in, out);
}

nines_server shown(const nines_servers& servers, std::size_t index) {
  const Server& in = servers.catalog->servers()[index];
  const Rules& rules = in.current_rules();
  nines_server out{};
  out.id = static_cast<std::uint32_t>(in.id);
  out.name = in.name.c_str();
  out.url = in.url.c_str();
  out.group = in.group.c_str();
  out.created_at_ms = to_ms(in.created_at);
  out.interval_ms = rules.interval.count();
  out.timeout_ms = rules.timeout.count();
  out.confirm_failures = rules.confirm_failures;
  out.confirm_successes = rules.confirm_successes;
  out.quorum = rules.quorum;
  out.objective = in.objective.value_or(0);
  out.keep_checks_days = static_cast<std::int32_t>(in.retention.checks.count());
  out.keep_summaries_days = static_cast<std::int32_t>(in.retention.summaries.count());
  out.tag_count = in.tags.size();
  out.tag_keys = servers.tag_keys.data() + servers.first_tag[index];
  out.tag_values = servers.tag_values.data() + servers.first_tag[index];
  return out;
}

Result<Server> find(const Store& store, ServerId id) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(id);
  if (server == nullptr) {
    return fail(ErrorCode::not_found, "no server has the number " + std::to_string(static_cast<std::uint32_t>(id)));
  }
  return *server;
}

}  // namespace
}  // namespace nines::c

using nines::Result;
using nines::Server;
using nines::ServerId;
using nines::c::call;
using nines::c::null_argument;

nines_code nines_add_server(nines_store* store, const nines_server* server, uint32_t* id, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(server, "server");
    if (!in) return tl::unexpected(in.error());
    Server wanted;
    if (auto described = nines::c::describe(*in, wanted); !described) return described;
    wanted.created_at = nines::from_ms(in->created_at_ms);
    wanted.rules = {nines::c::rules_of(*in, {})};
    const auto added = store->store->add_server(std::move(wanted));
    if (!added) return tl::unexpected(added.error());
    if (id != nullptr) *id = static_cast<std::uint32_t>(*added);
    return {};
  });
}

nines_code nines_update_server(nines_store* store, const nines_server* server, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    const auto in = nines::c::read_struct(server, "server");
    if (!in) return tl::unexpected(in.error());
    auto wanted = nines::c::find(*store->store, ServerId{in->id});
    if (!wanted) return tl::unexpected(wanted.error());
    if (auto described = nines::c::describe(*in, *wanted); !described) return described;
    nines::Rules rules = nines::c::rules_of(*in, wanted->current_rules());
    if (!(rules == wanted->current_rules())) {
      rules.effective_from = store->clock();
      // Rules of a moment that is past stay; those that would hold from later on are replaced.
      while (wanted->rules.size() > 1 && wanted->rules.back().effective_from >= rules.effective_from) {
        wanted->rules.pop_back();
      }
      wanted->rules.push_back(rules);
    }
    return store->store->update_server(*wanted);
  });
}

nines_code nines_remove_server(nines_store* store, uint32_t id, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    return store->store->remove_server(ServerId{id});
  });
}

nines_code nines_find_server(nines_store* store, const char* name, uint32_t* id, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    if (name == nullptr) return null_argument("name");
    if (id == nullptr) return null_argument("id");
    if (auto ours = nines::c::check_owner(store->owner); !ours) return ours;
    const auto catalog = store->store->catalog();
    const Server* const server = catalog->find(std::string_view(name));
    if (server == nullptr) {
      return nines::fail(nines::ErrorCode::not_found, "no server is named '" + std::string(name) + "'");
    }
    *id = static_cast<std::uint32_t>(server->id);
    return {};
  });
}

nines_code nines_add_maintenance(nines_store* store, uint32_t id, int64_t from_ms, int64_t to_ms, const char* note,
                                 nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    auto server = nines::c::find(*store->store, ServerId{id});
    if (!server) return tl::unexpected(server.error());
    nines::Maintenance planned;
    planned.once = {nines::from_ms(from_ms), nines::from_ms(to_ms)};
    planned.note = nines::c::text_or_empty(note);
    server->maintenance.push_back(std::move(planned));
    return store->store->update_server(*server);
  });
}

nines_code nines_list_servers(nines_store* store, nines_servers** servers, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (servers == nullptr) return null_argument("servers");
    *servers = nullptr;
    if (store == nullptr) return null_argument("store");
    if (auto ours = nines::c::check_owner(store->owner); !ours) return ours;
    auto list = std::make_unique<nines_servers>();
    list->catalog = store->store->catalog();
    for (const Server& server : list->catalog->servers()) {
      list->first_tag.push_back(list->tag_keys.size());
      for (const auto& [key, value] : server.tags) {
        list->tag_keys.push_back(key.c_str());
        list->tag_values.push_back(value.c_str());
      }
    }
    *servers = list.release();
    return {};
  });
}

size_t nines_servers_count(const nines_servers* servers) {
  return servers == nullptr ? 0 : servers->first_tag.size();
}

nines_code nines_servers_get(const nines_servers* servers, size_t index, nines_server* server, nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (servers == nullptr) return null_argument("servers");
    if (auto fits = nines::c::check_struct(server, "server"); !fits) return fits;
    if (index >= servers->first_tag.size()) return nines::fail(nines::ErrorCode::out_of_range, "no such index");
    nines::c::write_struct(server, nines::c::shown(*servers, index));
    return {};
  });
}

void nines_servers_free(nines_servers* servers) {
  delete servers;
}
