// What a restart must not forget of a job that reports in.
#pragma once

#include <chrono>
#include <optional>

#include <nines/types.h>

namespace nines::prober {

struct JobMemory {
  TimeMs since{};                         ///< its last report, or where there was none when it was first listened for
  bool heard = false;                     ///< `since` is a report
  std::chrono::milliseconds listened{0};  ///< for how long since then somebody has listened for the next one
  std::optional<TimeMs> started;          ///< of the run under way

  friend bool operator==(const JobMemory&, const JobMemory&) = default;
};

}  // namespace nines::prober
