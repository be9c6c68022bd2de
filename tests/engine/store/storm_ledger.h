// What several appenders were told about each of their results, kept in a file that outlives the process: the next
// process, or the one that killed it, compares the store with it.
//
// Threads: an appender's numbers are written by that appender alone; all of it may be read from any thread or process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <nines/store.h>

namespace nines::test {

/// What is known of a result, in the order of what it promises.
enum class Fate : std::uint8_t {
  none = 0,      ///< never begun
  begun = 1,     ///< handed to the store: may be there or not
  buffered = 2,  ///< acknowledged at that level
  process = 3,
  disk = 4,
};

class StormLedger {
 public:
  static constexpr std::uint32_t kAppenders = 8;
  static constexpr std::uint32_t kNumbers = 300'000;  ///< results an appender can write
  static constexpr std::uint32_t kBatch = 6;          ///< an append begins at a multiple of it and is as long

  /// A copy of the ledger at about one moment.
  struct Snapshot {
    std::array<std::vector<Fate>, kAppenders> fates;        ///< as long as what was begun
    std::array<std::uint32_t, kAppenders> flushed{};        ///< what was acknowledged below is safe on disk
    std::array<std::uint32_t, kAppenders> in_order_from{};  ///< from here on nothing was refused or lost before
  };

  /// Maps the file `path`, made when it is missing. Ends the process when it cannot.
  explicit StormLedger(const std::string& path);
  ~StormLedger();
  StormLedger(const StormLedger&) = delete;
  StormLedger& operator=(const StormLedger&) = delete;

  /// The numbers below have been begun.
  [[nodiscard]] std::uint32_t begun(std::uint32_t appender) const { return pages_->begun[appender]; }
  void begin(std::uint32_t appender, std::uint32_t end) { pages_->begun[appender] = end; }
  [[nodiscard]] Fate fate(std::uint32_t appender, std::uint32_t number) const {
    return static_cast<Fate>(pages_->fates[appender][number].load());
  }
  void set_fate(std::uint32_t appender, std::uint32_t number, Fate fate) {
    pages_->fates[appender][number] = static_cast<std::uint8_t>(fate);
  }
  void set_flushed(std::uint32_t appender, std::uint32_t end) { pages_->flushed[appender] = end; }

  /// What was promised now, and what has been begun by the time that `between` is over.
  template <class Between>
  [[nodiscard]] Snapshot snapshot(const Between& between) const {
    Snapshot snapshot = promised();
    between();
    for (std::uint32_t i = 0; i < kAppenders; ++i) snapshot.fates[i].resize(begun(i), Fate::begun);
    return snapshot;
  }
  [[nodiscard]] Snapshot snapshot() const {
    return snapshot([] {});
  }
  /// Takes what was found as safe, and everything else below what was begun as lost for good or not; a new process
  /// goes on from there. `found` has a flag for each number.
  void settle(std::uint32_t appender, const std::vector<bool>& found);

 private:
  struct Pages {
    std::array<std::atomic<std::uint32_t>, kAppenders> begun;
    std::array<std::atomic<std::uint32_t>, kAppenders> flushed;
    std::array<std::atomic<std::uint32_t>, kAppenders> in_order_from;
    std::array<std::array<std::atomic<std::uint8_t>, kNumbers>, kAppenders> fates;
  };

  [[nodiscard]] Snapshot promised() const;

  Pages* pages_ = nullptr;
};

/// Result number `number` of an appender: every third goes to the server that all share, the others to its own.
[[nodiscard]] CheckResult storm_result(std::uint32_t appender, std::uint32_t number);
/// Adds the shared server and one for each appender to a new store.
void add_storm_servers(Store& store);
/// Small buffers, and a clock behind all results.
[[nodiscard]] Options storm_options();

/// What of an appender's results is in the store.
using StormFound = std::array<std::vector<bool>, StormLedger::kAppenders>;

/// Fails the running test where `store` lacks what was promised at `level` or above, or holds what was never written;
/// with `in_order` also where an append is there and one before it is not.
[[nodiscard]] StormFound check_storm(const Store& store, const StormLedger::Snapshot& promised, Fate level,
                                     bool in_order);

}  // namespace nines::test
