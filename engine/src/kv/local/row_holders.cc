#include "kv/local/row_holders.h"

#include <algorithm>

#include <nines/check_result.h>

#include "codec/key.h"

namespace nines::engine {

void RowHolders::put(ServerId server, std::uint64_t segment, std::int64_t time_ms) {
  const std::size_t number = static_cast<std::uint32_t>(server);
  const std::size_t page = number / kPageServers;
  if (page >= pages_.size()) pages_.resize(page + 1);
  if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
  auto& holds = (*pages_[page])[number % kPageServers];
  if (!holds.empty() && holds.back().segment == segment) {
    holds.back().newest_ms = std::max(holds.back().newest_ms, time_ms);
    return;
  }
  if (holds.empty()) ++servers_;
  holds.push_back({segment, time_ms});
  ++live_[segment];
}

std::vector<RowHolders::Hold>* RowHolders::find(ServerId server) {
  const std::size_t number = static_cast<std::uint32_t>(server);
  const std::size_t page = number / kPageServers;
  return page >= pages_.size() || pages_[page] == nullptr ? nullptr : &(*pages_[page])[number % kPageServers];
}

template <class IsDead>
void RowHolders::erase_if(std::vector<Hold>& holds, IsDead&& is_dead) {
  if (holds.empty()) return;
  std::erase_if(holds, [&](const Hold& hold) {
    if (!is_dead(hold)) return false;
    const auto live = live_.find(hold.segment);
    if (--live->second == 0) live_.erase(live);
    return true;
  });
  if (holds.empty()) --servers_;
}

void RowHolders::erase_range(ServerId server, std::string_view from, std::string_view to) {
  if (server_key(server).view() < from) return;
  if (auto* const holds = find(server)) {
    erase_if(*holds,
             [&](const Hold& hold) { return recent_key(server, from_ms(hold.newest_ms), kMaxLocation).view() < to; });
  }
}

void RowHolders::erase_before(ServerId server, std::int64_t end_ms) {
  if (auto* const holds = find(server)) {
    erase_if(*holds, [&](const Hold& hold) { return hold.newest_ms < end_ms; });
  }
}

std::vector<ServerId> RowHolders::servers_in(std::uint64_t segment) const {
  std::vector<ServerId> servers;
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    if (pages_[page] == nullptr) continue;
    for (std::size_t i = 0; i < kPageServers; ++i) {
      const auto& holds = (*pages_[page])[i];
      if (std::any_of(holds.begin(), holds.end(), [&](const Hold& hold) { return hold.segment == segment; })) {
        servers.push_back(ServerId{static_cast<std::uint32_t>(page * kPageServers + i)});
      }
    }
  }
  return servers;
}

}  // namespace nines::engine
