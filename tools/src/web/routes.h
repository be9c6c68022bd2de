// The web site over a store: which request gets which answer.
//
// Does not own the store, which must outlive it. Thread-safe: answer() may be called from many threads at once. What
// only a running prober knows comes in by hooks; without them (`nines serve`) those parts are left out.
#pragma once

#include <nines/result.h>
#include <nines/store.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "web/message.h"

namespace nines::tools {

class Site {
 public:
  struct Hooks {
    std::function<Result<void>()> reload;                                           ///< POST /-/reload
    std::function<Result<void>(const WebRequest&, const std::string& token)> push;  ///< POST /api/v1/push/{token}
    std::function<bool()> ready;                                                    ///< GET /-/ready
    std::function<void(std::string&)> metrics;                                      ///< appends to GET /metrics
  };

  /// `follow` true: the store is read-only and refreshed at most once a second.
  Site(Store& store, Hooks hooks, bool follow);

  [[nodiscard]] WebResponse answer(const WebRequest& request);

 private:
  [[nodiscard]] WebResponse get(const WebRequest& request);
  [[nodiscard]] WebResponse post(const WebRequest& request);
  void refresh();

  Store& store_;
  Hooks hooks_;
  bool follow_;
  std::mutex refresh_mutex_;
  std::chrono::steady_clock::time_point refreshed_;  // guarded by refresh_mutex_
};

}  // namespace nines::tools
