#include "kv/rocksdb/rocksdb_kv.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cassert>
#include <chrono>
#include <filesystem>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/bytes.h"
#include "kv/rocksdb/backup.h"
#include "kv/rocksdb/slice.h"
#include "kv/rocksdb/status.h"
#include "kv/rocksdb/view.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

/// The note that says how far the log goes in the tables.
constexpr const char* kLogKey = "log";
/// Written before a compaction by hand, so that the flush with which RocksDB begins it has something to do.
constexpr const char* kCompactKey = "compact";
/// An exception out of RocksDB leaves its references in an unknown state.
constexpr const char* kNoMemory = "out of memory inside a write; close the store and open it again";
/// Between two attempts to write what has to wait for a flush.
constexpr std::chrono::milliseconds kStallPause{1};

/// An open database, closed with its last holder.
struct Database : OpenedRocks {
  explicit Database(OpenedRocks opened) : OpenedRocks(std::move(opened)) {}
  ~Database() {
    families.reset();
    static_cast<void>(db->Close());
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
};

class RocksKv final : public Tables {
 public:
  RocksKv(OpenedRocks opened, bool writes)
      : database_(std::make_shared<Database>(std::move(opened))),
        db_(database_->db.get()),
        families_(std::exchange(database_->families, nullptr)),
        writes_(writes) {}
  RocksKv(const RocksKv&) = delete;
  RocksKv& operator=(const RocksKv&) = delete;

  ~RocksKv() override {
    if (writes_) views_->end_all();
    const MutexLock lock(families_mutex_);
    families_.reset();
  }

  [[nodiscard]] Outcome apply(std::span<const Batch* const> batches, Erase erase,
                              const std::function<Result<std::uint64_t>()>& log) override {
    using Applied = Outcome::Applied;
    // What is gathered names families, and none of them may be dropped before it is written.
    const MutexLock lock(writing_mutex_);
    // A family may have been made or not: what comes next finds out by opening the store anew.
    if (auto added = guarded([&] { return add_months(batches); }); !added) return {Applied::unknown, added.error()};
    rocksdb::WriteBatch rocks;
    if (auto gathered = gather(batches, erase, rocks); !gathered) return {Applied::no, gathered.error()};
    const auto position = log();
    if (!position) return {Applied::unknown, position.error()};
    const auto written = rocks.Count() == 0 ? Result<void>{} : write_noted(rocks, *position);
    return written ? Outcome{Applied::yes, {}} : Outcome{Applied::unknown, written.error()};
  }

  [[nodiscard]] Result<std::uint64_t> applied() const override {
    std::string value;
    const auto status = db_->Get(rocksdb::ReadOptions(), families()->notes().get(), kLogKey, &value);
    if (status.IsNotFound()) return 0;
    if (!status.ok()) return tl::unexpected<Error>(to_error(status));
    if (value.size() != sizeof(std::uint64_t)) {
      return fail(ErrorCode::corruption,
                  "the tables of " + db_->GetName() + " do not say how far the log goes in them");
    }
    return load<std::uint64_t>(value.data());
  }

  [[nodiscard]] std::uint64_t flushed() const override { return database_->damage->flushed_position(); }

  [[nodiscard]] Result<void> begin_flush() override {
    return guarded([&] {
      rocksdb::FlushOptions options;
      options.wait = false;
      options.allow_write_stall = true;
      return database_->lane->begin(*db_, [&] {
        const auto families = this->families();
        const auto status = db_->Flush(options, families->all());
        // Writes are stopped until compactions have caught up: it is begun by a later one.
        return status.IsTryAgain() ? rocksdb::Status() : status;
      });
    });
  }

  void ask_before_tables(std::function<Result<void>()> call) override { database_->gate->ask(std::move(call)); }

  [[nodiscard]] Result<void> drop_recent() override {
    const MutexLock writing(writing_mutex_);
    return guarded([&] {
      const auto families = this->families();
      rocksdb::ColumnFamilyHandle* const recent = families->of(Space::recent).front().family.get();
      const auto options = db_->GetOptions(recent);
      rocksdb::Status status = db_->DropColumnFamily(recent);
      if (!status.ok()) return status;
      rocksdb::ColumnFamilyHandle* made = nullptr;
      status = db_->CreateColumnFamily(options, std::string(name_of(Space::recent)), &made);
      if (!status.ok()) return status;
      auto others = families->with_space(Space::recent, hold(*db_, made));
      const MutexLock lock(families_mutex_);
      families_ = std::move(others);
      return status;
    });
  }

  [[nodiscard]] Result<std::unique_ptr<View>> view(ServerId /*server*/,
                                                   std::initializer_list<Space> spaces) const override {
    return make_view(moment(), spaces, views_, kept());
  }
  [[nodiscard]] Result<std::unique_ptr<View>> view_all(Space space) const override {
    return make_view(moment(), {space}, views_, kept());
  }
  Result<void> flush() override {
    const auto written = database_->damage->written();
    auto done = guarded([&] {
      return database_->lane->flush(*db_, [&] {
        rocksdb::FlushOptions options;
        options.allow_write_stall = true;  // others wait for the turn
        for (;;) {
          const auto families = this->families();
          const auto status = db_->Flush(options, families->all());
          // One was dropped since it was listed.
          if (!status.IsColumnFamilyDropped() || this->families() == families) return status;
        }
      });
    });
    // RocksDB's word comes from another thread, and may still be on its way.
    if (done) database_->damage->note_flush(written);
    return done;
  }

  Result<void> compact(Space space) override {
    const auto families = this->families();
    for (const Partition& partition : families->of(space)) {
      if (auto done = compact(partition.family.get()); !done) return done;
    }
    return {};
  }

  Result<void> compact_erased(Space space, Erased erased) override {
    const auto families = this->families();
    for (const Partition& partition : families->of(space)) {
      if (!is_worth_compacting(partition.family.get(), erased)) continue;
      if (auto done = compact(partition.family.get()); !done) return done;
    }
    return {};
  }

  Result<void> drop_before(TimeMs end) override {
    {
      const auto families = this->families();
      const auto left = families->without_before(month_of(end));
      if (families->of(Space::checks).size() == left->of(Space::checks).size()) return {};
    }
    // What is in the log only would be put into a month anew by an open that reads it back.
    if (auto flushed = flush(); !flushed) return flushed;
    return guarded([&] {
      const MutexLock writing(writing_mutex_);
      const auto families = this->families();
      const auto left = families->without_before(month_of(end));
      {
        // Before they are gone: a view that is made meanwhile must not name them.
        const MutexLock lock(families_mutex_);
        families_ = left;
      }
      rocksdb::Status status;
      const std::size_t dropped = families->of(Space::checks).size() - left->of(Space::checks).size();
      for (std::size_t i = 0; i < dropped && status.ok(); ++i) {
        status = db_->DropColumnFamily(families->of(Space::checks)[i].family.get());
      }
      return status;
    });
  }

  [[nodiscard]] Result<void> verify_blocks() const override {
    if (writes_) return to_result(db_->VerifyChecksum());
    // On a read-only handle that call trips an assertion of Debian's build: there each file is opened by itself.
    std::vector<rocksdb::LiveFileMetaData> files;
    db_->GetLiveFilesMetaData(&files);
    for (const auto& file : files) {
      rocksdb::SstFileReader reader(db_->GetOptions());
      rocksdb::Status status = reader.Open(file.db_path + file.name);
      if (std::error_code error; !status.ok() && !fs::exists(file.db_path + file.name, error)) {
        return fail(ErrorCode::unavailable, "the writer has replaced files meanwhile; refresh and try again");
      }
      if (status.ok()) status = reader.VerifyChecksum();
      if (!status.ok()) return to_result(status);
    }
    return {};
  }

  Result<BackupReport> backup(const std::string& path, const BackupOptions& options, const LogCopy& log) override {
    assert(options.made);
    try {
      return back_up(*db_, writes_, path, options, log);
    } catch (const std::exception& exception) {
      return fail(ErrorCode::io, std::string("the backup failed: ") + exception.what());
    }
  }

  [[nodiscard]] KvSizes sizes() const override {
    KvSizes sizes;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(db_->GetName(), error)) {
      const auto size = entry.file_size(error);
      if (!error) sizes.disk_bytes += size;
    }
    sizes.block_cache_bytes = database_->cache->GetUsage();
    const auto families = this->families();
    for (auto* family : families->all()) {
      std::uint64_t bytes = 0;
      if (db_->GetIntProperty(family, rocksdb::DB::Properties::kSizeAllMemTables, &bytes)) {
        sizes.memtable_bytes += bytes;
      }
      if (db_->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &bytes)) sizes.table_bytes += bytes;
    }
    return sizes;
  }

  [[nodiscard]] Result<std::uint64_t> room() const override {
    std::error_code error;
    const auto space = fs::space(db_->GetName(), error);
    if (error)
      return fail(ErrorCode::io, "cannot ask for the free space of " + db_->GetName() + ": " + error.message());
    return space.available;
  }

 private:
  /// Writes what the log has up to `position`, and the note that it has.
  [[nodiscard]] Result<void> write_noted(rocksdb::WriteBatch& rocks, std::uint64_t position) {
    std::array<char, sizeof position> value{};
    store(value.data(), position);
    const auto noted = rocks.Put(families()->notes().get(), kLogKey, {value.data(), value.size()});
    if (!noted.ok()) return to_result(noted);
    const std::size_t families = this->families()->all().size();
    for (bool done = false; !done;) {
      if (const auto error = database_->damage->flush_error()) return to_result(*error);
      switch_compactions();
      if (database_->memory->is_overfull(families)) {
        if (auto begun = begin_flush(); !begun) return begun;
      } else if (auto written = write_once(rocks, position, done); !written) {
        return written;
      }
      if (!done) std::this_thread::sleep_for(kStallPause);
    }
    if (!database_->memory->is_full(families)) return {};
    // What else went wrong is met by the next write.
    auto begun = begin_flush();
    return !begun && begun.error().code == ErrorCode::fatal ? begun : Result<void>{};
  }

  /// `done` is false when it would have had to wait: for a flush that has failed, for ever.
  [[nodiscard]] Result<void> write_once(rocksdb::WriteBatch& rocks, std::uint64_t position, bool& done) {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    options.no_slowdown = true;
    return guarded([&] {
      const FlushLane::Writing writing(*database_->lane);
      const rocksdb::Status status = db_->Write(options, &rocks);
      done = !status.IsIncomplete();
      if (status.ok()) database_->damage->note_write(db_->GetLatestSequenceNumber(), position);
      return done ? status : rocksdb::Status();
    });
  }

  /// What views hold: a database for reading only lives as long as they do, one for writing ends them.
  [[nodiscard]] std::shared_ptr<void> kept() const { return writes_ ? nullptr : database_; }

  [[nodiscard]] std::shared_ptr<const Families> families() const {
    const MutexLock lock(families_mutex_);
    return families_;
  }
  /// What a view made now shows. The families are those of the snapshot: a chunk is written to a month that is among
  /// them already.
  [[nodiscard]] Moment moment() const {
    const MutexLock lock(families_mutex_);
    return {db_, writes_ ? db_->GetSnapshot() : nullptr, families_};
  }

  /// Makes the families of the months that the batches put chunks in and that have none; together, as RocksDB writes
  /// down the options of all families each time.
  rocksdb::Status add_months(std::span<const Batch* const> batches) {
    const auto families = this->families();
    std::set<Month> missing;
    for (const Batch* batch : batches) {
      batch->for_each([&](const Batch::Change& change) {
        if (change.kind != Batch::Kind::put || change.space != Space::checks) return;
        if (families->find(Space::checks, change.key) == nullptr) missing.insert(month_of(change.key));
      });
    }
    if (missing.empty()) return {};
    std::vector<std::string> names;
    for (const Month month : missing) names.push_back(name_of_month(month));
    std::vector<rocksdb::ColumnFamilyHandle*> made;
    return database_->lane->change_families([&] {
      const auto status = db_->CreateColumnFamilies(database_->month, names, &made);
      std::shared_ptr<const Families> more = families;
      auto month = missing.begin();
      for (auto* handle : made) more = more->with_month(*month++, hold(*db_, handle));
      const MutexLock lock(families_mutex_);
      families_ = std::move(more);
      return status;
    });
  }

  [[nodiscard]] bool is_worth_compacting(rocksdb::ColumnFamilyHandle* family, Erased erased) const {
    // Not the metadata of the files, which says nothing of those that were there when the store was opened.
    rocksdb::TablePropertiesCollection tables;
    if (!db_->GetPropertiesOfAllTables(family, &tables).ok()) return false;
    std::uint64_t entries = 0;
    std::uint64_t erasures = 0;
    for (const auto& [name, properties] : tables) {
      entries += properties->num_entries;
      erasures += properties->num_deletions;
    }
    for (const auto& [of_all, of_erasures] : {std::pair(&rocksdb::DB::Properties::kNumEntriesActiveMemTable,
                                                        &rocksdb::DB::Properties::kNumDeletesActiveMemTable),
                                              std::pair(&rocksdb::DB::Properties::kNumEntriesImmMemTables,
                                                        &rocksdb::DB::Properties::kNumDeletesImmMemTables)}) {
      std::uint64_t count = 0;
      if (db_->GetIntProperty(family, *of_all, &count)) entries += count;
      if (db_->GetIntProperty(family, *of_erasures, &count)) erasures += count;
    }
    if (erased == Erased::any) return erasures > 0;
    // An erasure and the key that it takes away are an entry each.
    return 2 * erasures > entries - erasures;
  }

  Result<void> compact(rocksdb::ColumnFamilyHandle* family) {
    for (;;) {
      bool is_stopped = false;
      auto done =
          guarded([&] { return database_->lane->compact(*db_, [&] { return begin_compaction(family, is_stopped); }); });
      if (!is_stopped) return done;
      // Out of turn: whoever waits for one goes first.
      if (const auto error = database_->damage->flush_error()) return to_result(*error);
      switch_compactions();
      std::this_thread::sleep_for(kStallPause);
    }
  }

  /// Does nothing while writes are stopped, `is_stopped` then: there might be nothing to flush.
  rocksdb::Status begin_compaction(rocksdb::ColumnFamilyHandle* family, bool& is_stopped) {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    unlogged.no_slowdown = true;
    const auto status = db_->Put(unlogged, families()->notes().get(), kCompactKey, "");
    is_stopped = status.IsIncomplete();
    if (!status.ok()) return is_stopped ? rocksdb::Status() : status;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.allow_write_stall = true;  // others wait for the turn
    // By default the lowest level's files are moved without being rewritten, and nothing is given back.
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    return db_->CompactRange(options, family, nullptr, nullptr);
  }

  /// Makes one batch for RocksDB of all.
  [[nodiscard]] Result<void> gather(std::span<const Batch* const> batches, Erase erase,
                                    rocksdb::WriteBatch& rocks) const {
    const auto families = this->families();
    rocksdb::Status status;
    Result<void> done;
    for (const Batch* batch : batches) {
      batch->for_each([&](const Batch::Change& change) {
        // The rows are in the log.
        if (!status.ok() || !done || change.space == Space::recent) return;
        if (change.kind == Batch::Kind::erase_range) {
          done = erase_range(*families, *batch, change, erase, rocks);
          return;
        }
        rocksdb::ColumnFamilyHandle* const family = families->find(change.space, change.key);
        if (change.kind == Batch::Kind::put) {
          status = rocks.Put(family, slice(change.key), slice(change.value));
        } else if (family != nullptr) {
          // Not SingleDelete: a result that was sent twice has two puts, and SingleDelete would revive the first.
          status = rocks.Delete(family, slice(change.key));
        }
      });
    }
    return done && !status.ok() ? to_result(status) : done;
  }

  /// Erases the keys of a range one by one: where RocksDB 7.8 steps over an erased range it forgets the errors of
  /// damaged blocks, and a compaction that leaves nothing but such a range aborts the process when its write fails.
  [[nodiscard]] Result<void> erase_range(const Families& families, const Batch& batch, const Batch::Change& wanted,
                                         Erase extent, rocksdb::WriteBatch& rocks) const {
    rocksdb::Status status;
    const auto erase = [&](std::string_view key) {
      status = rocks.Delete(families.find(wanted.space, key), slice(key));
    };
    bool before = true;
    batch.for_each([&](const Batch::Change& change) {
      before = before && change.key.data() != wanted.key.data();
      if (!before || !status.ok() || change.kind != Batch::Kind::put || change.space != wanted.space) return;
      if (change.key < wanted.key || change.key >= wanted.value) return;
      erase(change.key);
    });
    Result<void> read;
    try {
      auto found = view(batch.server(), {wanted.space});
      if (!found) return tl::unexpected<Error>(found.error());
      Range& range = (*found)->range(wanted.space, wanted.key, wanted.value, {.values = false});
      for (; status.ok() && range.valid(); range.next()) erase(range.key());
      read = range.status();
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::fatal, kNoMemory);
    }
    if (!status.ok()) return to_result(status);
    const bool is_enough = !read && extent == Erase::readable && read.error().code == ErrorCode::corruption;
    return is_enough ? Result<void>{} : read;
  }

  /// Leaves families alone whose compaction has failed, as long as it would fail again.
  void switch_compactions() {
    const auto switches = database_->damage->take_switches();
    if (switches.empty()) return;
    const auto families = this->families();
    for (const BackgroundListener::Automatic& automatic : switches) {
      for (auto* family : families->all()) {
        if (family->GetID() != automatic.family) continue;
        static_cast<void>(db_->SetOptions(family, {{"disable_auto_compactions", automatic.on ? "false" : "true"}}));
      }
    }
  }

  /// Runs a writing call. An exception out of RocksDB leaves its locks in an unknown state: fatal for this handle.
  template <class Call>
  Result<void> guarded(Call&& call) {
    if (!writes_) return fail(ErrorCode::read_only, "the store was opened read-only");
    try {
      return to_result(call());
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::fatal, kNoMemory);
    } catch (const std::exception& exception) {
      return fail(ErrorCode::fatal, std::string("a write failed with an exception: ") + exception.what());
    }
  }

  const std::shared_ptr<Database> database_;
  rocksdb::DB* const db_;
  /// Held by who writes, and by who drops families. Comes before families_mutex_.
  Mutex writing_mutex_;
  mutable Mutex families_mutex_;
  std::shared_ptr<const Families> families_ NINES_GUARDED_BY(families_mutex_);
  const std::shared_ptr<Views> views_ = std::make_shared<Views>();
  const bool writes_;
};

}  // namespace

std::unique_ptr<Tables> make_rocks_kv(OpenedRocks opened, KvMode mode) {
  return std::make_unique<RocksKv>(std::move(opened), mode == KvMode::write);
}

}  // namespace nines::engine
