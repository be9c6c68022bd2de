// Whether what is measured gets into the store, in a sentence for the page.
//
// A store may say that it cannot write, and may also say nothing because a write of its does not return: then results
// wait, and none is stored. Threads: all members from any.
#pragma once

#include <nines/prober.h>
#include <nines/store.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace nines::tools {

class StorageWatch {
 public:
  /// To be called about twice a second, with what `prober` and `store` say at `now`.
  void look(const Health& health, const ProberStats& stats, TimeMs now);
  /// What keeps results from being stored; empty while nothing does.
  [[nodiscard]] std::string trouble() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t stored_ = 0;  // guarded by mutex_, as are the following
  std::uint64_t waiting_ = 0;
  std::optional<TimeMs> stuck_;    // since when results wait and none is stored
  std::optional<TimeMs> failing_;  // since when the store cannot write
  TimeMs now_{};
  std::string why_;
};

}  // namespace nines::tools
