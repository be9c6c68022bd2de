// What was acknowledged survives kill -9: a child process probes a server of its own and tells of every stored result,
// until it is killed in the middle of it.
#include <gtest/gtest.h>
#include <nines/prober.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"

namespace nines::prober_test {
namespace {

constexpr std::uint32_t kServers = 20;

struct Acknowledged {
  std::uint32_t server = 0;
  std::int64_t time_ms = 0;
  friend auto operator<=>(const Acknowledged&, const Acknowledged&) = default;
};

/// The child: ends by being killed, or with an exit code that says that it could not even begin.
[[noreturn]] void probe_until_killed(const std::string& path, int acknowledge) {
  LoopbackServer site(answering(http_answer(200, "well")));
  auto store = Store::open(path);
  if (!store) _exit(2);
  ProberOptions options;
  options.start_rate = 10'000;
  options.batch_delay = std::chrono::milliseconds{1};
  options.on_result = [acknowledge](const CheckReport& report) {
    const Acknowledged told{static_cast<std::uint32_t>(report.result.server), to_ms(report.result.time)};
    if (write(acknowledge, &told, sizeof told) != ssize_t{sizeof told}) _exit(3);
  };
  auto prober = Prober::create(**store, options);
  if (!prober) _exit(4);
  for (std::uint32_t i = 0; i < kServers; ++i) {
    Server server;
    server.name = "server-" + std::to_string(i);
    ProbedServer probed;
    probed.id = (*store)->add_server(server).value_or(ServerId{});
    if (probed.id == ServerId{}) probed.id = (*store)->catalog()->find(server.name)->id;
    probed.name = server.name;
    probed.check.url = site.url("http");
    probed.check.timeouts.total = std::chrono::milliseconds{90};
    probed.rules.interval = kMinInterval;
    if (!(*prober)->set_server(probed)) _exit(5);
  }
  if (!(*prober)->start()) _exit(6);
  for (;;) pause();
}

TEST(ProberKill, NoAcknowledgedResultIsLost) {
  const TemporaryDirectory folder;
  std::set<Acknowledged> acknowledged;
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      probe_until_killed(folder.file("store"), ends[1]);
    }
    close(ends[1]);
    const prober::UniqueFd read_end(ends[0]);
    Acknowledged told;
    const std::size_t enough = acknowledged.size() + 100 + static_cast<std::size_t>(round) * 37;
    while (acknowledged.size() < enough && read(read_end.get(), &told, sizeof told) == ssize_t{sizeof told}) {
      acknowledged.insert(told);
    }
    kill(child, SIGKILL);
    // What it told before it died counts too. Writes of this size are whole or not at all.
    while (read(read_end.get(), &told, sizeof told) == ssize_t{sizeof told}) acknowledged.insert(told);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
  }
  const auto store = Store::open(folder.file("store"));
  ASSERT_TRUE(store) << store.error().message;
  std::set<Acknowledged> stored;
  const auto catalog = (*store)->catalog();
  for (const Server& server : catalog->servers()) {
    for (const CheckResult& result : read_results(**store, server.id)) {
      stored.insert({static_cast<std::uint32_t>(server.id), to_ms(result.time)});
    }
  }
  EXPECT_GE(acknowledged.size(), 300U);
  EXPECT_TRUE(std::includes(stored.begin(), stored.end(), acknowledged.begin(), acknowledged.end()));
}

}  // namespace
}  // namespace nines::prober_test
