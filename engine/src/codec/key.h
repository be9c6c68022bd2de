// Keys: big-endian numbers side by side, so that the order of the bytes is the order of (server, time, location).
//
//   servers   server 4                            server_key
//   recent    server 4 | time 8 | location 2      recent_key
//   checks    server 4 | time 8                   chunk_key: time of the chunk's first result
//   days      server 4 | day 4                    day_key
//
// FORMAT.md, "Keys", is the specification. Values without ownership; safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nines/types.h>

#include "base/utc_day.h"

namespace nines::engine {

/// The greatest server number: a server added each second for six months. What is known of all servers is kept in a
/// table by number, whose size a damaged catalog must not choose.
inline constexpr std::uint32_t kMaxServerNumber = (1U << 24U) - 1;

/// The bytes of one key, held by value.
struct Key {
  static constexpr std::size_t kMaxSize = 14;
  std::array<char, kMaxSize> bytes{};
  std::uint8_t size = 0;

  /// Valid while this Key lives.
  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// Also the first key of the server in every column family.
[[nodiscard]] Key server_key(ServerId server) noexcept;
/// `time` must not lie before 1970: the order of the bytes is that of unsigned numbers.
[[nodiscard]] Key recent_key(ServerId server, TimeMs time, LocationId location) noexcept;
[[nodiscard]] Key chunk_key(ServerId server, TimeMs first) noexcept;
/// `day` lies in 1970 or later, its number below 2^32.
[[nodiscard]] Key day_key(ServerId server, UtcDay day) noexcept;
/// The first key after all of the server's, in every column family: the exclusive end of its range.
[[nodiscard]] Key prefix_end(ServerId server) noexcept;

struct RecentKey {
  ServerId server{};
  TimeMs time{};
  LocationId location{};
};
struct ChunkKey {
  ServerId server{};
  TimeMs first{};
};
struct DayKey {
  ServerId server{};
  UtcDay day{};
};

// Nothing when the key has another length, or a time outside of [1970, kTimeLimit).
[[nodiscard]] std::optional<ServerId> parse_server_key(std::string_view key) noexcept;
[[nodiscard]] std::optional<RecentKey> parse_recent_key(std::string_view key) noexcept;
[[nodiscard]] std::optional<ChunkKey> parse_chunk_key(std::string_view key) noexcept;
[[nodiscard]] std::optional<DayKey> parse_day_key(std::string_view key) noexcept;

/// The key in hexadecimal, for messages.
[[nodiscard]] std::string printable_key(std::string_view key);

}  // namespace nines::engine
