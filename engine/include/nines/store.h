// The store: check results of many servers in one RocksDB directory, each server's history one contiguous key range.
//
// Threads: every member may be called from any thread at any time, except that the destructor and close() must not
// run together with another call, one on a cursor included. Readers never block appenders. Cursors keep their snapshot
// until they are destroyed, or the store is closed (then they return `closed`) or reopens itself after a fault (then
// `unavailable`). They may outlive the store.
//
// Processes: a store belongs to the one that opened it. In a child that was forked while it was open every call returns
// `fatal` and destroying it does nothing; the child may open other stores, and this one once the parent has closed it.
// engine/ARCHITECTURE.md, "What a host must know", has all rules of this kind.
//
// Exceptions: none leaves a call that returns a Result. A lack of memory or of threads is `unavailable`; what a visit
// throws is `invalid_argument`, and ends its scan.
//
// Consistency: what a cursor hands out is one server's history at one moment. Two servers of one bulk scan may be
// seen at slightly different moments, and so may two days of a DayCursor; an append of many results is atomic within
// each server.
//
// Format: engine/FORMAT.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/backup.h>
#include <nines/check_result.h>
#include <nines/cursor.h>
#include <nines/options.h>
#include <nines/result.h>
#include <nines/segment.h>
#include <nines/server.h>
#include <nines/summary.h>
#include <nines/types.h>

namespace nines {

/// All servers at one moment. Immutable; hold it as long as you like.
class Catalog {
 public:
  virtual ~Catalog() = default;
  /// Ascending by id.
  [[nodiscard]] virtual std::span<const Server> servers() const noexcept = 0;
  /// Null when there is none.
  [[nodiscard]] virtual const Server* find(ServerId id) const noexcept = 0;
  [[nodiscard]] virtual const Server* find(std::string_view name) const noexcept = 0;
};

/// Counters and sizes of an open store.
struct StoreStats {
  std::uint64_t servers = 0;
  std::uint64_t disk_bytes = 0;   ///< files of the store, logs included
  std::uint64_t recent_rows = 0;  ///< results not yet sealed
  std::uint64_t head_results = 0;
  std::uint64_t head_bytes = 0;
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t memtable_bytes = 0;
  std::uint64_t appended = 0;       ///< results appended since open
  std::uint64_t sealed_chunks = 0;  ///< chunks written since open
  std::uint64_t reopened = 0;       ///< times the store closed and opened itself after a fault
  ScanCost reads;                   ///< all reads since open
};

/// Whether a store takes results now.
struct Health {
  bool writable = true;
  TimeMs since{};  ///< by Options::clock: when that changed last; when the store was opened, if it never did
  Error why;       ///< what keeps it from writing; no message when it is writable
};

/// A result of an append that was not stored, and why.
struct Rejected {
  std::size_t index = 0;  ///< in the append's results
  Error error;
};

/// Something of a store that is not as it has to be.
struct Damage {
  ServerId server{};  ///< 0 when it is not known which
  Window window;      ///< the times that may be touched; empty when they are not known
  std::string what;   ///< a sentence, with the key where there is one
};

/// What `verify` looked at, and found.
struct VerifyReport {
  /// So many damages are listed; all are counted.
  static constexpr std::size_t kMaxDamage = 1000;
  std::uint64_t servers = 0;
  std::uint64_t chunks = 0;
  std::uint64_t rows = 0;
  std::uint64_t summaries = 0;
  std::uint64_t results = 0;
  std::uint64_t damages = 0;   ///< 0 when all is well
  std::vector<Damage> damage;  ///< the first of them, server by server
};

class Store {
 public:
  /// Opens `path` for writing; creates it when missing and allowed. Reads back what of the log is not sealed: after a
  /// kill a second for ten thousand servers, after a close hardly anything.
  /// Errors: not_a_store, newer_format, locked, corruption, io, invalid_argument (options).
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path, Options options = {});
  /// Opens `path` without its lock, while another process may be writing. Sees what had been written at open or at
  /// the last refresh(). Writing calls return `read_only`.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open_read_only(const std::string& path, Options options = {});
  virtual ~Store() = default;

  [[nodiscard]] virtual const OpenReport& open_report() const noexcept = 0;

  // --- Catalog. Reads touch memory only, never a check result. ---
  /// The catalog of this moment, which stays as it is. It has to be held while what it hands out is used: a loop over
  /// `catalog()->servers()` alone does not hold it.
  [[nodiscard]] virtual std::shared_ptr<const Catalog> catalog() const = 0;
  /// Adds a server; `server.id` is ignored and given anew, a zero `created_at` becomes now. This and
  /// the next two are durable at `process` on return, and at `disk` after flush().
  /// Errors: already_exists (the name), invalid_argument (names the field).
  [[nodiscard]] virtual Result<ServerId> add_server(Server server) = 0;
  /// Replaces the entry with `server.id`, its name included. Errors: not_found, already_exists, invalid_argument.
  [[nodiscard]] virtual Result<void> update_server(const Server& server) = 0;
  /// Removes the server and all of its history. Its id is not used again. Errors: not_found.
  [[nodiscard]] virtual Result<void> remove_server(ServerId id) = 0;

  // --- Writing. ---
  /// Stores `results` in any order, of any servers, late or repeated; the last of equal keys wins. Atomic within each
  /// server. All are checked before any is stored. Errors: not_found (unknown server); out_of_range (before 1970, more
  /// than Options::max_ahead in the future, older than retention keeps, a detail or latency over its limit);
  /// invalid_argument (no result, a state of the catalog's); out_of_space, unavailable, fatal.
  [[nodiscard]] virtual Result<void> append(std::span<const CheckResult> results, Durability durability) = 0;
  [[nodiscard]] Result<void> append(const CheckResult& result, Durability durability) {
    return append(std::span(&result, 1), durability);
  }
  /// The same for callers whose results have nothing to do with each other: stores those that can be, and returns the
  /// others, ascending. An error means that none was stored: invalid_argument (no result), out_of_space, unavailable,
  /// fatal.
  [[nodiscard]] virtual Result<std::vector<Rejected>> append_each(std::span<const CheckResult> results,
                                                                  Durability durability) = 0;
  /// Stores much history of one server at once, sealed directly. `results` ascend by time; what exists already for
  /// the same keys is replaced. Durable at `disk` after the next flush() or close(). Errors as append.
  [[nodiscard]] virtual Result<void> load(ServerId server, std::span<const CheckResult> results) = 0;
  /// Erases the results of a server in `window`, of all locations or of one, wherever they are stored; returns how many
  /// there were. Atomic in pieces of about 1 MiB. Errors: not_found, corruption, unavailable, fatal.
  [[nodiscard]] virtual Result<std::uint64_t> erase(ServerId server, Window window,
                                                    std::optional<LocationId> location) = 0;
  [[nodiscard]] Result<std::uint64_t> erase(ServerId server, Window window) { return erase(server, window, {}); }
  /// Makes everything appended so far durable at `disk`. After a failed write, once the store has opened itself anew,
  /// that includes what had been acknowledged at a lower level before; until then it is an error.
  [[nodiscard]] virtual Result<void> flush() = 0;

  // --- Reading. ---
  /// One range scan over one server. Errors: not_found, invalid_argument, unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<Cursor>> scan(ServerId server, Window window,
                                                             const ScanOptions& options) const = 0;
  /// One range scan for each of `servers`; `visit` gets each server's cursor once, in the order of `servers` within a
  /// thread. With scan_threads > 1 it is called from several threads at once. A server that is unknown or cannot be
  /// read is visited like all others, and its cursor's next() returns the error. A visit that returns an error stops
  /// the scan, which returns it; it must not throw.
  using Visit = std::function<Result<void>(std::size_t index, Cursor& cursor)>;
  [[nodiscard]] virtual Result<ScanCost> scan_many(std::span<const ServerId> servers, Window window,
                                                   const ScanOptions& options, const Visit& visit) const = 0;
  /// Summaries of the days in `range`. `with_sketch` false leaves DaySummary::latency empty, which is faster.
  [[nodiscard]] virtual Result<std::unique_ptr<DayCursor>> days(ServerId server, DayRange range,
                                                                bool with_sketch) const = 0;
  using VisitDays = std::function<Result<void>(std::size_t index, DayCursor& cursor)>;
  [[nodiscard]] virtual Result<ScanCost> days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                                   const VisitDays& visit) const = 0;
  /// The newest result of a server, from memory where the head holds it; of one moment, that of the highest location.
  /// No value when it has none.
  [[nodiscard]] virtual Result<std::optional<CheckResult>> last_result(ServerId server) const = 0;
  /// The newest `count` results of a server before `before`, newest first, and those that share the time of the last of
  /// them: to go on backwards, ask again before that time. Fewer when there are no more. Errors: as scan, and
  /// invalid_argument for a count of 0 or above kMaxNewest.
  static constexpr std::size_t kMaxNewest = 100'000;
  [[nodiscard]] Result<std::vector<CheckResult>> newest(ServerId server, TimeMs before, std::size_t count) const;
  /// The time of the first result that anything is known of: one that is stored, or that a day summary has outlived. No
  /// value without one. Reads a summary or a day. Errors: as days.
  [[nodiscard]] Result<std::optional<TimeMs>> first_result(ServerId server) const;
  /// Read-only stores: see what has been written since. A no-op on a writing store.
  [[nodiscard]] virtual Result<void> refresh() = 0;

  // --- Care. ---
  /// Seals all rows into chunks. Never needed for correctness.
  [[nodiscard]] virtual Result<void> seal() = 0;
  /// Drops the days that retention no longer keeps, and gives the space back.
  [[nodiscard]] virtual Result<void> apply_retention() = 0;
  /// Seals, writes missing day summaries, and rewrites all files without what was deleted.
  [[nodiscard]] virtual Result<void> compact() = 0;
  /// Reads every block, decodes every value, and compares them with each other: that times ascend and chunks do not
  /// overlap, that rows are later than chunks, that day summaries are those of their results, that everything belongs
  /// to a server of the catalog. Goes on behind damage, which is reported and no error; blocks nobody. Errors: io (too
  /// few descriptors, for one), unavailable.
  [[nodiscard]] virtual Result<VerifyReport> verify() const = 0;
  /// A checked copy in the new directory `path`, outside of the store, as of one moment during the call; others write
  /// meanwhile. It grows in PATH.tmp and has its name when it is whole; what an interrupted one has left there is gone
  /// on with. Read-only stores may, too. nines/backup.h says what a backup is. Errors: invalid_argument (`path` exists
  /// or lies in the store), out_of_space, io, corruption (what is damaged is not copied), locked
  /// (another one to the same path goes on), unavailable (ended by `options.progress`, or by a reopening after a failed
  /// write; or a writer in another process changed the store during each attempt).
  [[nodiscard]] virtual Result<BackupReport> backup(const std::string& path, const BackupOptions& options) = 0;
  [[nodiscard]] Result<BackupReport> backup(const std::string& path) { return backup(path, BackupOptions{}); }
  [[nodiscard]] virtual StoreStats stats() const = 0;
  /// Costs a look at memory. A store that cannot write tries again by itself with the next writing call.
  [[nodiscard]] virtual Health health() const = 0;
  /// Grows with each change of the catalog, the results or their summaries since the store was opened, and with
  /// refresh(). As long as it is the same, so are all answers. Costs a look at memory.
  [[nodiscard]] virtual std::uint64_t changes() const = 0;
  /// Flushes, rewrites single results that were sealed meanwhile (together some MB, so that the next open need not pass
  /// over them), and closes; afterwards every call that returns a Result returns `closed`, but for another close(). The
  /// destructor does the same, silently.
  [[nodiscard]] virtual Result<void> close() = 0;
};

}  // namespace nines
