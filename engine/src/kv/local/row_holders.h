// Which segments of the log each server has rows in that are not sealed yet: those keep a segment from being removed.
//
// Threads: none of its own.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <nines/types.h>

namespace nines::engine {

class RowHolders {
 public:
  /// A row of `server` at `time_ms` is in `segment`, the newest so far.
  void put(ServerId server, std::uint64_t segment, std::int64_t time_ms);
  /// The rows with keys in [from, to) are dead. Only what begins with the server's first key counts.
  void erase_range(ServerId server, std::string_view from, std::string_view to);
  /// The same of the rows before `end_ms`.
  void erase_before(ServerId server, std::int64_t end_ms);

  /// Whether any row in `segment` may live.
  [[nodiscard]] bool any(std::uint64_t segment) const { return live_.contains(segment); }
  /// Servers with rows.
  [[nodiscard]] std::uint64_t servers() const noexcept { return servers_; }
  /// Those with rows in `segment`.
  [[nodiscard]] std::vector<ServerId> servers_in(std::uint64_t segment) const;

 private:
  struct Hold {
    std::uint64_t segment = 0;
    std::int64_t newest_ms = 0;  // of the server's rows in it
  };
  static constexpr std::size_t kPageServers = 256;
  using Page = std::array<std::vector<Hold>, kPageServers>;

  /// Null for a server that never had rows.
  [[nodiscard]] std::vector<Hold>* find(ServerId server);
  template <class IsDead>
  void erase_if(std::vector<Hold>& holds, IsDead&& is_dead);

  std::vector<std::unique_ptr<Page>> pages_;   // by the server's number
  std::map<std::uint64_t, std::size_t> live_;  // servers in each segment
  std::uint64_t servers_ = 0;
};

}  // namespace nines::engine
