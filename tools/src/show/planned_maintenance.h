// The maintenance of a server that is under way or to come, as pages and commands tell it. Pure; any thread.
#pragma once

#include <nines/server.h>
#include <nines/timeline.h>

#include <chrono>
#include <string>
#include <vector>

namespace nines::tools {

struct PlannedMaintenance {
  Window window;
  std::string note;

  friend bool operator==(const PlannedMaintenance&, const PlannedMaintenance&) = default;
};

/// What is not over at `now` and begins less than `ahead` behind it, in order of the begins. What is under way has its
/// own begin, as far back as a month. Errors: as overlay() (a zone that this machine does not know).
[[nodiscard]] Result<std::vector<PlannedMaintenance>> planned_maintenance(const Server& server, TimeMs now,
                                                                          std::chrono::milliseconds ahead);

}  // namespace nines::tools
