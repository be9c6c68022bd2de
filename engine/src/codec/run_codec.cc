#include "codec/run_codec.h"

#include <algorithm>

namespace nines::engine {
namespace {

constexpr std::uint8_t kStateMask = 0x03;
constexpr std::uint8_t kRetry = 0x04;
constexpr std::uint8_t kLatency = 0x08;
constexpr std::uint8_t kKnownFlags = kStateMask | kRetry | kLatency;
/// How far back an equal judgement is looked for, so that encoding stays linear. Readers accept any distance.
constexpr std::size_t kLookBack = 16;

bool same_judgement(const Run& a, const Run& b) {
  return a.state == b.state && a.error == b.error && a.code == b.code && a.retry == b.retry &&
         a.interval_ms == b.interval_ms && a.has_latency == b.has_latency;
}

Run read_new_judgement(Reader& in) noexcept {
  Run run;
  const std::uint8_t flags = in.u8();
  if (flags > kKnownFlags) in.fail();
  run.state = static_cast<State>(flags & kStateMask);
  run.retry = (flags & kRetry) != 0;
  run.has_latency = (flags & kLatency) != 0;
  run.error = static_cast<ErrorClass>(in.u8());
  run.code = in.varint16();
  run.interval_ms = in.varint32();
  return run;
}

}  // namespace

void put_judgement(std::string& out, std::span<const Run> runs, std::size_t index) {
  const Run& run = runs[index];
  for (std::size_t back = 1; back <= std::min(index, kLookBack); ++back) {
    if (same_judgement(run, runs[index - back])) return put_varint(out, back);
  }
  auto flags = static_cast<unsigned>(run.state);
  if (run.retry) flags |= kRetry;
  if (run.has_latency) flags |= kLatency;
  put_u8(out, 0);
  put_u8(out, static_cast<std::uint8_t>(flags));
  put_u8(out, static_cast<std::uint8_t>(run.error));
  put_varint(out, run.code);
  put_varint(out, run.interval_ms);
}

Run read_judgement(Reader& in, std::span<const Run> earlier) noexcept {
  const std::uint64_t back = in.varint_up_to(earlier.size());
  if (back == 0) return read_new_judgement(in);
  const Run& same = earlier[earlier.size() - back];
  Run run;
  run.state = same.state;
  run.error = same.error;
  run.code = same.code;
  run.retry = same.retry;
  run.interval_ms = same.interval_ms;
  run.has_latency = same.has_latency;
  return run;
}

void put_max_gap(std::string& out, const Run& run) {
  put_signed(out, std::int64_t{run.max_gap_ms} - run.interval_ms);
}

std::uint32_t read_max_gap(Reader& in, std::uint32_t interval_ms) noexcept {
  const std::uint64_t gap = static_cast<std::uint64_t>(in.signed_varint()) + interval_ms;
  if (gap > 0xffff'ffffU) in.fail();
  return static_cast<std::uint32_t>(gap);
}

}  // namespace nines::engine
