#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace nines::engine {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = value;
  }
  return table;
}

std::uint32_t by_table(std::string_view bytes, std::uint32_t value) noexcept {
  static constexpr auto kTable = make_table();
  for (const char byte : bytes) value = kTable[(value ^ static_cast<unsigned char>(byte)) & 0xffU] ^ (value >> 8U);
  return value;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes, std::uint32_t value) noexcept {
  const char* next = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = value;
  for (; left >= sizeof wide; left -= sizeof wide, next += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, next, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  value = static_cast<std::uint32_t>(wide);
  for (; left > 0; --left, ++next) value = _mm_crc32_u8(value, static_cast<unsigned char>(*next));
  return value;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~by_instruction(bytes, ~crc);
#endif
  return ~by_table(bytes, ~crc);
}

}  // namespace nines::engine
