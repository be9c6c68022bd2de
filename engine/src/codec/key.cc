#include "codec/key.h"

#include <cassert>

#include "base/bytes.h"

namespace nines::engine {
namespace {

constexpr std::size_t kServerSize = 4;
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kLocationSize = 2;
constexpr std::size_t kDaySize = 4;

std::uint64_t swapped(std::uint64_t value) noexcept {
  return __builtin_bswap64(value);
}
std::uint32_t swapped(std::uint32_t value) noexcept {
  return __builtin_bswap32(value);
}
std::uint16_t swapped(std::uint16_t value) noexcept {
  return __builtin_bswap16(value);
}

/// Appends the bytes of `value`, most significant first.
template <class T>
void put_big_endian(Key& key, T value) noexcept {
  assert(key.size + sizeof value <= Key::kMaxSize);
  store(key.bytes.data() + key.size, swapped(value));
  key.size = static_cast<std::uint8_t>(key.size + sizeof value);
}

/// Requires: `bytes` reaches as far.
template <class T>
T read_big_endian(std::string_view bytes, std::size_t at) noexcept {
  assert(at + sizeof(T) <= bytes.size());
  return swapped(load<T>(bytes.data() + at));
}

ServerId read_server(std::string_view key) noexcept {
  return ServerId{read_big_endian<std::uint32_t>(key, 0)};
}

std::optional<TimeMs> read_time(std::string_view key) noexcept {
  const auto ms = read_big_endian<std::uint64_t>(key, kServerSize);
  if (ms >= static_cast<std::uint64_t>(to_ms(kTimeLimit))) return std::nullopt;
  return from_ms(static_cast<std::int64_t>(ms));
}

}  // namespace

Key server_key(ServerId server) noexcept {
  Key key;
  put_big_endian(key, static_cast<std::uint32_t>(server));
  return key;
}

Key recent_key(ServerId server, TimeMs time, LocationId location) noexcept {
  Key key = chunk_key(server, time);
  put_big_endian(key, static_cast<std::uint16_t>(location));
  return key;
}

Key chunk_key(ServerId server, TimeMs first) noexcept {
  Key key = server_key(server);
  put_big_endian(key, static_cast<std::uint64_t>(to_ms(first)));
  return key;
}

Key day_key(ServerId server, UtcDay day) noexcept {
  Key key = server_key(server);
  put_big_endian(key, static_cast<std::uint32_t>(day_number(day)));
  return key;
}

Key prefix_end(ServerId server) noexcept {
  const auto number = static_cast<std::uint32_t>(server);
  if (number != 0xffff'ffffU) return server_key(ServerId{number + 1});
  // No server follows. The byte after the server's number begins a time or a day and is never 0xff.
  Key key;
  key.bytes.fill('\xff');
  key.size = Key::kMaxSize;
  return key;
}

std::optional<ServerId> parse_server_key(std::string_view key) noexcept {
  if (key.size() != kServerSize) return std::nullopt;
  return read_server(key);
}

std::optional<RecentKey> parse_recent_key(std::string_view key) noexcept {
  if (key.size() != kServerSize + kTimeSize + kLocationSize) return std::nullopt;
  const auto time = read_time(key);
  if (!time) return std::nullopt;
  const auto location = read_big_endian<std::uint16_t>(key, kServerSize + kTimeSize);
  return RecentKey{read_server(key), *time, LocationId{location}};
}

std::optional<ChunkKey> parse_chunk_key(std::string_view key) noexcept {
  if (key.size() != kServerSize + kTimeSize) return std::nullopt;
  const auto time = read_time(key);
  if (!time) return std::nullopt;
  return ChunkKey{read_server(key), *time};
}

std::optional<DayKey> parse_day_key(std::string_view key) noexcept {
  if (key.size() != kServerSize + kDaySize) return std::nullopt;
  return DayKey{read_server(key), day_at(std::int64_t{read_big_endian<std::uint32_t>(key, kServerSize)})};
}

std::string printable_key(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * key.size());
  for (const char c : key) {
    const auto byte = static_cast<std::uint8_t>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

}  // namespace nines::engine
