// Reading a store back as plain check results, and checking on the way that what a cursor hands out keeps its contract.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nines/store.h>

namespace nines::test {

/// All results that `cursor` hands out, by time and then location. Fails the running test where a segment breaks the
/// contract of segment.h.
[[nodiscard]] std::vector<CheckResult> read_all(Cursor& cursor, ServerId server, Window window);

/// The results of `server` in `window`, and those up to `lookback` before it.
[[nodiscard]] std::vector<CheckResult> read_window(const Store& store, ServerId server, Window window,
                                                   std::chrono::milliseconds lookback = {});

/// All day summaries of `server` in `range`.
[[nodiscard]] std::vector<DaySummary> read_days(const Store& store, ServerId server, DayRange range,
                                                bool with_sketch = true);

/// A directory of its own that is removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// A path within it.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A result in words, for messages.
[[nodiscard]] std::string describe(const CheckResult& result);

/// Fails the running test, naming the first difference, unless both are the same.
void expect_same(const std::vector<CheckResult>& actual, const std::vector<CheckResult>& expected);
void expect_same(const std::vector<DaySummary>& actual, const std::vector<DaySummary>& expected);

}  // namespace nines::test
