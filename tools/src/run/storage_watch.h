// Whether what is measured gets into the store, in a sentence for the page.
//
// A store may say that it cannot write, and may also say nothing because a write of its does not return: then results
// wait, and none is stored. Threads: all members from any.
#pragma once

#include <nines/prober.h>
#include <nines/store.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/mutex.h"

namespace nines::tools {

class StorageWatch {
 public:
  /// To be called about twice a second, with what `prober` and `store` say at `now`.
  void look(const Health& health, const ProberStats& stats, TimeMs now);
  /// What keeps results from being stored; empty while nothing does.
  [[nodiscard]] std::string trouble() const;

 private:
  mutable engine::Mutex mutex_;
  std::uint64_t stored_ NINES_GUARDED_BY(mutex_) = 0;
  std::uint64_t waiting_ NINES_GUARDED_BY(mutex_) = 0;
  std::optional<TimeMs> stuck_ NINES_GUARDED_BY(mutex_);    // since when results wait and none is stored
  std::optional<TimeMs> failing_ NINES_GUARDED_BY(mutex_);  // since when the store cannot write
  TimeMs now_ NINES_GUARDED_BY(mutex_){};
  std::string why_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::tools
