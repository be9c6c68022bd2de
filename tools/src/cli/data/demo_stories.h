// The servers of `nines demo` that something is the matter with, told as functions of time. Pure; any thread.
#pragma once

#include <nines/check_result.h>
#include <nines/server.h>

#include <map>
#include <span>
#include <string>
#include <vector>

namespace nines::tools {

/// A server with a story. Its results are made for any time, before and after `now`.
struct DemoStory {
  Server server;                                  ///< without its id
  std::vector<LocationId> locations;              ///< that check it
  void (*tell)(CheckResult& result, TimeMs now);  ///< makes of a good result what the story says of its time
};

/// All of them, for a demo that is made at `now` and goes back to `begin`.
[[nodiscard]] std::vector<DemoStory> demo_stories(TimeMs begin, TimeMs now);

/// Appends the results of `story` in `window` to `results`, ascending by time.
void tell_story(const DemoStory& story, Window window, TimeMs now, std::vector<CheckResult>& results);

/// When the certificates expire that the stories tell of, by the servers' names.
[[nodiscard]] std::map<std::string, TimeMs> demo_certificates(TimeMs now);

}  // namespace nines::tools
