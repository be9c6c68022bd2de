#include "store/catalog_table.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/huge_pages.h"
#include "codec/key.h"
#include "vocabulary/validate_server.h"

namespace nines::engine {

class CatalogTable::Entries final : public Catalog {
 public:
  [[nodiscard]] std::span<const Server> servers() const noexcept override { return servers_; }
  [[nodiscard]] const Server* find(ServerId id) const noexcept override {
    const std::size_t place = place_of(id);
    return place < servers_.size() && servers_[place].id == id ? &servers_[place] : nullptr;
  }
  [[nodiscard]] const Server* find(std::string_view name) const noexcept override {
    const auto found = place_of(name);
    return found != by_name_.end() && servers_[*found].name == name ? &servers_[*found] : nullptr;
  }

  /// Requires: their ids ascend.
  void assign(std::vector<Server> servers) {
    servers_ = std::move(servers);
    if (servers_.capacity() > servers_.size() + servers_.size() / 8) servers_.shrink_to_fit();
    by_name_.resize(servers_.size());
    std::iota(by_name_.begin(), by_name_.end(), 0);
    std::stable_sort(by_name_.begin(), by_name_.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return servers_[a].name < servers_[b].name; });
  }
  void put(const Server& server) {
    const std::size_t place = place_of(server.id);
    if (place < servers_.size() && servers_[place].id == server.id) {
      std::erase(by_name_, place);
      servers_[place] = server;
    } else {
      move_places(place, 1);
      servers_.insert(servers_.begin() + static_cast<std::ptrdiff_t>(place), server);
    }
    by_name_.insert(place_of(server.name), static_cast<std::uint32_t>(place));
  }
  void remove(ServerId id) {
    const std::size_t place = place_of(id);
    if (place == servers_.size() || servers_[place].id != id) return;
    std::erase(by_name_, place);
    servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(place));
    move_places(place, static_cast<std::uint32_t>(-1));
  }

 private:
  [[nodiscard]] std::size_t place_of(ServerId id) const noexcept {
    const auto found = std::lower_bound(servers_.begin(), servers_.end(), id,
                                        [](const Server& server, ServerId wanted) { return server.id < wanted; });
    return static_cast<std::size_t>(found - servers_.begin());
  }
  [[nodiscard]] std::vector<std::uint32_t>::const_iterator place_of(std::string_view name) const noexcept {
    return std::lower_bound(
        by_name_.begin(), by_name_.end(), name,
        [this](std::uint32_t place, std::string_view wanted) { return servers_[place].name < wanted; });
  }
  void move_places(std::size_t from, std::uint32_t by) noexcept {
    if (from == servers_.size()) return;
    for (std::uint32_t& place : by_name_) {
      if (place >= from) place += by;
    }
  }

  std::vector<Server> servers_;         // ascending by id
  std::vector<std::uint32_t> by_name_;  // the places of all of them, ascending by name
};

CatalogTable::CatalogTable() : entries_(std::make_shared<Entries>()) {}
CatalogTable::~CatalogTable() = default;

CatalogTable::Entries& CatalogTable::own_entries() {
  if (std::exchange(handed_out_, false)) entries_ = std::make_shared<Entries>(*entries_);
  return *entries_;
}

Result<void> CatalogTable::load(const Kv& kv) {
  auto view = kv.view_all(Space::servers);
  if (!view) return tl::unexpected<Error>(view.error());
  std::vector<Server> servers;
  {
    // A vector that grows touches three times the memory, which took longer than going through the keys does.
    std::size_t count = 0;
    for (Range& keys = (*view)->range(Space::servers, {}, {}, {.values = false}); keys.valid(); keys.next()) ++count;
    servers.reserve(count);
    prefer_huge_pages(servers.data(), count * sizeof(Server));
  }
  Range& range = (*view)->range(Space::servers, {}, {});
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
    servers.push_back(std::move(*server));
  }
  if (auto status = range.status(); !status) return status;

  auto entries = std::make_shared<Entries>();
  entries->assign(std::move(servers));
  const MutexLock lock(mutex_);
  entries_ = std::move(entries);
  handed_out_ = false;
  next_id_ = next_id;
  removed_ = std::move(removed);
  noted_interval_ms_ = std::move(noted_interval_ms);
  return {};
}

std::shared_ptr<const Catalog> CatalogTable::snapshot() const {
  const MutexLock lock(mutex_);
  handed_out_ = true;
  return entries_;
}

std::optional<Server> CatalogTable::find(ServerId id) const {
  const MutexLock lock(mutex_);
  const Server* const found = entries_->find(id);
  return found == nullptr ? std::nullopt : std::optional(*found);
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
  const Server* const same = entries_->find(std::string_view(server.name));
  if (same != nullptr && same->id != server.id) {
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
  const Server* const server = entries_->find(id);
  assert(server != nullptr);
  batch.put(Space::servers, server_key(id).view(),
            encode_server(*server, {.removed = true, .longest_interval_ms = {}}));
}

void CatalogTable::write_remove(ServerId id, Batch& batch) {
  batch.erase(Space::servers, server_key(id).view());
}

void CatalogTable::put(const Server& server) {
  const MutexLock lock(mutex_);
  own_entries().put(server);
  next_id_ = std::max(next_id_, static_cast<std::uint32_t>(server.id) + 1);
}

void CatalogTable::remove(ServerId id) {
  const MutexLock lock(mutex_);
  own_entries().remove(id);
}

}  // namespace nines::engine
