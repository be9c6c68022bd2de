// Bit packing: up to 128 numbers of one width, 0 to 32 bits each. FORMAT.md, "Packed block", is the specification.
//
// A full block of 128 is laid out in four interleaved lanes (D. Lemire and L. Boytsov, "Decoding billions of integers
// per second through vectorization", Software: Practice and Experience, 2015), so that one 128-bit register unpacks
// four numbers at a time with no shuffle. A shorter block is a plain string of bits. Both take ceil(n x width / 8)
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace nines::engine {

inline constexpr std::size_t kBlock = 128;
inline constexpr unsigned kMaxWidth = 32;

/// Bytes of `n` packed numbers.
[[nodiscard]] constexpr std::size_t packed_size(std::size_t n, unsigned width) noexcept {
  return (n * width + 7) / 8;
}

/// Appends the low `width` bits of each of `values[0, n)`; n <= kBlock.
void pack(std::string& out, const std::uint32_t* values, std::size_t n, unsigned width);

/// The line that unpacked numbers are added to: value i becomes base + i x step + bits, modulo 2^32.
struct Ramp {
  std::uint32_t base = 0;
  std::uint32_t step = 0;
};
/// Reads packed_size(n, width) bytes at `in` into `out[0, n)`; n <= kBlock, width <= kMaxWidth.
void unpack(const char* in, std::size_t n, unsigned width, Ramp ramp, std::uint32_t* out) noexcept;
/// The same, with each number made wider and added to `origin`.
void unpack_wide(const char* in, std::size_t n, unsigned width, Ramp ramp, std::int64_t origin,
                 std::int64_t* out) noexcept;

}  // namespace nines::engine
