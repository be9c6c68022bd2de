// The overview: what is asked of the store for it, and which of its rows changed since a client last looked.
#pragma once

#include <nines/store.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "web/html.h"
#include "web/message.h"

namespace nines::tools {

/// The question of a page that is looked at for a while: `window` 1h, 24h, 7d, 30d or 90d ends at the next edge of its
/// bars (calendar days of the zone from 30d on), so that the same question is asked until a bar is over; other windows,
/// and from and to, are as asked. Errors are invalid_argument.
[[nodiscard]] Result<LiveQuestion> live_question(const WebRequest& request, TimeMs now);

/// Thread-safe; the store must outlive it.
class Overview {
 public:
  explicit Overview(const Store& store) : store_(store) {}

  /// GET /
  [[nodiscard]] WebResponse page(const WebRequest& request, const Frame& frame);
  /// GET /rows?since=VERSION: the head, and the rows that changed since.
  [[nodiscard]] WebResponse rows(const WebRequest& request, const Frame& frame);

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
  [[nodiscard]] Result<std::unique_ptr<Look>> look(const WebRequest& request, const Frame& frame);

  // Questions differ in few ways; more than these are made up by somebody.
  static constexpr std::size_t kMostMemories = 8;

  const Store& store_;
  std::mutex mutex_;
  std::map<std::string, Memory> memories_;  // guarded by mutex_
  std::uint64_t versions_ = 0;              // guarded by mutex_
};

}  // namespace nines::tools
