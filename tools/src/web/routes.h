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
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "exchange/change.h"
#include "http/answer_cache.h"
#include "http/http_server.h"
#include "http/message.h"
#include "page/overview.h"
#include "web/access.h"
#include "web/metrics.h"

namespace nines::tools {

/// A path that changes a server, taken apart.
struct ChangePath {
  std::string server;
  Change::Kind kind = Change::Kind::remark;
};

class Site {
 public:
  struct Hooks {
    std::function<Result<void>()> reload;                                           ///< POST /-/reload
    std::function<Result<void>(const WebRequest&, const std::string& token)> push;  ///< POST /api/v1/push/{token}
    /// POST /api/v1/servers/{name}/..., of parse_change(): what is changed, and by whom as far as it is known.
    std::function<Result<void>(const std::string& server, const Change& change, const std::string& user)> change;
    std::function<bool()> ready;                ///< GET /-/ready
    std::function<std::string()> trouble;       ///< a sentence that every page begins with; empty when all is well
    std::function<void(std::string&)> metrics;  ///< appends to GET /metrics
  };

  /// `follow` true: the store is read-only and refreshed at most once a second.
  Site(Store& store, Hooks hooks, bool follow, AccessOptions access = {});

  /// From now on requests are judged by these rules.
  void set_access(AccessOptions access) { access_.set(std::move(access)); }

  /// The pages, the API and the metrics are at most a second old, whoever asks for them and however often.
  [[nodiscard]] WebResponse answer(WebRequest request);
  /// Health and readiness are answered at once, reports and reloads by threads of their own: they must come through
  /// while everything else is saturated.
  [[nodiscard]] static Lane lane(const WebRequest& request);
  /// Whether something can be POSTed to the request's path.
  [[nodiscard]] bool takes_body(const WebRequest& request) const;
  /// A server's options for this site, which must outlive it.
  [[nodiscard]] HttpOptions http_options();

  /// The server-sent event that says which servers were checked since the last call; nothing when none was. One thread
  /// at a time.
  [[nodiscard]] std::optional<std::string> changes();

 private:
  [[nodiscard]] WebResponse get(const WebRequest& request);
  [[nodiscard]] WebResponse work_out(const WebRequest& request, const Frame& frame);
  [[nodiscard]] WebResponse post(const WebRequest& request);
  [[nodiscard]] WebResponse change(const WebRequest& request, const ChangePath& path);
  [[nodiscard]] WebResponse preflight(const WebRequest& request) const;
  void share(const WebRequest& request, WebResponse& response) const;
  [[nodiscard]] Frame frame_of(const WebRequest& request) const;
  void refresh();

  Store& store_;
  Hooks hooks_;
  Access access_;
  bool follow_;
  AnswerCache cache_;
  Overview overview_;
  StoreMetrics metrics_;
  std::map<ServerId, TimeMs> seen_;  // of changes()
  engine::Mutex refresh_mutex_;
  std::chrono::steady_clock::time_point refreshed_ NINES_GUARDED_BY(refresh_mutex_);
};

}  // namespace nines::tools
