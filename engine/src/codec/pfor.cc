#include "codec/pfor.h"

#include <algorithm>
#include <array>

#include "codec/bitpack.h"

namespace nines::engine {
namespace {

constexpr std::uint8_t kWidthMask = 0x3f;
constexpr std::uint8_t kHasPatches = 0x40;
/// The base is stored without its last (width - 6) bits: it moves in steps of 1/64 of the frame, which costs next to
/// nothing in fit and saves one or two bytes a block.
constexpr unsigned kBaseBits = 6;

constexpr unsigned base_shift(unsigned width) noexcept {
  return width > kBaseBits ? width - kBaseBits : 0;
}

struct Frame {
  unsigned width = kMaxWidth;
  std::uint32_t base = 0;
  std::size_t cost = 0;  // bytes, about
};

/// The base that leaves the fewest of the ascending `sorted` outside of a frame of `width` (< 32) bits.
Frame best_base(std::span<const std::uint32_t> sorted, unsigned width) {
  const std::uint64_t length = std::uint64_t{1} << width;
  const unsigned shift = base_shift(width);
  Frame best{width, 0, 0};
  std::size_t most = 0;
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < sorted.size() && most < sorted.size() - begin; ++begin) {
    const std::uint32_t base = sorted[begin] >> shift << shift;
    while (end < sorted.size() && sorted[end] < base + length) ++end;
    if (end - begin <= most) continue;
    most = end - begin;
    best.base = base;
  }
  // A patch is its position and how many frames away it lies; the farthest stands for all.
  const std::uint32_t frames_away = (sorted.back() - sorted.front()) >> width;
  const std::size_t patch = 1 + varint_size(std::uint64_t{frames_away} << 1U);
  best.cost = 1 + varint_size(best.base >> shift) + packed_size(sorted.size(), width);
  if (most < sorted.size()) best.cost += 1 + (sorted.size() - most) * patch;
  return best;
}

/// The cheapest frame. Widths are tried from the whole range downwards until three in a row are worse than the best.
Frame choose_frame(std::span<const std::uint32_t> values) {
  std::array<std::uint32_t, kBlock> copy{};
  const std::span<std::uint32_t> sorted(copy.data(), values.size());
  std::copy(values.begin(), values.end(), sorted.begin());
  std::sort(sorted.begin(), sorted.end());

  const auto range_bits = static_cast<unsigned>(std::bit_width(sorted.back() - sorted.front()));
  Frame best{kMaxWidth, 0, 2 + packed_size(values.size(), kMaxWidth)};
  int worse = 0;
  for (unsigned width = std::min(range_bits + 2, kMaxWidth); width-- > 0 && worse < 3;) {
    const Frame frame = best_base(sorted, width);
    if (frame.cost < best.cost) {
      best = frame;
      worse = 0;
    } else {
      ++worse;
    }
  }
  return best;
}

void put_patches(std::string& out, std::span<const std::uint32_t> offsets, unsigned width, std::size_t count) {
  put_varint(out, count);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] >> width == 0) continue;
    const auto frames_away = static_cast<std::uint32_t>(static_cast<std::int32_t>(offsets[i]) >> width);
    put_u8(out, static_cast<std::uint8_t>(i));
    put_varint(out, zigzag32(frames_away));
  }
}

void put_block(std::string& out, std::span<const std::uint32_t> values) {
  const Frame frame = choose_frame(values);
  std::array<std::uint32_t, kBlock> offsets;
  std::size_t patches = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    offsets[i] = values[i] - frame.base;
    if (frame.width < kMaxWidth && offsets[i] >> frame.width != 0) ++patches;
  }
  put_u8(out, static_cast<std::uint8_t>(frame.width | (patches > 0 ? kHasPatches : 0U)));
  put_varint(out, frame.base >> base_shift(frame.width));
  pack(out, offsets.data(), values.size(), frame.width);
  if (patches > 0) put_patches(out, std::span(offsets.data(), values.size()), frame.width, patches);
}

struct BlockHead {
  unsigned width = 0;
  bool has_patches = false;
  std::uint32_t base = 0;
  std::string_view packed;
};

/// All of a block of `size` numbers but its patches.
BlockHead read_head(Reader& in, std::size_t size) noexcept {
  const std::uint8_t head = in.u8();
  BlockHead block;
  block.width = head & kWidthMask;
  block.has_patches = (head & kHasPatches) != 0;
  if (block.width > kMaxWidth || head > (kWidthMask | kHasPatches)) {
    in.fail();
    return block;
  }
  const unsigned shift = base_shift(block.width);
  block.base = static_cast<std::uint32_t>(in.varint_up_to(0xffff'ffffU >> shift)) << shift;
  block.packed = in.bytes(packed_size(size, block.width));
  return block;
}

/// Applies the patches behind a block's numbers.
void read_patches(Reader& in, unsigned width, std::uint32_t greatest, std::span<std::uint32_t> numbers) noexcept {
  if (width == kMaxWidth) in.fail();
  for (auto left = in.varint_up_to(numbers.size()); left > 0 && in.ok(); --left) {
    const std::size_t position = in.u8();
    const std::uint32_t frames_away = unzigzag32(in.varint32());
    if (position >= numbers.size()) return in.fail();
    numbers[position] += frames_away << width;
    if (numbers[position] > greatest) return in.fail();
  }
}

/// Passes over them.
void skip_patches(Reader& in, std::size_t size) noexcept {
  for (auto left = in.varint_up_to(size); left > 0 && in.ok(); --left) {
    static_cast<void>(in.u8());
    static_cast<void>(in.varint32());
  }
}

void unpack_block(Reader& in, const BlockHead& block, std::uint32_t greatest,
                  std::span<std::uint32_t> numbers) noexcept {
  unpack(block.packed.data(), numbers.size(), block.width, Ramp{block.base, 0}, numbers.data());
  // Most frames end far below the greatest number, so that none has to be looked at.
  const std::uint64_t frame_end = block.base + (std::uint64_t{1} << block.width);
  if (frame_end > greatest && std::ranges::any_of(numbers, [&](std::uint32_t number) { return number > greatest; })) {
    return in.fail();
  }
  if (block.has_patches) read_patches(in, block.width, greatest, numbers);
}

}  // namespace

void put_numbers(std::string& out, std::span<const std::uint32_t> values) {
  for (std::size_t at = 0; at < values.size(); at += kBlock) {
    put_block(out, values.subspan(at, std::min(kBlock, values.size() - at)));
  }
}

void read_numbers(Reader& in, std::size_t size, std::size_t begin, std::size_t end, std::uint32_t greatest,
                  std::uint32_t* out) noexcept {
  std::array<std::uint32_t, kBlock> buffer;
  for (std::size_t at = 0; at < size && at < end && in.ok(); at += kBlock) {
    const std::size_t block_size = std::min(kBlock, size - at);
    const BlockHead block = read_head(in, block_size);
    if (!in.ok()) return;
    if (at + block_size <= begin) {
      if (block.has_patches) skip_patches(in, block_size);
      continue;
    }
    if (at >= begin && at + block_size <= end) {
      unpack_block(in, block, greatest, {out + (at - begin), block_size});
      continue;
    }
    unpack_block(in, block, greatest, {buffer.data(), block_size});
    const std::size_t from = std::max(at, begin);
    const std::size_t to = std::min(at + block_size, end);
    std::copy(buffer.data() + (from - at), buffer.data() + (to - at), out + (from - begin));
  }
}

}  // namespace nines::engine
