// How late checks start: a histogram over the last full minute. Fixed memory. One thread.
#pragma once

#include <array>
#include <cstdint>

#include "schedule/clock.h"

namespace nines::prober {

class LagHistogram {
 public:
  struct Figures {
    Micros p50{};
    Micros p99{};
    Micros max{};
  };

  /// `lag` below 0 counts as 0. `now` is schedule time and does not run backwards.
  void add(Micros lag, Micros now) noexcept;
  /// Of the last full minute; of the running one while there is no other. Percentiles are the upper bounds of their
  /// buckets, at most 19 % above the true value.
  [[nodiscard]] Figures figures(Micros now) noexcept;

 private:
  // Four buckets an octave of microseconds, up to 2^32 us, which is past any interval worth a percentile.
  static constexpr int kBuckets = 4 * 32 + 1;
  struct Minute {
    std::array<std::uint32_t, kBuckets> counts{};
    std::uint64_t total = 0;
    Micros max{};
  };
  void rotate(Micros now) noexcept;
  [[nodiscard]] static Micros percentile(const Minute& minute, double share) noexcept;

  Minute running_;
  Minute full_;
  std::int64_t minute_ = -1;
};

}  // namespace nines::prober
