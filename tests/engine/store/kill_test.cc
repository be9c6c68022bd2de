// kill -9 at a random moment, over and over on the same store. What the writer was told is safe from a crash of its
// process is there afterwards, as a beginning of what it wrote, without a hole.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <random>
#include <thread>

#include "engine/store/crash_message.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"

namespace nines::test {
namespace {

using std::chrono::microseconds;

/// A running nines_crash_writer.
class CrashWriter {
 public:
  CrashWriter(const std::string& path, std::uint64_t seed, std::uint64_t begin) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    const std::string seed_text = std::to_string(seed);
    const std::string begin_text = std::to_string(begin);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(NINES_CRASH_WRITER, NINES_CRASH_WRITER, path.c_str(), seed_text.c_str(), begin_text.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~CrashWriter() {
    if (pid_ > 0) static_cast<void>(kill());
    if (pipe_ >= 0) ::close(pipe_);
  }
  CrashWriter(const CrashWriter&) = delete;
  CrashWriter& operator=(const CrashWriter&) = delete;

  /// The next message; blocks. False at the end, when the writer is gone.
  [[nodiscard]] bool next(CrashMessage& message) const {
    return ::read(pipe_, &message, sizeof message) == static_cast<ssize_t>(sizeof message);
  }
  /// Kills it; true when it was still running, rather than having ended by itself.
  [[nodiscard]] bool kill() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

class Kill : public ::testing::Test {
 protected:
  static constexpr int kQuickRounds = 100;
  static constexpr std::uint64_t kSeed = 11;

  void SetUp() override {
    auto store = Store::open(path_, History::options());
    ASSERT_TRUE(store) << store.error().message;
    History::add_servers(**store);
    ASSERT_TRUE((*store)->close());
  }

  /// Lets a writer go on from operation `begin_`, kills it, and looks at what is there.
  void round() {
    CrashWriter writer(path_, kSeed, begin_);
    CrashMessage message;
    const bool while_opening = random_() % 8 == 0;
    if (!while_opening) {
      ASSERT_TRUE(writer.next(message)) << "the writer could not open the store";
    }
    std::this_thread::sleep_for(microseconds{random_() % 12'000});
    ASSERT_TRUE(writer.kill()) << "the writer ended by itself";
    std::uint64_t issued = 0;
    std::uint64_t acknowledged = 0;
    while (writer.next(message)) {
      if (message.kind == CrashMessage::Kind::begun) issued = message.number + 1 - begin_;
      if (message.kind == CrashMessage::Kind::acknowledged) acknowledged = message.number + 1 - begin_;
    }
    operations_ += issued;
    check(acknowledged, issued);
    begin_ += issued;
  }

  void check(std::uint64_t acknowledged, std::uint64_t issued) {
    auto store = Store::open(path_, History::options());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE(ledger_.match_prefix(contents_of(**store), History(kSeed), begin_, acknowledged, issued))
        << "the store does not hold " << acknowledged << " to " << issued << " operations from " << begin_ << " on";
    recovered_ += static_cast<int>((*store)->open_report().recovered);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  std::mt19937_64 random_{kSeed};
  Ledger ledger_;
  std::uint64_t begin_ = 0;
  std::uint64_t operations_ = 0;
  int recovered_ = 0;
};

TEST_F(Kill, LosesNothingThatWasSafeFromIt) {
  for (int i = 0; i < kQuickRounds * long_share() && !HasFailure(); ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    round();
  }
  EXPECT_GT(operations_, 0U);
  EXPECT_GT(recovered_, 0) << "no open report says that the last writer did not close the store";
  auto store = Store::open(path_, History::options());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_FALSE((*store)->open_report().recovered) << (*store)->open_report().warnings.front();
  expect_true_summaries(**store);
}

}  // namespace
}  // namespace nines::test
