// What a host may count on around a store: nothing grows, nothing of the host's is touched, several live side by side.
#include <dirent.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tools/c/support.h"

namespace nines::tests {
namespace {

class CLifecycle : public CStore {};

int entries_of(const char* folder) {
  DIR* const dir = ::opendir(folder);
  if (dir == nullptr) return -1;
  int count = 0;
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// What is allocated and not given back; how much an allocator keeps for it varies with the threads that came by.
std::size_t allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(CLifecycle, OpeningAndClosingAThousandTimesLeavesNothingBehind) {
  const auto open_and_close = [&] {
    nines_store* store = nullptr;
    ASSERT_EQ(nines_open(path("again").c_str(), nullptr, &store, &error_), NINES_OK) << error_.message;
    ASSERT_EQ(nines_close(store, &error_), NINES_OK) << error_.message;
  };
  constexpr int kWarmUp = 100;
  for (int i = 0; i < kWarmUp; ++i) open_and_close();
  const int descriptors = entries_of("/proc/self/fd");
  const int threads = entries_of("/proc/self/task");
  const std::size_t memory = allocated_bytes();
  for (int i = kWarmUp; i < 1000; ++i) open_and_close();
  EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries_of("/proc/self/task"), threads);
  // Half a kilobyte each time would be visible.
  EXPECT_LT(allocated_bytes(), memory + (400U << 10U));
}

TEST_F(CLifecycle, ClosingJoinsTheThreads) {
  const int before = entries_of("/proc/self/task");
  nines_store* store = nullptr;
  ASSERT_EQ(nines_open(path("other").c_str(), nullptr, &store, &error_), NINES_OK) << error_.message;
  nines_prober* prober = nullptr;
  ASSERT_EQ(nines_prober_create(store, nullptr, &prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_start(prober, &error_), NINES_OK) << error_.message;
  EXPECT_GT(entries_of("/proc/self/task"), before);
  nines_prober_free(prober);
  ASSERT_EQ(nines_close(store, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(entries_of("/proc/self/task"), before);
}

TEST_F(CLifecycle, SeveralStoresOfAProcessKnowNothingOfEachOther) {
  constexpr int kStores = 5;
  std::vector<nines_store*> stores(kStores);
  for (int i = 0; i < kStores; ++i) {
    ASSERT_EQ(nines_open(path(std::to_string(i)).c_str(), nullptr, &stores[static_cast<std::size_t>(i)], &error_),
              NINES_OK);
    nines_server server = NINES_INIT(nines_server);
    const std::string name = "server-" + std::to_string(i);
    server.name = name.c_str();
    server.created_at_ms = kNoonMs;
    std::uint32_t id = 0;
    ASSERT_EQ(nines_add_server(stores[static_cast<std::size_t>(i)], &server, &id, &error_), NINES_OK);
    for (int minute = 0; minute <= i; ++minute) {
      nines_result result = result_at(minute);
      result.server = id;
      ASSERT_EQ(nines_append(stores[static_cast<std::size_t>(i)], &result, NINES_PROCESS, &error_), NINES_OK);
    }
  }
  ASSERT_EQ(nines_close(stores[0], &error_), NINES_OK);
  for (int i = 1; i < kStores; ++i) {
    nines_store* const store = stores[static_cast<std::size_t>(i)];
    std::uint32_t id = 0;
    EXPECT_EQ(nines_find_server(store, ("server-" + std::to_string(i)).c_str(), &id, &error_), NINES_OK);
    const nines_query query = hour();
    nines_figures figures = NINES_INIT(nines_figures);
    EXPECT_EQ(nines_uptime(store, id, &query, &figures, &error_), NINES_OK) << error_.message;
    EXPECT_EQ(figures.checks, static_cast<std::uint64_t>(i) + 1);
    EXPECT_EQ(nines_close(store, &error_), NINES_OK);
  }
}

std::vector<struct sigaction> handlers() {
  std::vector<struct sigaction> all(static_cast<std::size_t>(SIGRTMAX) + 1);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    ::sigaction(number, nullptr, &all[static_cast<std::size_t>(number)]);
  }
  return all;
}

TEST_F(CLifecycle, SignalsLocaleAndRoundingOfTheHostAreItsOwn) {
  const auto before = handlers();
  sigset_t blocked_before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked_before);
  const std::string locale = std::setlocale(LC_ALL, nullptr);
  for (int minute = 0; minute < 60; ++minute) {
    nines_result result = result_at(minute);
    result.state = minute % 7 == 0 ? NINES_DEGRADED : NINES_UP;
    result.has_latency = 1;
    result.latency_us = 1000 + static_cast<std::uint32_t>(minute);
    ASSERT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_OK);
  }
  const nines_query query = hour();
  nines_figures nearest = NINES_INIT(nines_figures);
  ASSERT_EQ(nines_uptime(store_, id_, &query, &nearest, &error_), NINES_OK);
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  nines_figures upward = NINES_INIT(nines_figures);
  EXPECT_EQ(nines_uptime(store_, id_, &query, &upward, &error_), NINES_OK);
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(upward.latency_p95_us, nearest.latency_p95_us);
  EXPECT_EQ(std::memcmp(upward.time_ms, nearest.time_ms, sizeof upward.time_ms), 0);

  nines_prober* prober = nullptr;
  ASSERT_EQ(nines_prober_create(store_, nullptr, &prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_watch(prober, id_, "tcp://127.0.0.1:1", &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_start(prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_check_now(prober, id_, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_stop(prober, &error_), NINES_OK) << error_.message;
  nines_prober_free(prober);

  const auto after = handlers();
  for (std::size_t number = 1; number < before.size(); ++number) {
    EXPECT_EQ(before[number].sa_handler, after[number].sa_handler) << number;
  }
  sigset_t blocked_after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked_after);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    EXPECT_EQ(::sigismember(&blocked_before, number), ::sigismember(&blocked_after, number)) << number;
  }
  EXPECT_EQ(locale, std::setlocale(LC_ALL, nullptr));
}

}  // namespace
}  // namespace nines::tests
