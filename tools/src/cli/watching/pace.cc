#include "cli/watching/pace.h"

#include <time.h>

#include <algorithm>

namespace nines::tools {

std::chrono::milliseconds processor_time() {
  timespec time{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds{time.tv_sec} +
                                                               std::chrono::nanoseconds{time.tv_nsec});
}

std::chrono::milliseconds pause_after(std::chrono::milliseconds spent, std::chrono::milliseconds every) {
  constexpr int kUsual = 100;
  constexpr int kMost = 50;
  constexpr std::chrono::milliseconds kLongPause{10'000};
  return std::max(every, std::min(spent * kUsual, std::max(kLongPause, spent * kMost)));
}

}  // namespace nines::tools
