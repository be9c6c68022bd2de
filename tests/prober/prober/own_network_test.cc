// The guard of the prober's own network, end to end: real checks, a reference that goes away and comes back.
#include <nines/prober.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// A site and a reference. Each can be switched to silence, which is what a network that is away looks like.
class OwnNetwork : public Probers {
 protected:
  OwnNetwork() {
    options.references = {impatient(reference_.url("http"))};
    options.reference_pause = 100ms;
  }
  static CheckSpec impatient(const std::string& url) {
    CheckSpec spec;
    spec.url = url;
    spec.timeouts.total = 300ms;
    return spec;
  }
  ServerId start_site() {
    const ServerId id = add_server("site", site_.url("http"));
    ProbedServer server = probed(id, "site", site_.url("http"));
    server.check = impatient(site_.url("http"));
    server.rules.confirm_failures = 1;
    start({server});
    EXPECT_TRUE(wait_until([&] { return !told_results().empty(); })) << "the first check comes by itself";
    return id;
  }

  std::atomic<bool> site_answers_{true};
  std::atomic<bool> reference_answers_{true};

 private:
  static LoopbackServer::Session while_true(const std::atomic<bool>& answers) {
    return [&answers](Connection& connection) {
      connection.read_request();
      if (!answers) return connection.wait_for_close();
      connection.send(http_answer(200, "well"));
    };
  }
  LoopbackServer site_{while_true(site_answers_)};
  LoopbackServer reference_{while_true(reference_answers_)};
};

TEST_F(OwnNetwork, FailureIsUnknownWhileTheReferenceIsAwayAndDownOnceItIsBack) {
  const ServerId id = start_site();
  EXPECT_EQ(told_results().front().state, State::up);

  site_answers_ = false;
  reference_answers_ = false;
  const CheckResult away = check(id);
  EXPECT_EQ(away.state, State::unknown);
  EXPECT_EQ(away.error, ErrorClass::own_network);
  EXPECT_THAT(away.detail, HasSubstr("no reference answers"));
  EXPECT_TRUE(wait_until([&] { return !prober->stats().online; }));

  reference_answers_ = true;
  EXPECT_TRUE(wait_until([&] { return prober->stats().online; })) << "it is asked again by itself";
  const CheckResult down = check(id);
  EXPECT_EQ(down.state, State::down);
  EXPECT_EQ(down.error, ErrorClass::timeout);

  site_answers_ = true;
  EXPECT_EQ(check(id).state, State::up);
  EXPECT_TRUE(prober->stop());
  std::vector<State> told;
  for (const StateChange& change : told_changes()) told.push_back(change.to);
  EXPECT_THAT(told, ElementsAre(State::up, State::unknown, State::down, State::up)) << "no outage of our own making";
}

TEST_F(OwnNetwork, SiteThatAnswersIsUpAlthoughTheReferenceIsAway) {
  reference_answers_ = false;
  const ServerId id = start_site();
  EXPECT_EQ(check(id).state, State::up);
}

}  // namespace
}  // namespace nines::prober_test
