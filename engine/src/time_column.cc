#include "time_column.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "bitpack.h"

namespace nines::engine {
namespace {

constexpr std::uint8_t kWidthMask = 0x3f;
constexpr std::uint8_t kNewStep = 0x40;
constexpr std::uint8_t kHasJumps = 0x80;
/// A neighbour that is off the usual distance by more than an eighth of it is no jitter.
constexpr std::int64_t kJumpFraction = 8;
/// Intervals are set in whole seconds, so a step is tried that is.
constexpr std::int64_t kSecondMs = 1000;

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

/// Shifts what lies behind each jump; returns the sum of the jumps.
std::uint32_t read_jumps(Reader& in, std::span<std::uint32_t> offsets) noexcept {
  const auto count = static_cast<std::size_t>(in.varint_up_to(offsets.size()));
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t position = in.u8();
    const std::uint32_t amount = unzigzag32(in.varint32());
    if (!in.ok()) return 0;
    for (std::size_t k = position; k < offsets.size(); ++k) offsets[k] += amount;
    sum += amount;
  }
  return sum;
}

void read_block(Reader& in, Line& line, std::span<std::uint32_t> offsets) noexcept {
  const std::uint8_t head = in.u8();
  const unsigned width = head & kWidthMask;
  if (width > kMaxWidth) return in.fail();
  if ((head & kNewStep) != 0) line.step = in.varint32();
  const std::uint32_t base = line.next + unzigzag32(in.varint32());
  const std::string_view packed = in.bytes(packed_size(offsets.size(), width));
  if (!in.ok()) return;
  unpack(packed.data(), offsets.size(), width, Ramp{base, line.step}, offsets.data());
  line.next = base + static_cast<std::uint32_t>(offsets.size()) * line.step;
  if ((head & kHasJumps) != 0) line.next += read_jumps(in, offsets);
}

/// Whether the offsets ascend strictly from above `before`. As signed numbers, since a register compares those: what
/// wrapped around counts as negative and breaks the order.
bool ascend(std::int32_t before, std::span<const std::uint32_t> offsets) noexcept {
  auto broken = static_cast<std::uint32_t>(static_cast<std::int32_t>(offsets[0]) <= before);
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    broken |=
        static_cast<std::uint32_t>(static_cast<std::int32_t>(offsets[i]) <= static_cast<std::int32_t>(offsets[i - 1]));
  }
  return broken == 0;
}

}  // namespace

void put_times(std::string& out, std::span<const std::uint32_t> offsets_ms) {
  Line line;
  for (std::size_t at = 0; at < offsets_ms.size(); at += kBlock) {
    put_block(out, offsets_ms.subspan(at, std::min(kBlock, offsets_ms.size() - at)), line);
  }
}

void read_times(Reader& in, std::int64_t first_ms, std::uint32_t span_ms, std::span<std::int64_t> out) noexcept {
  Line line;
  std::int32_t last = -1;
  std::array<std::uint32_t, kBlock> block;
  for (std::size_t at = 0; at < out.size(); at += kBlock) {
    const std::span<std::uint32_t> offsets(block.data(), std::min(kBlock, out.size() - at));
    read_block(in, line, offsets);
    if (!in.ok()) return;
    if (!ascend(last, offsets)) return in.fail();
    for (std::size_t i = 0; i < offsets.size(); ++i) out[at + i] = first_ms + offsets[i];
    last = static_cast<std::int32_t>(offsets.back());
  }
  if (last > static_cast<std::int32_t>(span_ms)) in.fail();
}

}  // namespace nines::engine
