// A process that is forked while a store is open: the child's copy does nothing, and the child can end and open stores.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

constexpr Window kAll{from_ms(0), kTimeLimit};

/// ThreadSanitizer ends a process whose new thread has the id of one that it knows, and in a child it still knows those
/// that fork() left behind.
#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadsAreFollowed = true;
#else
constexpr bool kThreadsAreFollowed = false;
#endif

/// Runs `child` in a forked child, which ends by `end`, and waits for that. What it returned, or -1 when it hung or
/// died.
int in_child(const std::function<int()>& child, void (*end)(int) = ::_exit) {
  const pid_t pid = ::fork();
  if (pid == 0) end(child());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Fork : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    History::add_servers(*store_);
    append(0, 100);
  }

  void append(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t number = begin; number < end; ++number) {
      const Operation operation = history_.operation(number);
      ASSERT_TRUE(store_->append(operation.results, Durability::buffered));
      ledger_.apply(operation);
    }
  }

  void expect_unharmed() {
    append(100, 200);
    ASSERT_TRUE(store_->close());
    store_.reset();
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    EXPECT_EQ(contents_of(*store_), ledger_.contents());
  }

  const History history_{3};
  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Ledger ledger_;
  std::unique_ptr<Store> store_;
};

TEST_F(Fork, ChildsCopyRefusesEveryCall) {
  const auto cursor = store_->scan(ServerId{1}, kAll, {});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(in_child([&] {
              const auto is_fatal = [](const auto& done) { return !done && done.error().code == ErrorCode::fatal; };
              const CheckResult result = history_.operation(7).results.front();
              if (!is_fatal(store_->append(result, Durability::disk))) return 1;
              if (!is_fatal(store_->flush())) return 2;
              if (!is_fatal(store_->scan(ServerId{1}, kAll, {}))) return 3;
              if (!is_fatal(store_->close())) return 4;
              if (!is_fatal((*cursor)->next())) return 5;
              if (!is_fatal(store_->last_result(ServerId{1}))) return 6;
              return 0;
            }),
            0);
  expect_unharmed();
}

/// A store that this process has opened is a copy in a child, and the child's own is one in the child's child.
TEST_F(Fork, ChildOfAChildRefusesTheCopiesOfBoth) {
  if (kThreadsAreFollowed) GTEST_SKIP() << "ThreadSanitizer may end a child that starts threads";
  EXPECT_EQ(in_child([&] {
              auto own = Store::open(directory_ / "childs", History::options());
              if (!own) return 1;
              return in_child([&] {
                if (store_->flush()) return 2;
                return (*own)->flush() ? 3 : 0;
              });
            }),
            0);
  expect_unharmed();
}

/// The library's handlers of fork() do not run in such a child.
TEST_F(Fork, ChildThatTheSystemMadeRefusesToo) {
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) ::_exit(store_->flush() ? 1 : 0);
  ASSERT_GT(pid, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  expect_unharmed();
}

TEST_F(Fork, ChildMayDestroyItsCopyAndEnd) {
  auto cursor = store_->scan(ServerId{1}, kAll, {});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(in_child([&] {
              cursor->reset();
              store_.reset();
              return 0;
            }),
            0);
  expect_unharmed();
}

TEST_F(Fork, ChildMayOpenAnotherStore) {
  if (kThreadsAreFollowed) GTEST_SKIP() << "ThreadSanitizer may end a child that starts threads";
  // Tests that open a database without the engine give RocksDB threads for the whole process, which exit() would join
  // in the child, that has none of them.
  if (::testing::UnitTest::GetInstance()->test_to_run_count() > 1)
    GTEST_SKIP() << "alone in its process, as ctest does";
  ASSERT_TRUE(store_->close());
  store_.reset();
  EXPECT_EQ(in_child(
                [&] {
                  auto opened = Store::open(directory_ / "childs", History::options());
                  if (!opened) return 1;
                  return (*opened)->close() ? 0 : 2;
                },
                std::exit),  // with all that runs at exit
            0);
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  expect_unharmed();
}

}  // namespace
}  // namespace nines::test
