#include "codec/key.h"

namespace nines::engine {
namespace {

constexpr std::size_t kServerSize = 4;
constexpr std::size_t kTimeSize = 8;
constexpr std::size_t kLocationSize = 2;
constexpr std::size_t kDaySize = 4;

/// Appends the low `size` bytes of `value`, most significant first.
void put_big_endian(Key& key, std::uint64_t value, std::size_t size) noexcept {
  for (std::size_t i = size; i-- > 0;) key.bytes[key.size++] = static_cast<char>(value >> (8 * i));
}

std::uint64_t read_big_endian(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + size; ++i) value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

ServerId read_server(std::string_view key) noexcept {
  return ServerId{static_cast<std::uint32_t>(read_big_endian(key, 0, kServerSize))};
}

std::optional<TimeMs> read_time(std::string_view key) noexcept {
  const std::uint64_t ms = read_big_endian(key, kServerSize, kTimeSize);
  if (ms >= static_cast<std::uint64_t>(to_ms(kTimeLimit))) return std::nullopt;
  return from_ms(static_cast<std::int64_t>(ms));
}

}  // namespace

Key server_key(ServerId server) noexcept {
  Key key;
  put_big_endian(key, static_cast<std::uint32_t>(server), kServerSize);
  return key;
}

Key recent_key(ServerId server, TimeMs time, LocationId location) noexcept {
  Key key = chunk_key(server, time);
  put_big_endian(key, static_cast<std::uint16_t>(location), kLocationSize);
  return key;
}

Key chunk_key(ServerId server, TimeMs first) noexcept {
  Key key = server_key(server);
  put_big_endian(key, static_cast<std::uint64_t>(to_ms(first)), kTimeSize);
  return key;
}

Key day_key(ServerId server, std::int64_t day) noexcept {
  Key key = server_key(server);
  put_big_endian(key, static_cast<std::uint64_t>(day), kDaySize);
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
  const auto location = static_cast<std::uint16_t>(read_big_endian(key, kServerSize + kTimeSize, kLocationSize));
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
  return DayKey{read_server(key), static_cast<std::int64_t>(read_big_endian(key, kServerSize, kDaySize))};
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
