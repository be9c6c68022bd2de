// A history of a few servers that can be written over and over: operation number i is the same each time, and each
// result carries the number of the operation that wrote it. Ledger holds what has to be found after a fault.
//
// Threads: History from any thread; a Ledger from one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <nines/store.h>

namespace nines::test {

struct Operation {
  std::vector<CheckResult> results;
  Durability durability = Durability::buffered;
};

class History {
 public:
  static constexpr std::uint32_t kServers = 4;
  /// The first time that anything is written for.
  static constexpr std::int64_t kStartMs = 1'780'000'000'000;

  explicit History(std::uint64_t seed) : seed_(seed) {}
  /// About ten results in time order, of one server or several; now and then late ones that replace others.
  [[nodiscard]] Operation operation(std::uint64_t number) const;
  /// After all times of operations below `end`.
  [[nodiscard]] static TimeMs end_time(std::uint64_t end);
  /// The servers 1 to kServers, in a new store.
  static void add_servers(Store& store);
  /// Small buffers, so that little data makes many files, and a clock far behind all times.
  [[nodiscard]] static Options options();

 private:
  std::uint64_t seed_;
};

/// The results of each server, by time and location.
using Contents = std::map<ServerId, std::vector<CheckResult>>;
/// Everything of the history's servers in `store`; nothing, and a failed test, when a read fails.
[[nodiscard]] Contents contents_of(const Store& store);
/// The same, or the first error.
[[nodiscard]] Result<Contents> try_contents_of(const Store& store);

/// What a run of operations leaves, in their order.
class Ledger {
 public:
  void apply(const Operation& operation);
  [[nodiscard]] Contents contents() const;
  /// Whether `found` is what this ledger holds after the first n operations of `history` from `begin` on, for an n in
  /// [at_least, at_most]. Applies them, and returns n. Nothing when there is none: then the ledger is as before.
  [[nodiscard]] std::optional<std::uint64_t> match_prefix(const Contents& found, const History& history,
                                                          std::uint64_t begin, std::uint64_t at_least,
                                                          std::uint64_t at_most);

 private:
  std::map<ServerId, std::map<std::pair<TimeMs, LocationId>, CheckResult>> servers_;
};

/// Fails the running test where a server's day summaries are not those of its results.
void expect_true_summaries(const Store& store);

}  // namespace nines::test
