// `nines alert test`: a made-up outage on its way to whom a configuration names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

/// A service that answers every message with `status`.
class Receiver {
 public:
  explicit Receiver(int status) {
    server_.Post(".*", [this, status](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(request.body);
      response.status = status;
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hooks/s3cret"; }
  [[nodiscard]] std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> bodies_;  // guarded by mutex_
};

class AlertCommand : public ::testing::Test {
 protected:
  Finished test(const std::string& alert, const std::string& name) const {
    const std::string file =
        dir_.write("n.yaml", "alerts:\n  - " + alert + "\nservers: [{name: a, url: \"http://localhost/\"}]\n");
    return nines({"alert", "test", name, "--config", file});
  }
  TempDir dir_;
};

TEST_F(AlertCommand, BeginAndEndAreSent) {
  Receiver receiver(204);
  const Finished finished = test("{name: team, discord: \"" + receiver.url() + "\"}", "team");
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("team took the message `down`"));
  EXPECT_THAT(finished.err, HasSubstr("team took the message `resolved`"));
  ASSERT_EQ(receiver.bodies().size(), 2U);
  EXPECT_EQ(Json::parse(receiver.bodies()[0])["embeds"][0]["title"], "nines test is down");
  EXPECT_EQ(Json::parse(receiver.bodies()[1])["embeds"][0]["title"], "nines test is up again");
}

TEST_F(AlertCommand, RefusalIsToldWithoutTheSecret) {
  Receiver receiver(404);
  const Finished finished = test("{name: team, mattermost: \"" + receiver.url() + "\"}", "team");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err,
              HasSubstr("`team` did not take the message `down`: http_status, status 404; it never will"));
  EXPECT_THAT(finished.err, ::testing::Not(HasSubstr("s3cret")));
}

TEST_F(AlertCommand, AlertIsFoundByItsName) {
  const Finished finished = test("{name: team, exec: [\"true\"]}", "taem");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("has no alert `taem`; it has team"));
  EXPECT_EQ(test("{name: team, exec: [\"true\"]}", "team").code, 0);
  EXPECT_EQ(test("{name: team, exec: [\"false\"]}", "team").code, 1);
  EXPECT_EQ(nines({"alert", "test", "team", "--config", dir_.path("none.yaml")}).code, 1);
}

TEST_F(AlertCommand, SecretThatIsNotThereIsNamed) {
  const Finished finished = test("{name: team, slack: {environment: NINES_TEST_NO_SUCH_URL}}", "team");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("NINES_TEST_NO_SUCH_URL"));
}

}  // namespace
}  // namespace nines::tools::testing
