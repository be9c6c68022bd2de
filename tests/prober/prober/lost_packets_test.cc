// A real network that swallows every packet, in a network namespace of the test's own: what the prober makes of it.
#include <nines/prober.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "prober/support/prober_fixture.h"
#include "prober/support/server_process.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSite = "10.9.9.2";
constexpr const char* kReference = "10.9.9.3";
constexpr std::uint16_t kPort = 8'000;

/// Runs `ip` with these words; a failure fails the test.
void ip(const std::string& words) {
  EXPECT_EQ(run_command({"sh", "-c", "ip " + words}), "") << words;
}

/// In the thread's namespace: an address answers while it is on lo; without that its packets go to a neighbour that
/// does not exist, and nothing ever comes back.
void set_up_network() {
  ip("link set lo up");
  ip("link add v0 type veth peer name v1");
  ip("link set v0 up");
  ip("link set v1 up");
  ip("addr add 10.9.9.1/24 dev v0");
  for (const char* address : {kSite, kReference}) {
    ip(std::string("neigh add ") + address + " lladdr 02:00:00:00:00:09 dev v0");
    ip(std::string("addr add ") + address + "/32 dev lo");
  }
}
void swallow(const char* address) {
  ip(std::string("addr del ") + address + "/32 dev lo");
}
void give_back(const char* address) {
  ip(std::string("addr add ") + address + "/32 dev lo");
}

CheckSpec connecting_to(const char* address) {
  CheckSpec spec;
  spec.url = "tcp://" + std::string(address) + ":" + std::to_string(kPort);
  spec.timeouts.total = 150ms;
  return spec;
}

bool answers(const char* address) {
  auto check = compile(connecting_to(address));
  return check && check_once(*check).state == State::up;
}

class LostPacketsTest : public ProberTest {
 protected:
  /// Runs `body` on a thread in a new network namespace; what it starts lives there too. Says why it cannot.
  static std::string in_namespace(const std::function<void()>& body) {
    if (geteuid() != 0) return "a network namespace needs root";
    std::string trouble;
    std::thread([&] {
      if (unshare(CLONE_NEWNET) != 0) {
        trouble = std::string("no network namespace: ") + std::strerror(errno);
      } else {
        body();
      }
    }).join();
    return trouble;
  }

  void live_through_loss() {
    set_up_network();
    const ServerProcess server({.command = {"python3", "-m", "http.server", std::to_string(kPort)},
                                .package = "python3",
                                .port = 0,
                                .ready = [] { return answers(kSite) && answers(kReference); }});
    ASSERT_TRUE(server.started());
    const std::string told = folder.file("told");
    AlertTarget target;
    target.name = "shell";
    target.exec = {"sh", "-c", "echo $NINES_EVENT >> '" + told + "'"};
    options.alerts.targets = {target};
    options.alerts.journal = folder.file("alerts");
    options.references = {connecting_to(kReference)};
    options.reference_fresh = 100ms;
    const ServerId id = add_server("site", connecting_to(kSite).url);
    ProbedServer site = probed(id, "site", connecting_to(kSite).url);
    site.check = connecting_to(kSite);
    site.rules.interval = 200ms;
    site.rules.timeout = 150ms;
    start({site});
    const auto state_is = [&](State state) { return wait_until([&] { return prober->state(id) == state; }); };
    ASSERT_TRUE(state_is(State::up));

    swallow(kSite);
    swallow(kReference);
    ASSERT_TRUE(state_is(State::unknown));
    const std::size_t before = told_results().size();
    ASSERT_TRUE(wait_until([&] { return told_results().size() >= before + 5; }));
    EXPECT_EQ(prober->stats().down, 0U) << "all is lost, so the fault is ours";
    EXPECT_EQ(told_results().back().error, ErrorClass::own_network);
    give_back(kReference);
    give_back(kSite);
    ASSERT_TRUE(state_is(State::up)) << "it recovers by itself";
    EXPECT_EQ(prober->stats().alerts.delivered, 0U);

    swallow(kSite);
    ASSERT_TRUE(state_is(State::down)) << "a reference answers, so it is the site";
    EXPECT_EQ(told_results().back().error, ErrorClass::connect_timeout);
    ASSERT_TRUE(wait_until([&] { return prober->stats().alerts.delivered == 1; }));
    give_back(kSite);
    ASSERT_TRUE(state_is(State::up));
    ASSERT_TRUE(wait_until([&] { return prober->stats().alerts.delivered == 2; }));
    EXPECT_TRUE(prober->stop());
    std::ifstream file(told);
    std::string first;
    std::string second;
    file >> first >> second;
    EXPECT_EQ(first + " " + second, "down resolved");
  }
};

TEST_F(LostPacketsTest, NetworkWithoutAPacketIsUnknownAndASiteWithoutOneIsDown) {
  const std::string trouble = in_namespace([this] { live_through_loss(); });
  if (!trouble.empty()) GTEST_SKIP() << trouble;
}

}  // namespace
}  // namespace nines::prober_test
