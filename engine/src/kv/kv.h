// The seam between the engine and what keeps its bytes: four spaces of ordered keys, with atomic batches and range
// scans, and nothing else. kv_rocksdb.cc stands behind it today; an ordered distributed store could.
//
// Threads: a Kv may be used from any thread; a Batch and a Range belong to one thread at a time. Ranges keep their
// snapshot and must be destroyed before their Kv.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nines/options.h>
#include <nines/result.h>
#include <nines/segment.h>

namespace nines::engine {

/// The spaces of keys; engine/FORMAT.md says what each holds.
enum class Space : std::uint8_t { servers = 0, recent = 1, checks = 2, days = 3 };
inline constexpr std::size_t kSpaceCount = 4;
/// The spaces' names on disk, in the order of the enumeration.
inline constexpr std::array<std::string_view, kSpaceCount> kSpaceNames = {"servers", "recent", "checks", "days"};

/// Changes that happen together or not at all, in the order they were added.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual void put(Space space, std::string_view key, std::string_view value) = 0;
  virtual void erase(Space space, std::string_view key) = 0;
  virtual void clear() = 0;
  [[nodiscard]] virtual bool empty() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// A position in one space, as it was when the Range was made. key() and value() are valid until the next move.
class Range {
 public:
  virtual ~Range() = default;
  /// To the first key >= `key`.
  virtual void seek(std::string_view key) = 0;
  /// To the last key <= `key`.
  virtual void seek_back(std::string_view key) = 0;
  virtual void next() = 0;
  /// False at the end, and after a fault: then status() tells.
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  /// `corruption` or `io` when a move failed.
  [[nodiscard]] virtual Result<void> status() const = 0;
};

/// Ranges over several spaces that see the same moment, in the order they were asked for.
using Ranges = std::vector<std::unique_ptr<Range>>;

struct KvSizes {
  std::uint64_t disk_bytes = 0;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t memtable_bytes = 0;
};

class Kv {
 public:
  virtual ~Kv() = default;

  [[nodiscard]] virtual std::unique_ptr<Batch> batch() const = 0;
  /// Applies `batch`. After the first error the handle must not be written to again.
  [[nodiscard]] virtual Result<void> write(Batch& batch, Durability durability) = 0;
  /// The value of `key`, `not_found` without one.
  [[nodiscard]] virtual Result<std::string> get(Space space, std::string_view key) const = 0;
  /// On a Kv for writing, a range over `recent` may cost as much as sorting what was put there since the last flush:
  /// for opening, verifying and retention.
  [[nodiscard]] virtual Result<Ranges> ranges(std::initializer_list<Space> spaces) const = 0;

  /// Hands the log to the operating system, and syncs it to the device when `sync`.
  [[nodiscard]] virtual Result<void> flush_log(bool sync) = 0;
  /// Writes what is in memory to table files.
  [[nodiscard]] virtual Result<void> flush_tables() = 0;
  /// Rewrites all files of `space` without what was erased; does not hold up writers.
  [[nodiscard]] virtual Result<void> compact(Space space) = 0;
  /// The same when it is worth it: when most of the keys in the files of `space` are erased ones, which a range has to
  /// pass over one by one.
  [[nodiscard]] virtual Result<void> compact_erased(Space space) = 0;
  /// Checks every block's checksum.
  [[nodiscard]] virtual Result<void> verify() const = 0;
  /// A copy in the new directory `path`.
  [[nodiscard]] virtual Result<void> backup(const std::string& path) = 0;
  [[nodiscard]] virtual KvSizes sizes() const = 0;
};

enum class KvMode : std::uint8_t { write, read_only };

/// Opens the Kv of a store. A store opens it anew after a fault, so it must be callable again once the Kv is gone.
using KvOpener = std::function<Result<std::unique_ptr<Kv>>(OpenReport& report)>;

/// Counts the block reads and hits of this thread between construction and take().
class BlockCounter {
 public:
  BlockCounter();
  /// Adds what this thread has read since to `cost`, and begins anew.
  void take(ScanCost& cost);

 private:
  std::uint64_t reads_ = 0;
  std::uint64_t hits_ = 0;
};

}  // namespace nines::engine
