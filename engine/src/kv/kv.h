// The seam between the engine and what keeps its bytes: spaces of ordered keys, divided by server. kv/rocksdb stands
// behind it today; an ordered distributed store, in which each server is an object of its own, could.
//
// What the engine asks for, and no more: batches that are atomic within one server; reading one server's keys as they
// were at one moment; going through a whole space. Nothing is promised across servers, neither atomicity nor order.
// What only a store on this machine's disk has (a log, table files, compaction, copies) is apart, in LocalCare.
//
// Keys begin with their server's number, four bytes, big-endian (codec/key.h).
//
// Faults. The outcome of a write is one of three: applied, not applied, unknown. After an unknown one the store calls
// fence() and reads that server anew before it writes to it again. A Kv whose fence() fails is at its end: it is
// destroyed and opened anew. Reading reports `corruption` (these bytes are damaged; others may be read), `io` (not now)
// or `unavailable` (the view is over, see View).
//
// Threads: a Kv may be used from any thread. Writes of one server do not overlap in time: the store sees to that. A
// Batch, and a View with its ranges, belong to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/backup.h>
#include <nines/check_result.h>
#include <nines/options.h>
#include <nines/result.h>
#include <nines/segment.h>

#include "kv/batch.h"

namespace nines::engine {

/// What became of a batch.
struct Outcome {
  enum class Applied : std::uint8_t {
    no,       ///< and it never will be
    yes,      ///< readers see it, and it is as durable as was asked for
    unknown,  ///< it may be there, or may still come, until fence()
  };
  Applied applied = Applied::no;
  Error error;  ///< why, unless it was applied

  [[nodiscard]] bool ok() const noexcept { return applied == Applied::yes; }
  [[nodiscard]] Result<void> result() const {
    return ok() ? Result<void>{} : Result<void>(tl::unexpected<Error>(error));
  }
};

/// Keys from one bound to another, ascending. key() and value() are valid until the next move of this range.
class Range {
 public:
  virtual ~Range() = default;
  virtual void next() = 0;
  /// False at the end, and after a fault: then status() tells.
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  /// Empty in a range of keys only.
  [[nodiscard]] virtual std::string_view value() const = 0;
  /// `corruption`, `io` or `unavailable` when a move failed.
  [[nodiscard]] virtual Result<void> status() const = 0;
};

struct Reading {
  bool values = true;       ///< false: keys only, which may be much less to read
  std::uint32_t limit = 0;  ///< at most so many keys; 0 is all of them
};

/// How many blocks were read, and how many of those were in memory already. Of the calling thread, ever growing.
struct ReadCounts {
  std::uint64_t reads = 0;
  std::uint64_t hits = 0;
};

/// Some spaces of one server as they were at one moment, or one space of all servers, each of them as it was at one
/// moment. Outlives its Kv without harm.
///
/// A view can be over before it is destroyed: its Kv went, or it reads in pages and the server has changed. Its ranges
/// are then at their end with the status `unavailable`; whoever reads takes a new view and goes on behind the last key.
class View {
 public:
  virtual ~View() = default;
  /// Makes it a view of another server, as that was at any moment since the view was made; its ranges end. Cheaper than
  /// a new view. Requires: a view of one server.
  virtual void move_to(ServerId server) = 0;
  /// The keys of `space` in [from, to). One range at a time for each space: the next one takes its place, and it lives
  /// as long as the view. In a view of all servers an empty `to` is the end of the space.
  /// Requires: the bounds lie within the view's server, and the view was made with `space`.
  ///
  /// On a Kv for writing, a view with `recent` may cost as much as reading the log: for loading and verifying.
  [[nodiscard]] virtual Range& range(Space space, std::string_view from, std::string_view to, Reading reading = {}) = 0;
  /// The same range, with the last key of it alone.
  [[nodiscard]] virtual Range& last(Space space, std::string_view from, std::string_view to) = 0;
  [[nodiscard]] virtual bool is_over() const = 0;
  [[nodiscard]] virtual ReadCounts read_counts() const = 0;

 private:
  friend class ViewUse;
  [[nodiscard]] virtual bool begin_use() = 0;
  virtual void end_use() = 0;
};

/// Keeps a view from being over while its ranges are read, and counts what that reads. Whoever holds on to a view
/// without its Kv reads within one of these, soon lets go of it, and takes no lock and makes no call of the store
/// meanwhile: closing and reopening wait for it.
class ViewUse {
 public:
  ViewUse(View& view, ScanCost& cost) : view_(view), cost_(cost), begun_(view.begin_use()) {
    if (begun_) before_ = view.read_counts();
  }
  ~ViewUse() {
    if (!begun_) return;
    const ReadCounts now = view_.read_counts();
    cost_.block_reads += now.reads - before_.reads;
    cost_.block_hits += now.hits - before_.hits;
    view_.end_use();
  }
  ViewUse(const ViewUse&) = delete;
  ViewUse& operator=(const ViewUse&) = delete;

  /// `unavailable` when the view is over.
  [[nodiscard]] Result<void> begun() const {
    if (begun_) return {};
    return fail(ErrorCode::unavailable, "what was being read has been closed or reopened meanwhile; read it again");
  }

 private:
  View& view_;
  ScanCost& cost_;
  ReadCounts before_;
  bool begun_;
};

struct KvSizes {
  std::uint64_t disk_bytes = 0;   ///< all files, logs included
  std::uint64_t table_bytes = 0;  ///< table files in use
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t memtable_bytes = 0;
};

/// When a part of a space is rewritten without what was erased from it.
enum class Erased : std::uint8_t {
  any,   ///< of its keys
  most,  ///< so that it costs no more than it gives back
};

/// What a store on this machine's disk can be told and asked beyond its keys. Blocking calls, from any thread.
class LocalCare {
 public:
  virtual ~LocalCare() = default;
  /// Hands the log to the operating system, and syncs it to the device when `sync`.
  [[nodiscard]] virtual Result<void> flush_log(bool sync) = 0;
  /// Tells `visit` of each server that had rows of `recent` when this was opened: how many they are, and what memory
  /// they take until take_rows(). False when there is no such short way to them; they are then read through a view.
  [[nodiscard]] virtual bool find_rows(
      const std::function<void(ServerId, std::size_t rows, std::size_t bytes)>& visit) = 0;
  /// Those rows, ascending by key, once and for all: it gives up their memory. Requires: find_rows() told of them, and
  /// none of the server has been written since. Other servers' may be taken meanwhile. Errors: corruption, when one
  /// does not decode.
  [[nodiscard]] virtual Result<std::vector<CheckResult>> take_rows(ServerId server) = 0;
  /// When the log is longer than it should be: some of the servers whose rows keep it from becoming shorter, which are
  /// to be sealed, or written again. Each is named once until all have been. Requires: one caller at a time.
  [[nodiscard]] virtual std::vector<ServerId> holding_log(std::size_t most) = 0;
  /// Ends the log, when all is written that is to be, and says in it that the store was closed.
  [[nodiscard]] virtual Result<void> close_log() = 0;
  /// Writes what is in memory to table files.
  [[nodiscard]] virtual Result<void> flush_tables() = 0;
  /// Rewrites all files of `space` without what was erased; does not hold up writers.
  [[nodiscard]] virtual Result<void> compact(Space space) = 0;
  /// The same for the parts of `space` in which it is worth it.
  [[nodiscard]] virtual Result<void> compact_erased(Space space, Erased erased) = 0;
  /// Drops the parts of `checks` all of whose times lie before `end`, whatever they hold, and rewrites nothing for it.
  [[nodiscard]] virtual Result<void> drop_before(TimeMs end) = 0;
  /// Checks every block's checksum.
  [[nodiscard]] virtual Result<void> verify_blocks() const = 0;
  /// A copy in the new directory `path`. Requires: options.made.
  [[nodiscard]] virtual Result<BackupReport> backup(const std::string& path, const BackupOptions& options) = 0;
  [[nodiscard]] virtual KvSizes sizes() const = 0;
  /// Keeps other writers out of the directory for as long as it lives, also when this Kv is gone. Who opens the
  /// directory anew takes it over. Null where nothing does that.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() const = 0;
  /// Free bytes where the store lies.
  [[nodiscard]] virtual Result<std::uint64_t> room() const = 0;
};

class Kv {
 public:
  /// Ends its views, waiting for those that are in use; those of a Kv for reading only may live on.
  virtual ~Kv() = default;

  /// Applies `batches`, each for itself, all as durable as `durability` says, and waits for that. `outcomes` gets
  /// each one's. A backend may let them share a fate. Requires: as many outcomes as batches; of each server one batch.
  virtual void write(std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes) = 0;
  /// After it returned no earlier write to `server` of unknown outcome can still be applied. An error, `unavailable` or
  /// `fatal`, means that this Kv takes no more writes at all.
  [[nodiscard]] virtual Result<void> fence(ServerId server) = 0;

  /// `spaces` of `server` as they are now.
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view(ServerId server,
                                                           std::initializer_list<Space> spaces) const = 0;
  /// All of `space`.
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view_all(Space space) const = 0;

  /// Null where there is no such thing.
  [[nodiscard]] virtual LocalCare* local() noexcept = 0;
};

enum class KvMode : std::uint8_t { write, read_only };

/// Opens the Kv of a store. A store opens it anew after a fault, so it must be callable again once the Kv is gone.
using KvOpener = std::function<Result<std::unique_ptr<Kv>>(OpenReport& report)>;

}  // namespace nines::engine
