#include "engine/store/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "engine/store/read_back.h"
#include "support/model_store.h"

namespace nines::test {
namespace {

/// Time between two operations; within it an operation's results are a step apart.
constexpr std::int64_t kOperationMs = 900'000;
constexpr std::int64_t kStepMs = 30'000;
constexpr Window kAll{from_ms(0), kTimeLimit};

ServerId server_number(int number) {
  return ServerId{static_cast<std::uint32_t>(number)};
}

}  // namespace

TimeMs History::end_time(std::uint64_t end) {
  return from_ms(kStartMs + static_cast<std::int64_t>(end) * kOperationMs);
}

Operation History::operation(std::uint64_t number) const {
  std::mt19937_64 random(seed_ * 1'000'003 + number);
  const auto pick = [&random](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Operation operation;
  operation.durability = static_cast<Durability>(pick(0, 2));
  std::uint64_t place = number;  // whose time it writes for
  if (number > 0 && pick(1, 100) <= 15) place = number - static_cast<std::uint64_t>(pick(1, 150)) % number;
  const bool several = pick(1, 100) <= 20;
  int server = pick(1, kServers);
  const int count = pick(1, 20);
  for (int i = 0; i < count; ++i) {
    if (several) server = pick(1, kServers);
    CheckResult result;
    result.server = server_number(server);
    result.location = LocationId{static_cast<std::uint16_t>(pick(1, 100) <= 10)};
    result.time = end_time(place) + std::chrono::milliseconds{i * kStepMs};
    result.interval_ms = kStepMs;
    result.state = pick(1, 100) <= 90 ? State::up : State::down;
    result.latency_us = static_cast<std::uint32_t>(number * 100) + static_cast<std::uint32_t>(i);
    if (result.state == State::down) {
      result.error = ErrorClass::http_status;
      result.code = 503;
      result.detail = "operation " + std::to_string(number);
    }
    operation.results.push_back(std::move(result));
  }
  return operation;
}

void History::add_servers(Store& store) {
  for (std::uint32_t number = 1; number <= kServers; ++number) {
    Server server;
    server.name = "server " + std::to_string(number);
    server.created_at = from_ms(kStartMs);
    const auto id = store.add_server(server);
    ASSERT_TRUE(id) << id.error().message;
    ASSERT_EQ(*id, ServerId{number});
  }
}

Options History::options() {
  Options options;
  options.disk_reserve_bytes = 1;  // as good as none, but it is looked at
  options.clock = [] { return end_time(1'000'000); };
  options.performance.seal_rows = 64;
  options.performance.write_buffer_bytes = 64U << 10U;
  options.performance.block_cache_bytes = 1U << 20U;
  return options;
}

Result<Contents> try_contents_of(const Store& store) {
  Contents contents;
  const auto catalog = store.catalog();
  for (const Server& server : catalog->servers()) {
    const auto cursor = store.scan(server.id, kAll, {{true, true, true}, {}});
    if (!cursor) return tl::unexpected<Error>(cursor.error());
    // Once without looking, so that an error is the caller's to judge.
    for (;;) {
      const auto segment = (*cursor)->next();
      if (!segment) return tl::unexpected<Error>(segment.error());
      if (*segment == nullptr) break;
    }
    auto results = read_window(store, server.id, kAll);
    if (!results.empty()) contents[server.id] = std::move(results);
  }
  return contents;
}

Contents contents_of(const Store& store) {
  auto contents = try_contents_of(store);
  if (contents) return std::move(*contents);
  ADD_FAILURE() << contents.error().message;
  return {};
}

void Ledger::apply(const Operation& operation) {
  for (const CheckResult& result : operation.results) {
    servers_[result.server].insert_or_assign({result.time, result.location}, result);
  }
}

Contents Ledger::contents() const {
  Contents contents;
  for (const auto& [server, results] : servers_) {
    auto& of_server = contents[server];
    for (const auto& [key, result] : results) of_server.push_back(result);
  }
  return contents;
}

std::optional<std::uint64_t> Ledger::match_prefix(const Contents& found, const History& history, std::uint64_t begin,
                                                  std::uint64_t at_least, std::uint64_t at_most) {
  Ledger trial = *this;
  for (std::uint64_t applied = 0; applied <= at_most; ++applied) {
    if (applied > 0) trial.apply(history.operation(begin + applied - 1));
    if (applied < at_least || trial.contents() != found) continue;
    *this = std::move(trial);
    return applied;
  }
  return std::nullopt;
}

void expect_true_summaries(const Store& store) {
  for (const auto& [server, results] : contents_of(store)) {
    std::map<std::int64_t, std::vector<const CheckResult*>> days;
    for (const CheckResult& result : results) days[utc_day(to_ms(result.time))].push_back(&result);
    std::vector<DaySummary> expected;
    for (const auto& [day, of_day] : days) expected.push_back(summarise(day, of_day, true));
    const DayRange range{utc_day(History::kStartMs) - 1, days.rbegin()->first + 1};
    expect_same(read_days(store, server, range), expected);
    // Those of the closed days, as bars ask for them, twice: what was read once may stay in memory, and has to leave it
    // when one of the next operations changes such a day.
    if (expected.back().day == days.rbegin()->first) expected.pop_back();
    for (DaySummary& day : expected) day.latency.clear();
    for (int i = 0; i < 2; ++i) {
      expect_same(read_days(store, server, {range.first, days.rbegin()->first}, false), expected);
    }
  }
}

}  // namespace nines::test
