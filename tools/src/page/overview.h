// The overview: what is asked of the store for it, and which of its rows changed since a client last looked.
#pragma once

#include <nines/store.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/mutex.h"
#include "http/message.h"
#include "page/frame.h"
#include "page/service_page.h"

namespace nines::tools {

/// Thread-safe; the store must outlive it.
class Overview {
 public:
  explicit Overview(const Store& store) : store_(store) {}

  /// GET /. `services` have a line each.
  [[nodiscard]] WebResponse page(const WebRequest& request, const Frame& frame, std::span<const Service> services = {});
  /// GET /rows?since=VERSION: the head, and the rows that changed since.
  [[nodiscard]] WebResponse rows(const WebRequest& request, const Frame& frame, std::span<const Service> services = {});

 private:
  // What the last answer to one question said of each server, and when that changed.
  struct Memory {
    std::uint64_t version = 0;
    std::uint64_t members_changed = 0;  // version at which a server came or went
    struct Row {
      std::uint64_t changed = 0;
      std::string html;
    };
    std::map<std::uint32_t, Row> rows;
  };
  struct Look;
  [[nodiscard]] Result<std::unique_ptr<Look>> look(const WebRequest& request, const Frame& frame,
                                                   std::span<const Service> services);
  /// Says in `look` which rows have changed since which answer to the same question.
  void remember(const std::string& question, Look& look) NINES_EXCLUDES(mutex_);

  // Questions differ in few ways; more than these are made up by somebody.
  static constexpr std::size_t kMostMemories = 8;

  const Store& store_;
  engine::Mutex mutex_;
  std::map<std::string, Memory> memories_ NINES_GUARDED_BY(mutex_);
  std::uint64_t versions_ NINES_GUARDED_BY(mutex_) = 0;
};

}  // namespace nines::tools
