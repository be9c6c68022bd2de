// What the prober lacks itself says nothing of any server: without descriptors every check is unknown, and the next one
// after that is as good as any.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "prober/support/shortage.h"

namespace nines {
namespace {

using namespace prober_test;

std::vector<CheckOutcome> outcomes_of(CheckRunner& runner,
                                      const std::vector<std::shared_ptr<const CompiledCheck>>& checks) {
  std::vector<CheckOutcome> outcomes(checks.size());
  std::size_t left = checks.size();
  for (std::size_t i = 0; i < checks.size(); ++i) {
    runner.start(checks[i], [&, i](CheckOutcome outcome) {
      outcomes[i] = std::move(outcome);
      if (--left == 0) runner.stop();
    });
  }
  runner.run();
  return outcomes;
}

TEST(Shortage, WithoutDescriptorsEveryKindOfCheckIsUnknown) {
  const LoopbackServer server(answering(http_answer(200, "well")));
  const SilentUdp name_server;
  const std::string port = ":" + std::to_string(server.port());
  const std::vector<std::string> urls = {"http://127.0.0.1" + port + "/",
                                         "http://localhost" + port + "/",
                                         "http://some.test" + port + "/",
                                         "tcp://127.0.0.1" + port,
                                         "tcp://some.test" + port,
                                         "https://127.0.0.1" + port + "/",
                                         "tls://127.0.0.1" + port,
                                         "ws://127.0.0.1" + port + "/",
                                         "smtp://127.0.0.1" + port,
                                         "imap://127.0.0.1" + port,
                                         "ftp://127.0.0.1" + port,
                                         "mqtt://127.0.0.1" + port,
                                         "ssh://127.0.0.1" + port,
                                         "ldap://127.0.0.1" + port,
                                         "dns://" + name_server.address() + "/x.test",
                                         "icmp://127.0.0.1"};
  RunnerOptions options;
  options.dns_servers = {name_server.address()};
  auto runner = CheckRunner::create(options);
  ASSERT_TRUE(runner.has_value());
  std::vector<std::shared_ptr<const CompiledCheck>> checks;
  for (const auto& url : urls) checks.push_back(*compile(spec_for(url)));
  // libcurl's handles are used again, and remember how their last connection failed.
  const auto refused = *compile(spec_for("http://127.0.0.1:" + std::to_string(free_port()) + "/"));
  for (const auto& outcome : outcomes_of(**runner, std::vector(checks.size(), refused))) {
    EXPECT_EQ(outcome.error, ErrorClass::connect_refused);
  }
  {
    const NoDescriptors shortage;
    const auto outcomes = outcomes_of(**runner, checks);
    for (std::size_t i = 0; i < urls.size(); ++i) {
      EXPECT_EQ(outcomes[i].state, State::unknown) << urls[i] << ": " << outcomes[i].detail;
      EXPECT_EQ(outcomes[i].error, ErrorClass::internal) << urls[i] << ": " << outcomes[i].detail;
    }
  }
  EXPECT_EQ(outcomes_of(**runner, {checks[0]})[0].state, State::up);
}

}  // namespace
}  // namespace nines
