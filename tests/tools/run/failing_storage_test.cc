// `nines run` while its store cannot be written to. Two servers, of which one fails meanwhile: it is told at once, the
// page says what is wrong, nothing is shown as down that was not, and what was measured is stored afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <sstream>
#include <string>

#include "tools/support/command_line.h"
#include "tools/support/faulty_machine.h"
#include "tools/support/two_servers.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FailingStorage : public TwoServers {
 protected:
  void SetUp() override {
    if (NINES_SANITIZED) GTEST_SKIP() << "a sanitizer stands no preloaded library";
    start(machine_.environment());
  }

  [[nodiscard]] std::string metrics() const { return get(page_, "/metrics").body; }
  [[nodiscard]] bool page_says(const std::string& words) const {
    return get(page_, "/").body.find(words) != std::string::npos;
  }

  /// One server fails while nothing can be stored, and is told.
  void one_fails_meanwhile() {
    fail_one();
    EXPECT_TRUE(eventually([&] { return told() == "down failing\n"; })) << told();
    EXPECT_EQ(get(page_, "/-/healthy").status, 200);
    EXPECT_THAT(metrics(), Not(HasSubstr("\nnines_prober_queue_depth 0\n"))) << "what is measured waits in memory";
  }

  /// Without anybody's help all is stored, and the page does not complain any more.
  void expect_all_stored_afterwards() {
    EXPECT_TRUE(eventually([&] { return metrics().find("\nnines_prober_queue_depth 0\n") != std::string::npos; },
                           std::chrono::seconds{60}))
        << program_->err_so_far();
    EXPECT_TRUE(eventually([&] { return !page_says("Results have not been stored since"); }));
    EXPECT_THAT(metrics(), HasSubstr("\nnines_store_writable 1\n"));
    EXPECT_THAT(metrics(), HasSubstr("\nnines_prober_dropped_total 0\n"));
    mend_it();
    EXPECT_TRUE(eventually([&] { return told() == "down failing\nresolved failing\n"; })) << told();
    program_->signal(SIGTERM);
    const Finished finished = program_->wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
    expect_steady_without_a_gap();
  }

  /// Checks of the steady one follow each other as its interval says, and it was never down.
  void expect_steady_without_a_gap() {
    const std::string rows = nines({"export", "steady", "--format", "ndjson", "--db", store_}).out;
    std::istringstream lines(rows);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_THAT(line, HasSubstr("\"up\"")) << line;
    const Finished uptime = nines({"uptime", "steady", "--json", "--window", "1h", "--db", store_});
    EXPECT_THAT(uptime.out, HasSubstr("\"down\":0")) << uptime.out;
    // Each lasts 2.5 intervals and the timeout; a machine this slow would have said unknown, and not down.
    EXPECT_GT(count, 5);
  }

  const FaultyMachine machine_{data_};
};

TEST_F(FailingStorage, WritesThatFailStopNeitherChecksNorAlertsAndThePageSaysSo) {
  for (const int error : {EIO, ENOSPC}) {
    SCOPED_TRACE(error);
    machine_.fail_writes(error);
    ASSERT_TRUE(eventually([&] { return metrics().find("\nnines_store_writable 0\n") != std::string::npos; }));
    EXPECT_TRUE(eventually([&] { return page_says("Results have not been stored since"); })) << get(page_, "/").body;
    if (error == EIO) {
      EXPECT_TRUE(page_says("Input/output error")) << get(page_, "/").body;
      one_fails_meanwhile();
    }
    machine_.fail_writes(0);
  }
  expect_all_stored_afterwards();
}

TEST_F(FailingStorage, WritesThatDoNotReturnStopNeitherChecksNorAlertsAndThePageSaysSo) {
  machine_.set(FaultyMachine::Field::stalled, 1);
  one_fails_meanwhile();
  EXPECT_TRUE(program_->says("alerts go on without their journal: its disk does not answer"));
  EXPECT_TRUE(eventually([&] { return page_says("the disk does not answer"); })) << get(page_, "/").body;
  machine_.set(FaultyMachine::Field::stalled, 0);
  EXPECT_TRUE(program_->says("the journal of alerts is written again"));
  EXPECT_EQ(told(), "down failing\n");
  expect_all_stored_afterwards();
}

TEST_F(FailingStorage, AlertThatDidNotWaitForTheDiskIsToldAgainAfterAKillAndHasItsEnd) {
  machine_.set(FaultyMachine::Field::stalled, 1);
  one_fails_meanwhile();
  program_->signal(SIGKILL);
  EXPECT_NE(program_->wait().code, 0);
  machine_.set(FaultyMachine::Field::stalled, 0);
  launch(machine_.environment());
  EXPECT_TRUE(eventually([&] { return told() == "down failing\ndown failing\n"; })) << told();
  mend_it();
  EXPECT_TRUE(eventually([&] { return told() == "down failing\ndown failing\nresolved failing\n"; })) << told();
}

}  // namespace
}  // namespace nines::tools::testing
