// A real network that swallows every packet, is not there, has a silent resolver or slow servers, in a network
// namespace of the test's own: what the prober makes of it.
//
//   NINES_TEST_LONG=n    what is lost stays away for n minutes
#include <nines/prober.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"
#include "prober/support/server_process.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSite = "10.9.9.2";
constexpr const char* kReference = "10.9.9.3";
constexpr std::uint16_t kPort = 8'000;

/// How long what is lost stays away beyond the first checks that miss it.
std::chrono::minutes long_loss() {
  const char* const wanted = std::getenv("NINES_TEST_LONG");
  return std::chrono::minutes{wanted == nullptr ? 0 : std::atoi(wanted)};
}

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

class LostPackets : public Probers {
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

  /// The server stays unknown for as long as the loss lasts, and nothing is ever down.
  void stay_unknown(ServerId id) {
    const auto end = std::chrono::steady_clock::now() + long_loss();
    while (std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(500ms);
      ASSERT_EQ(prober->state(id), State::unknown);
      ASSERT_EQ(prober->stats().down, 0U);
    }
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
    options.reference_pause = 100ms;
    const ServerId id = add_server("site", connecting_to(kSite).url);
    ProbedServer site = probed(id, "site", connecting_to(kSite).url);
    site.check = connecting_to(kSite);
    site.rules.interval = 200ms;
    site.rules.timeout = 150ms;
    start({site});
    const auto state_is = [&](State state) { return wait_until([&] { return prober->state(id) == state; }); };
    ASSERT_TRUE(state_is(State::up));

    swallow(kReference);  // first, so that the site is never away alone
    swallow(kSite);
    ASSERT_TRUE(state_is(State::unknown));
    const std::size_t before = told_results().size();
    ASSERT_TRUE(wait_until([&] { return told_results().size() >= before + 5; }));
    EXPECT_EQ(prober->stats().down, 0U) << "all is lost, so the fault is ours";
    EXPECT_EQ(told_results().back().error, ErrorClass::own_network);
    stay_unknown(id);
    give_back(kSite);
    give_back(kReference);
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

  /// A site and a reference that are looked up; the resolver's address goes and comes back. A reference that is known
  /// by its address answers all the time.
  void live_through_a_silent_resolver() {
    set_up_network();
    const std::string port = std::to_string(kPort);
    const ServerProcess resolver(
        {.command = {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                     "--bind-interfaces", std::string("--listen-address=") + kReference, "--pid-file=", "--user=root",
                     "--port=" + port, "--host-record=site.test,127.0.0.1", "--host-record=reference.test,127.0.0.1"},
         .package = "dnsmasq-base",
         .port = 0,
         .ready = [] { return answers(kReference); }});
    ASSERT_TRUE(resolver.started());
    LoopbackServer server([](Connection& connection) { connection.wait_for_close(); });
    const auto by_name = [&](const std::string& name) {
      CheckSpec spec;
      spec.url = "tcp://" + name + ":" + std::to_string(server.port());
      spec.timeouts.total = 800ms;
      return spec;
    };
    options.runner.dns_servers = {std::string(kReference) + ":" + port};
    options.references = {by_name("127.0.0.1"), by_name("reference.test")};
    const CheckSpec check = by_name("site.test");
    const ServerId id = add_server("site", check.url);
    ProbedServer site = probed(id, "site", check.url);
    site.check = check;
    site.rules.interval = 1s;
    site.rules.timeout = 800ms;
    site.rules.confirm_failures = 1;
    start({site});
    const auto state_is = [&](State state) { return wait_until([&] { return prober->state(id) == state; }); };
    ASSERT_TRUE(state_is(State::up));
    swallow(kReference);
    ASSERT_TRUE(state_is(State::unknown));
    const std::size_t before = told_results().size();
    ASSERT_TRUE(wait_until([&] { return told_results().size() >= before + 3; }));
    EXPECT_EQ(told_results().back().error, ErrorClass::own_network);
    stay_unknown(id);
    give_back(kReference);
    ASSERT_TRUE(state_is(State::up)) << "it recovers by itself";
    EXPECT_TRUE(prober->stop());
    EXPECT_EQ(prober->stats().down, 0U) << "nobody could be asked where the site is";
  }

  /// Five hundred sites of which each takes most of its time, and twenty that do not.
  void live_through_slowness() {
    constexpr std::uint32_t kSlow = 500;
    constexpr std::uint32_t kQuick = 20;
    ip("link set lo up");
    LoopbackServer slow([](Connection& connection) {
      connection.read_request();
      if (connection.pause_ms(6'000)) connection.send(http_answer(200, "at last"));
    });
    LoopbackServer quick([](Connection& connection) { connection.wait_for_close(); });
    std::vector<ProbedServer> servers;
    for (std::uint32_t i = 0; i < kSlow + kQuick; ++i) {
      const std::string name = "site " + std::to_string(i);
      const std::string url = i < kSlow ? slow.url("http") : quick.url("tcp", "");
      ProbedServer& server = servers.emplace_back(probed(add_server(name, url), name, url));
      server.rules.interval = i < kSlow ? 30s : 1s;
      server.check.timeouts.total = server.rules.timeout = i < kSlow ? 29s : 900ms;
    }
    options.start_rate = 1'000;
    start(servers);
    const auto checked = [&](std::uint32_t first, std::uint32_t end, std::size_t times) {
      std::map<ServerId, std::size_t> count;
      for (const CheckResult& result : told_results()) ++count[result.server];
      return std::all_of(servers.begin() + first, servers.begin() + end,
                         [&](const ProbedServer& server) { return count[server.id] >= times; });
    };
    ASSERT_TRUE(wait_until([&] { return prober->stats().in_flight > kSlow / 2; }));
    ASSERT_TRUE(wait_until([&] { return checked(kSlow, kSlow + kQuick, 3); })) << "the slow ones are in nobody's way";
    ASSERT_TRUE(wait_until([&] { return checked(0, kSlow, 1); }));
    EXPECT_TRUE(prober->stop());
    EXPECT_EQ(prober->stats().down, 0U);
    EXPECT_EQ(prober->stats().unknown, 0U);
  }

  /// Two hundred sites that are well, one that never is, and a link that goes again and again, at any moment of a
  /// check.
  void live_through_lost_links() {
    constexpr std::uint32_t kSites = 200;
    constexpr int kLosses = 3;
    ip("link set lo up");
    // The kernel takes the connections, so that a busy machine is no failure of the sites.
    LoopbackServer site([](Connection& connection) { connection.wait_for_close(); });
    LoopbackServer reference([](Connection& connection) { connection.wait_for_close(); });
    options.references.emplace_back().url = reference.url("tcp", "");
    options.references.front().timeouts.total = 400ms;
    std::vector<ProbedServer> servers;
    for (std::uint32_t i = 0; i <= kSites; ++i) {
      const std::string name = "site " + std::to_string(i);
      const std::string url = i < kSites ? site.url("tcp", "") : "tcp://127.0.0.1:1";
      ProbedServer& server = servers.emplace_back(probed(add_server(name, url), name, url));
      server.check.timeouts.total = server.rules.timeout = 900ms;
      server.rules.interval = 1s;
      server.rules.confirm_failures = 1;
    }
    const ServerId dead = servers.back().id;
    start(servers);
    const auto all_are_up = [&] {
      return std::all_of(servers.begin(), servers.end(), [&](const ProbedServer& server) {
        return prober->state(server.id) == (server.id == dead ? State::down : State::up);
      });
    };
    ASSERT_TRUE(wait_until(all_are_up));
    for (int i = 0; i < kLosses; ++i) {
      std::this_thread::sleep_for(i * 130ms);
      ip("link set lo down");
      std::this_thread::sleep_for(2'500ms);  // longer than a check's timeout, so that some fail meanwhile
      ip("link set lo up");
      ASSERT_TRUE(wait_until(all_are_up)) << "it recovers by itself";
    }
    EXPECT_TRUE(prober->stop());
    std::size_t unknown = 0;
    for (const CheckResult& result : told_results()) {
      if (result.server == dead) continue;
      EXPECT_NE(result.state, State::down) << to_string(result.error) << ": " << result.detail;
      unknown += result.error == ErrorClass::own_network ? 1U : 0U;
    }
    EXPECT_GE(unknown, kSites) << "the link was away";
    EXPECT_LT(reference.connections(), 60) << "two hundred failures at once are one question";
  }
};

TEST_F(LostPackets, ResolverThatIsSilentMakesNoOutage) {
  const std::string trouble = in_namespace([this] { live_through_a_silent_resolver(); });
  if (!trouble.empty()) GTEST_SKIP() << trouble;
}

TEST_F(LostPackets, FiveHundredSlowTargetsAreUpAndDelayNoOther) {
  const std::string trouble = in_namespace([this] { live_through_slowness(); });
  if (!trouble.empty()) GTEST_SKIP() << trouble;
}

TEST_F(LostPackets, LinkThatIsLostUnderTwoHundredChecksMakesNoOutage) {
  const std::string trouble = in_namespace([this] { live_through_lost_links(); });
  if (!trouble.empty()) GTEST_SKIP() << trouble;
}

TEST_F(LostPackets, NetworkWithoutAPacketIsUnknownAndASiteWithoutOneIsDown) {
  const std::string trouble = in_namespace([this] { live_through_loss(); });
  if (!trouble.empty()) GTEST_SKIP() << trouble;
}

}  // namespace
}  // namespace nines::prober_test
