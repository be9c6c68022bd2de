#include "store/catalog_table.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/key.h"
#include "vocabulary/validate_server.h"

namespace nines::engine {
namespace {

class Snapshot final : public Catalog {
 public:
  explicit Snapshot(const std::map<ServerId, Server>& servers) {
    servers_.reserve(servers.size());
    for (const auto& [id, server] : servers) servers_.push_back(server);
    for (std::size_t i = 0; i < servers_.size(); ++i) by_name_.emplace(servers_[i].name, i);
  }

  [[nodiscard]] std::span<const Server> servers() const noexcept override { return servers_; }
  [[nodiscard]] const Server* find(ServerId id) const noexcept override {
    const auto found = std::lower_bound(servers_.begin(), servers_.end(), id,
                                        [](const Server& server, ServerId wanted) { return server.id < wanted; });
    return found != servers_.end() && found->id == id ? &*found : nullptr;
  }
  [[nodiscard]] const Server* find(std::string_view name) const noexcept override {
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? &servers_[found->second] : nullptr;
  }

 private:
  std::vector<Server> servers_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // views into servers_
};

}  // namespace

Result<void> CatalogTable::load(const Kv& kv) {
  auto view = kv.view_all(Space::servers);
  if (!view) return tl::unexpected<Error>(view.error());
  Range& range = (*view)->range(Space::servers, {}, {});

  std::map<ServerId, Server> servers;
  std::unordered_map<std::string, ServerId> by_name;
  std::vector<ServerId> removed;
  std::unordered_map<ServerId, std::uint32_t> noted_interval_ms;
  std::uint32_t next_id = 1;
  for (; range.valid(); range.next()) {
    const auto id = parse_server_key(range.key());
    if (!id) return fail(ErrorCode::corruption, "the catalog has a malformed key " + printable_key(range.key()));
    if (*id == ServerId{}) {
      auto decoded = decode_next_server(range.value());
      if (!decoded) return tl::unexpected<Error>(decoded.error());
      next_id = std::max(next_id, static_cast<std::uint32_t>(*decoded));
      continue;
    }
    if (static_cast<std::uint32_t>(*id) > kMaxServerNumber) {
      return fail(ErrorCode::corruption, "the catalog has a server number beyond " + std::to_string(kMaxServerNumber) +
                                             ": " + printable_key(range.key()));
    }
    auto server = decode_server(*id, range.value());
    if (!server) return tl::unexpected<Error>(server.error());
    next_id = std::max(next_id, static_cast<std::uint32_t>(*id) + 1);
    const EntryNotes notes = notes_of(range.value());
    if (notes.removed) {
      removed.push_back(*id);
      continue;
    }
    if (notes.longest_interval_ms) noted_interval_ms.emplace(*id, *notes.longest_interval_ms);
    by_name.emplace(server->name, *id);
    servers.emplace(*id, std::move(*server));
  }
  if (auto status = range.status(); !status) return status;

  const MutexLock lock(mutex_);
  servers_ = std::move(servers);
  by_name_ = std::move(by_name);
  next_id_ = next_id;
  removed_ = std::move(removed);
  noted_interval_ms_ = std::move(noted_interval_ms);
  snapshot_.reset();
  return {};
}

std::shared_ptr<const Catalog> CatalogTable::snapshot() const {
  const MutexLock lock(mutex_);
  if (snapshot_ == nullptr) snapshot_ = std::make_shared<Snapshot>(servers_);
  return snapshot_;
}

std::vector<ServerId> CatalogTable::removed() const {
  const MutexLock lock(mutex_);
  return removed_;
}

std::optional<std::uint32_t> CatalogTable::noted_interval_ms(ServerId id) const {
  const MutexLock lock(mutex_);
  const auto found = noted_interval_ms_.find(id);
  return found == noted_interval_ms_.end() ? std::nullopt : std::optional(found->second);
}

Result<ServerId> CatalogTable::next_id() const {
  const MutexLock lock(mutex_);
  if (next_id_ > kMaxServerNumber) {
    return fail(ErrorCode::out_of_range, "all server numbers are used: " + std::to_string(kMaxServerNumber));
  }
  return ServerId{next_id_};
}

Result<void> CatalogTable::check(const Server& server) const {
  if (auto valid = validate_server(server); !valid) return valid;
  const MutexLock lock(mutex_);
  const auto same = by_name_.find(server.name);
  if (same != by_name_.end() && same->second != server.id) {
    return fail(ErrorCode::already_exists, "there is a server named \"" + server.name + "\" already");
  }
  return {};
}

Batch CatalogTable::reserve(ServerId id) {
  Batch batch{ServerId{}};
  const ServerId next{static_cast<std::uint32_t>(id) + 1};
  batch.put(Space::servers, server_key({}).view(), encode_next_server(next));
  return batch;
}

void CatalogTable::write_put(const Server& server, const EntryNotes& notes, Batch& batch) {
  batch.put(Space::servers, server_key(server.id).view(), encode_server(server, notes));
}

void CatalogTable::write_mark(ServerId id, Batch& batch) const {
  const MutexLock lock(mutex_);
  batch.put(Space::servers, server_key(id).view(),
            encode_server(servers_.at(id), {.removed = true, .longest_interval_ms = {}}));
}

void CatalogTable::write_remove(ServerId id, Batch& batch) {
  batch.erase(Space::servers, server_key(id).view());
}

void CatalogTable::put(const Server& server) {
  const MutexLock lock(mutex_);
  const auto old = servers_.find(server.id);
  if (old != servers_.end()) by_name_.erase(old->second.name);
  by_name_[server.name] = server.id;
  next_id_ = std::max(next_id_, static_cast<std::uint32_t>(server.id) + 1);
  servers_[server.id] = server;
  snapshot_.reset();
}

void CatalogTable::remove(ServerId id) {
  const MutexLock lock(mutex_);
  const auto old = servers_.find(id);
  if (old == servers_.end()) return;
  by_name_.erase(old->second.name);
  servers_.erase(old);
  snapshot_.reset();
}

}  // namespace nines::engine
