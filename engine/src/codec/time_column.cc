#include "codec/time_column.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "codec/bitpack.h"

namespace nines::engine {
namespace {

constexpr std::uint8_t kWidthMask = 0x3f;
constexpr std::uint8_t kNewStep = 0x40;
constexpr std::uint8_t kHasJumps = 0x80;
/// A neighbour that is off the usual distance by more than an eighth of it is no jitter.
constexpr std::int64_t kJumpFraction = 8;
/// Intervals are set in whole seconds, so a step is tried that is.
constexpr std::int64_t kSecondMs = 1000;
constexpr std::size_t kMaxBlocks = 4096 / kBlock;

/// Where the line stands between two blocks; all sums are modulo 2^32.
struct Line {
  std::uint32_t next = 0;  // what the next block's base is expected to be
  std::uint32_t step = 0;
};

struct Jump {
  std::uint8_t position = 0;  // first value behind it, >= 1
  std::uint32_t amount = 0;   // modulo 2^32
};

/// One way to write a block.
struct Plan {
  std::int64_t step = 0;
  bool jumps = false;
  std::int64_t base = 0;  // least residual: the line's value at the block's first time
  unsigned width = 0;
  std::size_t cost = 0;  // bytes
};

/// What the steps between a block's times look like.
struct Pace {
  std::int64_t usual_ms = 0;              // median distance of neighbours
  std::int64_t mean_ms = 0;               // mean of the distances that are no jumps, rounded
  std::array<bool, kBlock> is_jump = {};  // [i]: the distance from i-1 to i is one
  bool any_jump = false;
};

Pace measure(std::span<const std::uint32_t> times) {
  Pace pace;
  const std::size_t count = times.size() - 1;
  if (count == 0) return pace;
  std::array<std::uint32_t, kBlock> distances;
  for (std::size_t i = 0; i < count; ++i) distances[i] = times[i + 1] - times[i];
  const auto begin = distances.begin();
  const auto middle = begin + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(begin, middle, begin + static_cast<std::ptrdiff_t>(count));
  pace.usual_ms = *middle;
  std::int64_t sum = 0;
  std::int64_t regular = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const std::int64_t distance = times[i] - times[i - 1];
    if (std::abs(distance - pace.usual_ms) * kJumpFraction > pace.usual_ms) {
      pace.is_jump[i] = true;
      pace.any_jump = true;
    } else {
      sum += distance;
      ++regular;
    }
  }
  pace.mean_ms = (sum + regular / 2) / std::max<std::int64_t>(regular, 1);
  return pace;
}

std::size_t signed_size(std::int64_t value) {
  return varint_size(zigzag32(static_cast<std::uint32_t>(value)));
}

Plan plan_block(std::span<const std::uint32_t> times, const Pace& pace, std::int64_t step, bool jumps, Line line) {
  Plan plan{step, jumps, 0, 0, 1};
  std::int64_t least = times[0];
  std::int64_t greatest = times[0];
  std::int64_t on_line = 0;
  std::size_t jump_count = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    on_line += step;
    if (jumps && pace.is_jump[i]) {
      const std::int64_t amount = static_cast<std::int64_t>(times[i]) - times[i - 1] - step;
      on_line += amount;
      plan.cost += 1 + signed_size(amount);
      ++jump_count;
    }
    const std::int64_t residual = times[i] - on_line;
    least = std::min(least, residual);
    greatest = std::max(greatest, residual);
  }
  plan.base = least;
  plan.width = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(greatest - least)));
  plan.cost += packed_size(times.size(), plan.width) + signed_size(least - line.next);
  if (jumps) plan.cost += varint_size(jump_count);
  if (step != line.step) plan.cost += varint_size(static_cast<std::uint64_t>(step));
  return plan;
}

Plan choose_plan(std::span<const std::uint32_t> times, const Pace& pace, Line line) {
  const std::int64_t whole_seconds = (pace.usual_ms + kSecondMs / 2) / kSecondMs * kSecondMs;
  Plan best = plan_block(times, pace, line.step, false, line);
  const auto consider = [&](std::int64_t step, bool jumps) {
    const Plan plan = plan_block(times, pace, step, jumps, line);
    if (plan.cost < best.cost) best = plan;
  };
  if (pace.any_jump) consider(line.step, true);
  for (const std::int64_t step : {whole_seconds, pace.mean_ms}) {
    consider(step, false);
    if (pace.any_jump) consider(step, true);
  }
  return best;
}

void put_block(std::string& out, std::span<const std::uint32_t> times, Line& line) {
  const Pace pace = measure(times);
  const Plan plan = choose_plan(times, pace, line);
  const auto step = static_cast<std::uint32_t>(plan.step);
  const auto base = static_cast<std::uint32_t>(plan.base);

  std::array<std::uint32_t, kBlock> residuals;
  std::array<Jump, kBlock> jumps;
  std::size_t jump_count = 0;
  std::uint32_t on_line = base;
  residuals[0] = times[0] - on_line;
  for (std::size_t i = 1; i < times.size(); ++i) {
    on_line += step;
    if (plan.jumps && pace.is_jump[i]) {
      const std::uint32_t amount = times[i] - times[i - 1] - step;
      on_line += amount;
      jumps[jump_count++] = {static_cast<std::uint8_t>(i), amount};
    }
    residuals[i] = times[i] - on_line;
  }

  auto head = static_cast<unsigned>(plan.width);
  if (step != line.step) head |= kNewStep;
  if (plan.jumps) head |= kHasJumps;
  put_u8(out, static_cast<std::uint8_t>(head));
  if (step != line.step) put_varint(out, step);
  put_varint(out, zigzag32(base - line.next));
  pack(out, residuals.data(), times.size(), plan.width);
  if (plan.jumps) {
    put_varint(out, jump_count);
    for (std::size_t i = 0; i < jump_count; ++i) {
      put_u8(out, jumps[i].position);
      put_varint(out, zigzag32(jumps[i].amount));
    }
  }
  line = {on_line + step, step};
}

/// A stored block, its numbers still packed. Trivial, so that an array of them costs nothing to make.
struct Block {
  std::uint32_t base;
  std::uint32_t step;
  std::uint32_t size;
  std::uint32_t width;
  const char* packed;
  const char* jumps;  // as they are stored
  std::size_t jump_bytes;
  std::int64_t high;  // no offset is greater
};
static_assert(std::is_trivially_default_constructible_v<Block>);

std::int64_t mask_of(std::uint32_t width) noexcept {
  return (std::int64_t{1} << width) - 1;
}

/// Calls `visit(position, amount)` for each jump; returns their sum.
template <class Visit>
std::uint32_t read_jumps(Reader& in, std::size_t size, Visit&& visit) noexcept {
  std::uint32_t sum = 0;
  for (auto count = in.varint_up_to(size); count > 0 && in.ok(); --count) {
    const std::size_t position = in.u8();
    const std::uint32_t amount = unzigzag32(in.varint32());
    visit(position, amount);
    sum += amount;
  }
  return sum;
}

Block read_block(Reader& in, Line& line, std::size_t size) noexcept {
  const std::uint8_t head = in.u8();
  Block block;
  block.size = static_cast<std::uint32_t>(size);
  block.width = head & kWidthMask;
  if (block.width > kMaxWidth) {
    in.fail();
    block.width = 0;
  }
  if ((head & kNewStep) != 0) line.step = in.varint32();
  block.base = line.next + unzigzag32(in.varint32());
  block.step = line.step;
  block.packed = in.bytes(packed_size(size, block.width)).data();
  line.next = block.base + block.size * line.step;
  Reader jumps = in;
  if ((head & kHasJumps) != 0) line.next += read_jumps(in, size, [](std::size_t, std::uint32_t) {});
  block.jump_bytes = jumps.left() - in.left();
  block.jumps = jumps.bytes(block.jump_bytes).data();
  block.high = static_cast<std::int32_t>(line.next - line.step) + mask_of(block.width);
  return block;
}

/// Whether the offsets of a block without jumps can only ascend: its line rises by more than they lie above it, and
/// does not wrap around.
bool is_steep(const Block& block) noexcept {
  const std::int64_t line_end = static_cast<std::int32_t>(block.base) + std::int64_t{block.size - 1} * block.step;
  return block.step > mask_of(block.width) && line_end + mask_of(block.width) == block.high &&
         block.high <= std::numeric_limits<std::int32_t>::max();
}

/// Unpacks the block to `out`, `first_ms` added; false when its times do not ascend strictly from above `before_ms`.
bool unpack_block(const Block& block, std::int64_t first_ms, std::int64_t before_ms, std::int64_t* out) noexcept {
  if (block.jump_bytes == 0 && is_steep(block)) {
    unpack_wide(block.packed, block.size, block.width, {block.base, block.step}, first_ms, out);
    return out[0] > before_ms && out[0] <= out[block.size - 1];  // the latter unless the first wrapped around below 0
  }
  std::array<std::uint32_t, kBlock> offsets;
  unpack(block.packed, block.size, block.width, {block.base, block.step}, offsets.data());
  if (block.jump_bytes > 0) {
    Reader jumps({block.jumps, block.jump_bytes});
    read_jumps(jumps, block.size, [&](std::size_t position, std::uint32_t amount) {
      for (std::size_t i = position; i < block.size; ++i) offsets[i] += amount;
    });
  }
  bool ascends = true;
  for (std::size_t i = 0; i < block.size; ++i) {
    out[i] = first_ms + offsets[i];
    ascends &= out[i] > before_ms;
    before_ms = out[i];
  }
  return ascends;
}

}  // namespace

void put_times(std::string& out, std::span<const std::uint32_t> offsets_ms) {
  Line line;
  for (std::size_t at = 0; at < offsets_ms.size(); at += kBlock) {
    put_block(out, offsets_ms.subspan(at, std::min(kBlock, offsets_ms.size() - at)), line);
  }
}

IndexRange read_times(Reader& in, const TimeColumn& column, Window window, NumberColumn<std::int64_t>& out) {
  assert(kAllTimes.from <= window.from && window.to <= kAllTimes.to);
  if (column.size > kBlock * kMaxBlocks) in.fail();
  const std::int64_t from = to_ms(window.from) - column.first_ms;
  const std::int64_t to = to_ms(window.to) - column.first_ms;
  // First the heads alone: they say which blocks to unpack, and how many times there will be.
  std::array<Block, kMaxBlocks> wanted;
  std::size_t blocks = 0;
  IndexRange range;
  Line line;
  for (std::size_t at = 0; at < column.size && in.ok(); at += kBlock) {
    const Block block = read_block(in, line, std::min(kBlock, column.size - at));
    // The first offset of a block is its least, and does not lie below the line.
    if (static_cast<std::int32_t>(block.base) >= to) break;
    if (blocks == 0 && block.high < from) continue;
    if (blocks == 0) range.begin = at;
    wanted[blocks++] = block;
    range.end = at + block.size;
  }
  if (!in.ok()) return {};

  out.clear();  // nothing of it has to move when it becomes longer
  out.resize(range.end - range.begin);
  std::int64_t last_ms = column.first_ms - 1;
  std::int64_t* next = out.data();
  for (std::size_t i = 0; i < blocks; ++i) {
    if (!unpack_block(wanted[i], column.first_ms, last_ms, next)) {
      in.fail();
      return {};
    }
    next += wanted[i].size;
    last_ms = next[-1];
  }
  if (last_ms > column.first_ms + column.span_ms) in.fail();
  return range;
}

}  // namespace nines::engine
