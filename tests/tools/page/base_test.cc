// Under a proxy that shows the site below a path, every address that a page names begins with that path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::StartsWith;

AccessOptions below_a_path() {
  AccessOptions options;
  options.base = "/monitoring";
  StatusPage& page = options.status_pages.emplace_back();
  page.path = "/status";
  page.title = "Status";
  page.groups = {"Shop"};
  options.services = {{"Shop", "all(web, db)", 0.9}};
  return options;
}

// The addresses of this site that a document names: in attributes that a browser follows, and in a feed.
std::vector<std::string> addresses_in(const std::string& body) {
  static const std::regex kAddress(
      R"re((?:href|src|action|formaction|poster|data-self|data-live|data-base)="(/[^"]*)")re");
  std::vector<std::string> found;
  for (auto at = std::sregex_iterator(body.begin(), body.end(), kAddress); at != std::sregex_iterator(); ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

TEST(Base, IsInFrontOfEveryAddressOfEveryPage) {
  SmallSite site{below_a_path()};
  for (const char* const name : {"web", "db"}) {
    const ServerId id = site.add(name, "Shop", SmallSite::ago(std::chrono::hours{2}));
    for (int minute = 60; minute > 0; --minute) {
      site.check(id, SmallSite::ago(std::chrono::minutes{minute}), minute < 20 ? State::down : State::up);
    }
  }
  std::size_t addresses = 0;
  for (const char* const path : {"/monitoring", "/monitoring/", "/monitoring/server/web", "/monitoring/service/Shop",
                                 "/monitoring/status", "/monitoring/status/embed", "/monitoring/login",
                                 "/monitoring/nothing-here", "/monitoring/server/nobody", "/monitoring/rows"}) {
    for (const std::string& address : addresses_in(site.get(path).body)) {
      EXPECT_THAT(address, StartsWith("/monitoring")) << "in " << path;
      ++addresses;
    }
  }
  EXPECT_GT(addresses, 60U);
}

}  // namespace
}  // namespace nines::tools::testing
