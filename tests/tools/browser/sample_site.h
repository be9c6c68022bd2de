// A site with something of everything to look at: well and hurt servers in groups, two weeks of results that end now,
// names that try to break out of the page.
#pragma once

#include <nines/store.h>

#include <map>
#include <memory>
#include <string>

#include "http/http_server.h"
#include "tools/support/command_line.h"
#include "web/routes.h"

namespace nines::tools::testing {

inline constexpr const char* kHostileName = "<img src=x onerror=alert(1)>\"'&{{7*7}}";

class SampleSite {
 public:
  SampleSite();

  /// The address of a path of this site.
  [[nodiscard]] std::string at(const std::string& path) const;
  /// Appends what a check of the server finds at this moment.
  void check(const std::string& server, State state) const;
  /// Has every server that is well checked once more, so that their results still hold.
  void keep_fresh() const;
  [[nodiscard]] std::size_t servers() const { return store_->catalog()->servers().size(); }

 private:
  [[nodiscard]] ServerId add(const std::string& name, const std::string& group,
                             const std::function<void(Server&)>& change = {});
  void fill(ServerId id, const std::function<bool(CheckResult&)>& change);

  TempDir dir_;
  TimeMs end_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<HttpServer> http_;
  std::uint32_t histories_ = 0;
};

/// The one that the tests of a program share.
[[nodiscard]] SampleSite& sample_site();

}  // namespace nines::tools::testing
