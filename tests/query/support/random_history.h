// Random servers with random histories, and random questions about them: everything that the rules speak of happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include <nines/check_result.h>
#include <nines/query.h>
#include <nines/server.h>

namespace nines::test {

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed);

  [[nodiscard]] Server server();
  /// In the order of writing: late, repeated and out of order. `days` is how much time they cover, roughly.
  [[nodiscard]] std::vector<CheckResult> results(const Server& server, int days);
  [[nodiscard]] Query query();
  [[nodiscard]] Policy policy();
  [[nodiscard]] std::int64_t pick(std::int64_t first, std::int64_t last);  // inclusive
  [[nodiscard]] bool chance(int percent) { return pick(1, 100) <= percent; }

  /// When histories begin.
  [[nodiscard]] TimeMs start() const { return start_; }

 private:
  [[nodiscard]] Rules rules();
  [[nodiscard]] Maintenance maintenance();
  [[nodiscard]] Window window_within(std::int64_t longest_ms);
  [[nodiscard]] TimeMs moment();
  [[nodiscard]] CheckResult result(const Server& server, LocationId location, std::int64_t time_ms, State state);
  void add_series(const Server& server, LocationId location, std::int64_t end_ms, std::vector<CheckResult>& out);

  std::mt19937_64 random_;
  TimeMs start_;
  bool own_intervals_;
  std::int64_t length_ms_ = 0;
  std::vector<TimeMs> landmarks_;  // times of results and edges: windows like to begin and end there
};

/// The server with all its times later by `by`; recurring maintenance stays where the calendar puts it.
[[nodiscard]] Server shifted(Server server, std::chrono::days by);

}  // namespace nines::test
