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

void RowHolders::release(std::uint64_t segment) {
  const auto live = live_.find(segment);
  if (--live->second == 0) live_.erase(live);
}

void RowHolders::erase_range(ServerId server, std::string_view from, std::string_view to) {
  const std::size_t number = static_cast<std::uint32_t>(server);
  const std::size_t page = number / kPageServers;
  if (page >= pages_.size() || pages_[page] == nullptr || server_key(server).view() < from) return;
  auto& holds = (*pages_[page])[number % kPageServers];
  if (holds.empty()) return;
  std::erase_if(holds, [&](const Hold& hold) {
    const bool dead = recent_key(server, from_ms(hold.newest_ms), kMaxLocation).view() < to;
    if (dead) release(hold.segment);
    return dead;
  });
  if (holds.empty()) --servers_;
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
