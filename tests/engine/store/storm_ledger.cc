#include "engine/store/storm_ledger.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "engine/store/read_back.h"

namespace nines::test {
namespace {

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr std::int64_t kStepMs = 20'000;
constexpr std::uint32_t kShareEvery = 3;
constexpr Window kAll{from_ms(0), kTimeLimit};

}  // namespace

StormLedger::StormLedger(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* const pages = file >= 0 && ::ftruncate(file, sizeof(Pages)) == 0
                          ? ::mmap(nullptr, sizeof(Pages), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                          : MAP_FAILED;
  if (file >= 0) ::close(file);
  if (pages == MAP_FAILED) {
    std::perror(path.c_str());
    std::_Exit(1);
  }
  // Zeroed pages are a ledger in which nothing was begun.
  pages_ = static_cast<Pages*>(pages);
}

StormLedger::~StormLedger() {
  ::munmap(pages_, sizeof(Pages));
}

StormLedger::Snapshot StormLedger::promised() const {
  Snapshot snapshot;
  for (std::uint32_t i = 0; i < kAppenders; ++i) {
    snapshot.flushed[i] = pages_->flushed[i];
    snapshot.in_order_from[i] = pages_->in_order_from[i];
    const std::uint32_t end = begun(i);
    for (std::uint32_t number = 0; number < end; ++number) snapshot.fates[i].push_back(fate(i, number));
  }
  return snapshot;
}

void StormLedger::settle(std::uint32_t appender, const std::vector<bool>& found) {
  const std::uint32_t end = begun(appender);
  for (std::uint32_t number = 0; number < end; ++number) {
    set_fate(appender, number, found[number] ? Fate::disk : Fate::begun);
  }
  pages_->in_order_from[appender] = end;
}

CheckResult storm_result(std::uint32_t appender, std::uint32_t number) {
  CheckResult result;
  result.server = ServerId{number % kShareEvery == 0 ? 1 : appender + 2};
  result.location = LocationId{static_cast<std::uint16_t>(appender)};
  result.time = from_ms(kStartMs + number * kStepMs);
  result.interval_ms = static_cast<std::uint32_t>(kStepMs);
  result.state = number % 40 == 11 ? State::down : State::up;
  result.latency_us = number;
  if (result.state == State::down) result.detail = "failure " + std::to_string(number);
  return result;
}

void add_storm_servers(Store& store) {
  // Of a process that was killed some may be there.
  const auto there = static_cast<std::uint32_t>(store.catalog()->servers().size());
  for (std::uint32_t number = there + 1; number <= StormLedger::kAppenders + 1; ++number) {
    Server server;
    server.name = number == 1 ? "shared" : "of appender " + std::to_string(number - 2);
    server.created_at = from_ms(kStartMs);
    const auto id = store.add_server(server);
    ASSERT_TRUE(id) << id.error().message;
    ASSERT_EQ(*id, ServerId{number});
  }
}

Options storm_options() {
  Options options;
  options.disk_reserve_bytes = 1;
  options.clock = [] { return from_ms(kStartMs + 400 * kDayMs); };
  options.performance.seal_rows = 64;
  options.performance.write_buffer_bytes = 128U << 10U;
  options.performance.block_cache_bytes = 1U << 20U;
  return options;
}

namespace {

/// Notes the results of one server; false, and a failed test, when one is not what was written.
bool note_found(const std::vector<CheckResult>& results, const StormLedger::Snapshot& promised, StormFound& found) {
  for (const CheckResult& result : results) {
    const auto appender = static_cast<std::uint32_t>(result.location);
    const std::uint32_t number = result.latency_us.value_or(StormLedger::kNumbers);
    if (appender >= StormLedger::kAppenders || number >= promised.fates[appender].size() ||
        result != storm_result(appender, number) || found[appender][number]) {
      ADD_FAILURE() << "never written: " << describe(result);
      return false;
    }
    found[appender][number] = true;
  }
  return true;
}

void expect_promised(const StormLedger::Snapshot& promised, const StormFound& found, Fate level) {
  for (std::uint32_t i = 0; i < StormLedger::kAppenders; ++i) {
    std::uint32_t lost = 0;
    std::uint32_t first = 0;
    for (std::uint32_t number = 0; number < found[i].size(); ++number) {
      const Fate fate = promised.fates[i][number];
      const bool safe = fate >= level || (fate >= Fate::buffered && number < promised.flushed[i]);
      if (!safe || found[i][number]) continue;
      if (lost++ == 0) first = number;
    }
    EXPECT_EQ(lost, 0U) << "lost of appender " << i << ", the first of them " << describe(storm_result(i, first))
                        << " acknowledged at " << static_cast<int>(promised.fates[i][first]);
  }
}

/// Each append is there only after all before it, and of each server whole.
void expect_in_order(const StormLedger::Snapshot& promised, const StormFound& found) {
  for (std::uint32_t i = 0; i < StormLedger::kAppenders; ++i) {
    bool ended = false;
    for (std::uint32_t begin = promised.in_order_from[i]; begin + StormLedger::kBatch <= found[i].size();
         begin += StormLedger::kBatch) {
      std::array<std::uint32_t, 2> there{};  // of the shared server, and of its own
      for (std::uint32_t number = begin; number < begin + StormLedger::kBatch; ++number) {
        there[number % kShareEvery == 0 ? 0 : 1] += found[i][number] ? 1U : 0U;
      }
      constexpr std::uint32_t kShared = StormLedger::kBatch / kShareEvery;
      constexpr std::uint32_t kOwn = StormLedger::kBatch - kShared;
      ASSERT_TRUE(there[0] == 0 || there[0] == kShared) << "half an append of appender " << i << " at " << begin;
      ASSERT_TRUE(there[1] == 0 || there[1] == kOwn) << "half an append of appender " << i << " at " << begin;
      ASSERT_FALSE(ended && there[0] + there[1] > 0) << "a hole of appender " << i << " before " << begin;
      ended = ended || there[0] + there[1] < StormLedger::kBatch;
    }
  }
}

}  // namespace

StormFound check_storm(const Store& store, const StormLedger::Snapshot& promised, Fate level, bool in_order) {
  StormFound found;
  for (std::uint32_t i = 0; i < StormLedger::kAppenders; ++i) found[i].resize(promised.fates[i].size());
  for (std::uint32_t number = 1; number <= StormLedger::kAppenders + 1; ++number) {
    if (!note_found(read_window(store, ServerId{number}, kAll), promised, found)) return found;
  }
  expect_promised(promised, found, level);
  if (in_order) expect_in_order(promised, found);
  return found;
}

}  // namespace nines::test
