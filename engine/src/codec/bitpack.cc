#include "codec/bitpack.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace nines::engine {
namespace {

constexpr std::size_t kLanes = 4;
constexpr std::size_t kPerLane = kBlock / kLanes;

/// One number of each lane. The vector extension of GCC and clang: SSE2 on x86-64, NEON on AArch64, plain code
/// elsewhere. Left to the auto-vectoriser, the loop over the lanes stays scalar in some of the 33 widths.
using Lanes = std::uint32_t __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));
using WideLanes = std::int64_t __attribute__((vector_size(kLanes * sizeof(std::int64_t))));

Lanes load_lanes(const char* from) noexcept {
  return load<Lanes>(from);
}

constexpr std::uint32_t mask_of(unsigned width) noexcept {
  return width == kMaxWidth ? 0xffff'ffffU : (1U << width) - 1U;
}

/// The K-th number of every lane; `word` is the group of four words that holds its first bits, and becomes the one
/// that holds the next number's.
template <unsigned Width, std::size_t K>
Lanes take(const char* in, Lanes& word) noexcept {
  constexpr unsigned kShift = K * Width % 32;
  constexpr std::size_t kNext = (K * Width / 32 + 1) * sizeof(Lanes);
  Lanes value = word >> kShift;
  if constexpr (kShift + Width >= 32 && K + 1 < kPerLane) word = load_lanes(in + kNext);
  if constexpr (kShift + Width > 32) value |= word << (32 - kShift);
  if constexpr (kShift + Width != 32) value &= mask_of(Width);
  return value;
}

/// Calls `put(k, lanes)` with every group of four numbers of a full block, on their line.
template <unsigned Width, class Put>
void for_each_group(const char* in, Ramp ramp, Put&& put) noexcept {
  Lanes line = {ramp.base, ramp.base + ramp.step, ramp.base + 2 * ramp.step, ramp.base + 3 * ramp.step};
  const std::uint32_t stride = kLanes * ramp.step;
  Lanes word = {};
  if constexpr (Width > 0) word = load_lanes(in);
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    const auto next = [&](std::size_t k, Lanes value) {
      put(k, value + line);
      line += stride;
    };
    if constexpr (Width == 0) {
      (next(K, Lanes{}), ...);
    } else {
      (next(K, take<Width, K>(in, word)), ...);
    }
  }
  (std::make_index_sequence<kPerLane>{});
}

template <unsigned Width>
void unpack_full(const char* in, Ramp ramp, std::uint32_t* out) noexcept {
  for_each_group<Width>(in, ramp,
                        [&](std::size_t k, Lanes value) { std::memcpy(out + k * kLanes, &value, sizeof value); });
}

template <unsigned Width>
void unpack_full_wide(const char* in, Ramp ramp, std::int64_t origin, std::int64_t* out) noexcept {
  for_each_group<Width>(in, ramp, [&](std::size_t k, Lanes value) {
    const WideLanes wide = __builtin_convertvector(value, WideLanes) + origin;
    std::memcpy(out + k * kLanes, &wide, sizeof wide);
  });
}

/// Unpacks `groups` times eight numbers that are a string of bits, each by one 64-bit load, which may reach 7 bytes
/// beyond them. Eight numbers take whole bytes, so that where each begins is known here.
template <unsigned Width>
void unpack_eights(const char* in, std::size_t groups, Ramp ramp, std::uint32_t* out) noexcept {
  for (std::size_t group = 0; group < groups; ++group, in += Width, out += 8) {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      ((out[K] = ramp.base + (static_cast<std::uint32_t>(load<std::uint64_t>(in + K * Width / 8) >> (K * Width % 8)) &
                              mask_of(Width)),
        ramp.base += ramp.step),
       ...);
    }
    (std::make_index_sequence<8>{});
  }
}

/// What is made for each width.
struct Unpackers {
  void (*full)(const char*, Ramp, std::uint32_t*) noexcept;
  void (*full_wide)(const char*, Ramp, std::int64_t, std::int64_t*) noexcept;
  void (*eights)(const char*, std::size_t, Ramp, std::uint32_t*) noexcept;
};

template <std::size_t... Width>
constexpr std::array<Unpackers, sizeof...(Width)> unpackers(std::index_sequence<Width...>) {
  return {Unpackers{unpack_full<Width>, unpack_full_wide<Width>, unpack_eights<Width>}...};
}
constexpr auto kUnpackers = unpackers(std::make_index_sequence<kMaxWidth + 1>{});

void unpack_partial(const char* in, std::size_t n, unsigned width, Ramp ramp, std::uint32_t* out) noexcept {
  // A copy with room behind: whole eights, and what the last load reaches beyond them.
  std::array<char, packed_size(kBlock, kMaxWidth) + sizeof(std::uint64_t)> bits;
  std::memcpy(bits.data(), in, packed_size(n, width));
  std::array<std::uint32_t, kBlock> numbers;
  kUnpackers[width].eights(bits.data(), (n + 7) / 8, ramp, numbers.data());
  std::memcpy(out, numbers.data(), n * sizeof(std::uint32_t));
}

void pack_full(char* out, const std::uint32_t* values, unsigned width) {
  const std::uint32_t mask = mask_of(width);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::uint64_t pending = 0;
    unsigned bits = 0;
    char* to = out + lane * sizeof(std::uint32_t);
    for (std::size_t k = 0; k < kPerLane; ++k) {
      pending |= static_cast<std::uint64_t>(values[k * kLanes + lane] & mask) << bits;
      bits += width;
      if (bits < 32) continue;
      store(to, static_cast<std::uint32_t>(pending));
      to += sizeof(Lanes);
      pending >>= 32U;
      bits -= 32;
    }
  }
}

void pack_partial(char* out, const std::uint32_t* values, std::size_t n, unsigned width) {
  const std::uint32_t mask = mask_of(width);
  std::uint64_t pending = 0;
  unsigned bits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    pending |= static_cast<std::uint64_t>(values[i] & mask) << bits;
    for (bits += width; bits >= 8; bits -= 8, pending >>= 8U) *out++ = static_cast<char>(pending);
  }
  if (bits > 0) *out = static_cast<char>(pending);
}

}  // namespace

void pack(std::string& out, const std::uint32_t* values, std::size_t n, unsigned width) {
  const std::size_t at = out.size();
  out.resize(at + packed_size(n, width));
  if (n == kBlock) {
    pack_full(out.data() + at, values, width);
  } else {
    pack_partial(out.data() + at, values, n, width);
  }
}

void unpack(const char* in, std::size_t n, unsigned width, Ramp ramp, std::uint32_t* out) noexcept {
  if (n == kBlock) {
    kUnpackers[width].full(in, ramp, out);
  } else {
    unpack_partial(in, n, width, ramp, out);
  }
}

void unpack_wide(const char* in, std::size_t n, unsigned width, Ramp ramp, std::int64_t origin,
                 std::int64_t* out) noexcept {
  if (n == kBlock) return kUnpackers[width].full_wide(in, ramp, origin, out);
  std::array<std::uint32_t, kBlock> numbers;
  unpack_partial(in, n, width, ramp, numbers.data());
  for (std::size_t i = 0; i < n; ++i) out[i] = origin + numbers[i];
}

}  // namespace nines::engine
