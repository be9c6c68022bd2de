// A certificate that runs out is told, once, whether or not the prober is started anew, until there is another one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "prober/support/certificates.h"
#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"
#include "prober/support/server_process.h"

namespace nines::prober_test {
namespace {

class CertificateAlerts : public Probers {
 protected:
  /// The site's certificate is valid for so many days from now on.
  void issue(int days) {
    site_.reset();
    const Identity identity = authority_.issue("site", "DNS:localhost", days);
    site_ = std::make_unique<ServerProcess>(
        ServerProcess::Options{{"openssl", "s_server", "-accept", "127.0.0.1:" + std::to_string(port_), "-cert",
                                identity.certificate, "-key", identity.key, "-www"},
                               "openssl",
                               port_,
                               {}});
    ASSERT_TRUE(site_->started());
  }
  void run() {
    options.alerts.journal = folder.file("alerts");
    AlertTarget target;
    target.name = "shell";
    target.exec = {"/bin/sh", "-c",
                   "echo $NINES_EVENT $NINES_TOPIC $NINES_STATE $NINES_DETAIL >> '" + folder.file("told") + "'"};
    target.topics = {AlertTopic::down, AlertTopic::certificate};
    options.alerts.targets = {target};
    ProbedServer server = probed(id_, "site", url());
    server.check.ca_file = authority_.ca_file();
    server.check.certificate_days = 14;
    start({server});
  }
  [[nodiscard]] std::vector<std::string> told(std::size_t count) {
    std::vector<std::string> lines;
    EXPECT_TRUE(wait_until([&] {
      lines.clear();
      std::ifstream file(folder.file("told"));
      for (std::string line; std::getline(file, line);) lines.push_back(line);
      return lines.size() >= count;
    }));
    return lines;
  }
  [[nodiscard]] std::string url() const { return "https://localhost:" + std::to_string(port_); }

  const std::uint16_t port_ = free_port();
  const ServerId id_ = add_server("site", url());

 private:
  const TestAuthority authority_;
  std::unique_ptr<ServerProcess> site_;
};

TEST_F(CertificateAlerts, OneThatRunsOutIsToldOnceAndEndsWithItsRenewal) {
  issue(5);
  run();
  check(id_);
  check(id_);
  const std::string begin =
      "certificate certificate degraded certificate \"site\" expires in 4 days, expected at least 14";
  EXPECT_THAT(told(1), testing::ElementsAre(begin));
  prober.reset();
  run();
  check(id_);
  check(id_);
  prober.reset();
  EXPECT_THAT(told(1), testing::ElementsAre(begin)) << "a restart tells nothing twice";

  issue(40);
  run();
  while (prober->stats().alerts.open_incidents > 0) check(id_);
  const std::vector<std::string> lines = told(2);
  prober.reset();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], testing::StartsWith("resolved certificate up"));
}

}  // namespace
}  // namespace nines::prober_test
