#include "store/disk_reserve.h"

#include <chrono>

namespace nines::engine {
namespace {

/// The free space is looked at again after this much time or so many bytes, whichever is first.
constexpr std::int64_t kAskEveryNs = 1'000'000'000;
constexpr std::size_t kAskEveryBytes = 1U << 20U;

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

bool DiskReserve::has_room(LocalCare& local, std::size_t bytes) {
  if (reserve_bytes_ == 0) return true;
  const std::size_t written = written_since_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const std::int64_t now = now_ns();
  const bool due = short_ || written >= kAskEveryBytes || now - asked_at_ns_ >= kAskEveryNs || asked_at_ns_ == 0;
  if (!due || asking_.exchange(true)) return !short_;
  if (const auto room = local.room()) short_ = *room < reserve_bytes_;
  asked_at_ns_ = now;
  written_since_ = 0;
  asking_ = false;
  return !short_;
}

}  // namespace nines::engine
