// One damaged block of a table: what it holds is lost until a backup is restored, and everything else goes on.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

constexpr std::uint32_t kServers = 40;
constexpr std::int64_t kStartMs = 1'780'012'800'000;  // the beginning of a UTC day

CheckResult result_at(std::uint32_t server, std::int64_t ms) {
  CheckResult result;
  result.server = ServerId{server};
  result.time = from_ms(ms);
  result.state = State::up;
  result.code = 200;
  result.latency_us = static_cast<std::uint32_t>((ms / 60'000 * 2'654'435'761U) % 100'000U);
  result.interval_ms = 60'000;
  return result;
}

TEST(DamagedBlock, MetByACompactionStopsNoWriteOfOthers) {
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  Options options;
  options.disk_reserve_bytes = 1;
  options.clock = [] { return from_ms(kStartMs + 3 * kDayMs); };
  options.performance.head_bytes = 0;
  auto store = open_or_fail(path, options);
  ASSERT_NE(store, nullptr);
  for (std::uint32_t number = 1; number <= kServers; ++number) {
    Server server;
    server.name = "server " + std::to_string(number);
    ASSERT_TRUE(store->add_server(server));
    std::vector<CheckResult> results;
    for (std::int64_t ms = kStartMs; ms < kStartMs + 2 * kDayMs; ms += 60'000) results.push_back(result_at(number, ms));
    ASSERT_TRUE(store->load(ServerId{number}, results));
  }
  ASSERT_TRUE(store->compact());
  ASSERT_TRUE(store->close());
  store.reset();

  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
    file << "damage";
  }

  store = open_or_fail(path, options);
  ASSERT_NE(store, nullptr);
  const auto append_to_all = [&](std::int64_t ms) {
    std::uint32_t stored = 0;
    for (std::uint32_t number = 1; number <= kServers; ++number) {
      if (store->append(result_at(number, ms), Durability::process)) ++stored;
    }
    return stored;
  };
  EXPECT_EQ(append_to_all(kStartMs + 2 * kDayMs), kServers) << "rows need no chunk";
  for (int round = 1; round <= 5; ++round) {
    EXPECT_FALSE(store->compact());
    EXPECT_LE(store->stats().recent_rows, 4U * round) << "of the servers whose block it is; the others' are sealed";
    EXPECT_EQ(append_to_all(kStartMs + 2 * kDayMs + round * 60'000), kServers);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  EXPECT_EQ(store->stats().reopened, 0U);
}

}  // namespace
}  // namespace nines::test
