// Bytes in and out: little-endian integers and variable-length integers, the bricks of every stored value.
//
// A varint is LEB128: seven bits a byte, least significant first, the top bit set on all bytes but the last; at most 5
// bytes for 32 bits and 10 for 64. Signed numbers are zigzagged first. FORMAT.md, "Numbers", is the specification.
//
// Plain values without ownership: a Reader points into the caller's bytes. Not for sharing between threads.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace nines::engine {

// Values are little-endian on disk and are read with memcpy. A big-endian host would need byte swaps in load() and
// store() and in the packed blocks; none has been tested, so none is accepted.
static_assert(std::endian::native == std::endian::little, "nines is built for little-endian machines");

/// An unsigned integer from sizeof(T) bytes at any alignment.
template <class T>
[[nodiscard]] inline T load(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
inline void store(char* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

/// 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1U) ^ (0U - (value & 1U)));
}
/// The same for numbers that wrap at 32 bits.
[[nodiscard]] constexpr std::uint32_t zigzag32(std::uint32_t value) noexcept {
  return (value << 1U) ^ (0U - (value >> 31U));
}
[[nodiscard]] constexpr std::uint32_t unzigzag32(std::uint32_t value) noexcept {
  return (value >> 1U) ^ (0U - (value & 1U));
}

/// Bytes that put_varint() appends for `value`: 1 to 10.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) + 6) / 7;
}

inline constexpr std::size_t kMaxVarintBytes = 10;

/// Writes `value` to `to`, where there is room for kMaxVarintBytes, and gives the end of what was written.
inline char* write_varint(char* to, std::uint64_t value) noexcept {
  while (value >= 0x80U) {
    *to++ = static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  *to++ = static_cast<char>(value);
  return to;
}

inline void put_u8(std::string& out, std::uint8_t value) {
  out.push_back(static_cast<char>(value));
}
inline void put_varint(std::string& out, std::uint64_t value) {
  if (value < 0x80U) return out.push_back(static_cast<char>(value));
  std::array<char, kMaxVarintBytes> bytes;
  out.append(bytes.data(), static_cast<std::size_t>(write_varint(bytes.data(), value) - bytes.data()));
}
inline void put_signed(std::string& out, std::int64_t value) {
  put_varint(out, zigzag(value));
}
/// Length as a varint, then the bytes.
inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

/// Reads from the front of a range of bytes and never past its end. The first read that does not fit, or that is
/// malformed, latches an error: from then on every read gives 0 or nothing and ok() is false. So a decoder may read a
/// group of fields and ask once.
class Reader {
 public:
  Reader() = default;
  explicit Reader(std::string_view bytes) noexcept : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// Everything was read, and well.
  [[nodiscard]] bool finished() const noexcept { return ok_ && next_ == end_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - next_); }

  std::uint8_t u8() noexcept {
    if (next_ == end_) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(*next_++);
  }

  /// A varint of at most 64 bits; bits beyond them are an error.
  std::uint64_t varint() noexcept {
    if (next_ != end_ && static_cast<std::uint8_t>(*next_) < 0x80U) return static_cast<std::uint8_t>(*next_++);
    return long_varint();
  }
  /// A varint that must not exceed `limit`.
  std::uint64_t varint_up_to(std::uint64_t limit) noexcept {
    const std::uint64_t value = varint();
    if (value <= limit) return value;
    fail();
    return 0;
  }
  std::uint32_t varint32() noexcept { return static_cast<std::uint32_t>(varint_up_to(0xffff'ffffU)); }
  std::uint16_t varint16() noexcept { return static_cast<std::uint16_t>(varint_up_to(0xffffU)); }
  std::int64_t signed_varint() noexcept { return unzigzag(varint()); }

  /// The next `size` bytes; they live as long as the range that is read.
  std::string_view bytes(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view taken(next_, static_cast<std::size_t>(size));
    next_ += size;
    return taken;
  }
  /// A length and that many bytes.
  std::string_view text() noexcept { return bytes(varint()); }

  /// Latches the error, for a caller that finds a value it cannot accept.
  void fail() noexcept {
    ok_ = false;
    next_ = end_;
  }

 private:
  std::uint64_t long_varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && next_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*next_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80U) return value;
    }
    fail();
    return 0;
  }

  const char* next_ = nullptr;
  const char* end_ = nullptr;
  bool ok_ = true;
};

}  // namespace nines::engine
