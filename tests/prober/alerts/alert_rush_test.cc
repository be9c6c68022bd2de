// A thousand alerts at the same moment: who waits for whom, and for what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alerts/dispatcher.h"
#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kServers = 1'000;

AlertTarget hook(const std::string& name, const std::string& url) {
  AlertTarget target;
  target.name = name;
  target.webhook = SecretText{.text = url, .environment = "", .file = ""};
  target.body_template = "{{server_id}}~";
  target.content_type = "text/plain";
  target.timeout = 60s;
  return target;
}

/// Counts what it is told, `pause` after the request came.
class Receiver {
 public:
  explicit Receiver(std::chrono::milliseconds pause = 0ms) : pause_(pause) {}
  [[nodiscard]] std::string url() const { return server_.url("http"); }
  [[nodiscard]] std::size_t told() const { return told_.load(); }

 private:
  const std::chrono::milliseconds pause_;
  std::atomic<std::size_t> told_{0};
  LoopbackServer server_{[this](Connection& connection) {
    connection.read_until("~");
    if (!connection.pause_ms(static_cast<int>(pause_.count()))) return;
    ++told_;
    connection.send(http_answer(204, ""));
  }};
};

class AlertRush : public testing::Test {
 protected:
  void start(std::vector<AlertTarget> targets) {
    AlertOptions options;
    options.targets = std::move(targets);
    auto book = prober::AlertBook::open(folder_.file("alerts"), {}, nullptr);
    ASSERT_TRUE(book);
    dispatcher_ =
        std::make_unique<prober::AlertDispatcher>(*std::move(book), options, prober::AlertDispatcher::Listener{});
    ASSERT_TRUE(dispatcher_->start());
    for (std::uint32_t id = 1; id <= kServers; ++id) {
      dispatcher_->set_subject({ServerId{id}, "server", "", "", std::nullopt});
    }
  }
  void all_down() {
    for (std::uint32_t id = 1; id <= kServers; ++id) {
      StateChange change;
      change.server = ServerId{id};
      change.to = State::down;
      change.since = from_ms(1'750'000'000'000);
      dispatcher_->change(change);
    }
  }
  template <class Done>
  static bool wait_until(Done done) {
    for (int i = 0; i < 6'000 && !done(); ++i) std::this_thread::sleep_for(10ms);
    return done();
  }

  TemporaryDirectory folder_;
  std::unique_ptr<prober::AlertDispatcher> dispatcher_;
};

TEST_F(AlertRush, SlowReceiverDelaysNoOther) {
  Receiver slow(2s);
  Receiver quick;
  start({hook("slow", slow.url()), hook("quick", quick.url())});
  all_down();
  // The receiver has a message before its sender knows.
  ASSERT_TRUE(wait_until([&] {
    const auto targets = dispatcher_->stats().targets;
    return !targets.empty() && targets[0].delivered == kServers;
  }));
  EXPECT_EQ(quick.told(), kServers);
  // At 2 s each and kAlertDeliveries at once the slow one needs 250 s.
  EXPECT_LT(slow.told(), kServers / 2);
}

TEST_F(AlertRush, MessagesOfAThousandServersAreMadeDurableTogether) {
  Receiver quick;
  start({hook("quick", quick.url())});
  const auto began = std::chrono::steady_clock::now();
  all_down();
  ASSERT_TRUE(wait_until([&] { return quick.told() == kServers; }));
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("ms", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  dispatcher_->stop();
  const auto book = prober::AlertBook::open(folder_.file("alerts"), {}, nullptr);
  ASSERT_TRUE(book);
  EXPECT_EQ((*book)->stats().open_incidents, kServers);
  EXPECT_EQ((*book)->stats().pending, 0U);
}

}  // namespace
}  // namespace nines::prober_test
