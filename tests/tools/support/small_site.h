// A site over a new store, asked without a socket.
#pragma once

#include <nines/store.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "show/output.h"
#include "tools/support/command_line.h"
#include "web/routes.h"

namespace nines::tools::testing {

class SmallSite {
 public:
  explicit SmallSite(AccessOptions access = {});

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Site& site() { return *site_; }

  ServerId add(const std::string& name, const std::string& group = {}, TimeMs created = ago(std::chrono::days{30}));
  /// Appends a result: down for a cause, or up in 40 ms.
  void check(ServerId server, TimeMs time, State state);
  [[nodiscard]] WebResponse get(const std::string& path, std::map<std::string, std::string> query = {},
                                std::optional<std::string> origin = {});
  /// The same, which must be a JSON document.
  [[nodiscard]] Json json(const std::string& path, std::map<std::string, std::string> query = {});

  /// A time that long before the newest site was made: the same one however slowly the test runs.
  [[nodiscard]] static TimeMs ago(std::chrono::milliseconds span) { return made_at_ - span; }
  [[nodiscard]] static std::string header(const WebResponse& response, std::string_view name);

  [[nodiscard]] static TimeMs now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }

 private:
  static inline TimeMs made_at_ = now();
  TempDir dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
};

}  // namespace nines::tools::testing
