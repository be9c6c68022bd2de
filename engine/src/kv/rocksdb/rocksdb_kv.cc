#include "kv/rocksdb/rocksdb_kv.h"

#include <rocksdb/iterator.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <new>
#include <string>
#include <utility>

#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

class RocksBatch final : public Batch {
 public:
  explicit RocksBatch(const std::vector<rocksdb::ColumnFamilyHandle*>& families) : families_(families) {}

  void put(Space space, std::string_view key, std::string_view value) override {
    note(batch_.Put(family(space), slice(key), slice(value)));
  }
  void erase(Space space, std::string_view key) override {
    // Delete, not SingleDelete: a result that was sent twice has two puts, and SingleDelete would revive the first.
    note(batch_.Delete(family(space), slice(key)));
  }
  void clear() override {
    batch_.Clear();
    status_ = rocksdb::Status::OK();
  }
  [[nodiscard]] bool empty() const override { return batch_.Count() == 0; }
  [[nodiscard]] std::size_t bytes() const override { return batch_.GetDataSize(); }

  [[nodiscard]] const rocksdb::Status& status() const { return status_; }
  [[nodiscard]] rocksdb::WriteBatch& rocks() { return batch_; }

 private:
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Space space) const {
    return families_[static_cast<std::size_t>(space)];
  }
  void note(const rocksdb::Status& status) {
    if (status_.ok() && !status.ok()) status_ = status;
  }

  const std::vector<rocksdb::ColumnFamilyHandle*>& families_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status status_;
};

/// Fewer erased keys than this are passed over in a millisecond.
constexpr std::uint64_t kManyErasures = 5000;

class RocksRange final : public Range {
 public:
  explicit RocksRange(rocksdb::Iterator* iterator) : iterator_(iterator) {}

  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  void seek_back(std::string_view key) override { iterator_->SeekForPrev(slice(key)); }
  void next() override { iterator_->Next(); }
  [[nodiscard]] bool valid() const override { return iterator_->Valid(); }
  [[nodiscard]] std::string_view key() const override { return view(iterator_->key()); }
  [[nodiscard]] std::string_view value() const override { return view(iterator_->value()); }
  [[nodiscard]] Result<void> status() const override { return to_result(iterator_->status()); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksKv final : public Kv {
 public:
  RocksKv(OpenedRocks opened, bool writes)
      : replay_(std::move(opened.replay)),
        db_(std::move(opened.db)),
        families_(std::move(opened.families)),
        cache_(std::move(opened.cache)),
        writes_(writes) {}
  RocksKv(const RocksKv&) = delete;
  RocksKv& operator=(const RocksKv&) = delete;

  ~RocksKv() override {
    for (auto* family : families_) static_cast<void>(db_->DestroyColumnFamilyHandle(family));
    static_cast<void>(db_->Close());
  }

  [[nodiscard]] std::unique_ptr<Batch> batch() const override { return std::make_unique<RocksBatch>(families_); }

  Result<void> write(Batch& batch, Durability durability) override {
    auto& rocks = static_cast<RocksBatch&>(batch);
    if (!rocks.status().ok()) return to_result(rocks.status());
    rocksdb::WriteOptions options;
    options.sync = durability == Durability::disk;
    return guarded([&] {
      rocksdb::Status status = db_->Write(options, &rocks.rocks());
      if (status.ok() && durability == Durability::process) status = db_->FlushWAL(false);
      return status;
    });
  }

  [[nodiscard]] Result<std::string> get(Space space, std::string_view key) const override {
    std::string value;
    const auto status = db_->Get({}, families_[static_cast<std::size_t>(space)], slice(key), &value);
    if (!status.ok()) return tl::unexpected<Error>(to_error(status));
    return value;
  }

  [[nodiscard]] Result<Ranges> ranges(std::initializer_list<Space> spaces) const override {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    for (const Space space : spaces) families.push_back(families_[static_cast<std::size_t>(space)]);
    std::vector<rocksdb::Iterator*> iterators;
    // NewIterators is the call that gives several column families at one moment.
    const auto status = db_->NewIterators(options, families, &iterators);
    Ranges ranges;
    for (auto* iterator : iterators) ranges.push_back(std::make_unique<RocksRange>(iterator));
    if (!status.ok()) return tl::unexpected<Error>(to_error(status));
    return ranges;
  }

  Result<void> flush_log(bool sync) override {
    return guarded([&] { return db_->FlushWAL(sync); });
  }

  Result<void> flush_tables() override {
    return guarded([&] { return db_->Flush(rocksdb::FlushOptions(), families_); });
  }

  Result<void> compact(Space space) override {
    return guarded([&] {
      rocksdb::CompactRangeOptions options;
      options.exclusive_manual_compaction = false;
      options.allow_write_stall = false;
      // By default the lowest level's files are moved without being rewritten, and nothing is given back.
      options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
      return db_->CompactRange(options, families_[static_cast<std::size_t>(space)], nullptr, nullptr);
    });
  }

  Result<void> compact_erased(Space space) override {
    rocksdb::ColumnFamilyMetaData files;
    db_->GetColumnFamilyMetaData(families_[static_cast<std::size_t>(space)], &files);
    std::uint64_t entries = 0;
    std::uint64_t erasures = 0;
    for (const auto& level : files.levels) {
      for (const auto& file : level.files) {
        entries += file.num_entries;
        erasures += file.num_deletions;
      }
    }
    return erasures > kManyErasures && 2 * erasures > entries ? compact(space) : Result<void>{};
  }

  [[nodiscard]] Result<void> verify() const override {
    if (writes_) return to_result(db_->VerifyChecksum());
    // On a read-only handle that call trips an assertion of Debian's build: there each file is opened by itself.
    std::vector<rocksdb::LiveFileMetaData> files;
    db_->GetLiveFilesMetaData(&files);
    for (const auto& file : files) {
      rocksdb::SstFileReader reader(db_->GetOptions(families_.front()));
      rocksdb::Status status = reader.Open(file.db_path + file.name);
      if (status.ok()) status = reader.VerifyChecksum();
      if (!status.ok()) return to_result(status);
    }
    return {};
  }

  Result<void> backup(const std::string& path) override {
    std::error_code error;
    if (fs::exists(path, error)) {
      return fail(ErrorCode::invalid_argument, path + " exists; a backup needs a path that does not");
    }
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(path);
    if (status.ok()) status = start_copy(path);
    if (!status.ok()) return to_result(status);
    return write_marker(path);
  }

  [[nodiscard]] KvSizes sizes() const override {
    KvSizes sizes;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(db_->GetName(), error)) {
      const auto size = entry.file_size(error);
      if (!error) sizes.disk_bytes += size;
    }
    sizes.block_cache_bytes = cache_->GetUsage();
    for (auto* family : families_) {
      std::uint64_t bytes = 0;
      if (db_->GetIntProperty(family, rocksdb::DB::Properties::kSizeAllMemTables, &bytes)) {
        sizes.memtable_bytes += bytes;
      }
    }
    return sizes;
  }

 private:
  /// Opens a checkpoint once. It may have no log, which in a store would mean that one was lost; opening makes one.
  rocksdb::Status start_copy(const std::string& path) const {
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    descriptors.reserve(families_.size());
    for (auto* family : families_) {
      descriptors.emplace_back(family->GetName(), db_->GetOptions(family));
      descriptors.back().options.cf_paths.clear();
    }
    rocksdb::DBOptions options = db_->GetDBOptions();
    options.wal_filter = nullptr;
    // An open database's options name its own folders; the copy must not touch the files in them.
    options.db_paths.clear();
    options.wal_dir.clear();
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    auto status = rocksdb::DB::Open(options, path, descriptors, &handles, &raw);
    const std::unique_ptr<rocksdb::DB> copy(raw);
    for (auto* family : handles) static_cast<void>(copy->DestroyColumnFamilyHandle(family));
    return status;
  }

  /// Runs a writing call. An exception out of RocksDB leaves its locks in an unknown state: fatal for this handle.
  template <class Call>
  Result<void> guarded(Call&& call) {
    if (!writes_) return fail(ErrorCode::read_only, "the store was opened read-only");
    try {
      return to_result(call());
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::fatal, "out of memory inside a write; close the store and open it again");
    } catch (const std::exception& exception) {
      return fail(ErrorCode::fatal, std::string("a write failed with an exception: ") + exception.what());
    }
  }

  std::unique_ptr<WalReplay> replay_;  // db_ keeps a pointer to it
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // in the order of Space; RocksDB's "default", unused, behind
  std::shared_ptr<rocksdb::Cache> cache_;
  bool writes_;
};

}  // namespace

std::unique_ptr<Kv> make_rocks_kv(OpenedRocks opened, KvMode mode) {
  return std::make_unique<RocksKv>(std::move(opened), mode == KvMode::write);
}

BlockCounter::BlockCounter() {
  if (rocksdb::GetPerfLevel() < rocksdb::PerfLevel::kEnableCount) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
  }
  const auto* perf = rocksdb::get_perf_context();
  reads_ = perf->block_read_count;
  hits_ = perf->block_cache_hit_count;
}

void BlockCounter::take(ScanCost& cost) {
  const auto* perf = rocksdb::get_perf_context();
  cost.block_reads += perf->block_read_count - reads_;
  cost.block_hits += perf->block_cache_hit_count - hits_;
  reads_ = perf->block_read_count;
  hits_ = perf->block_cache_hit_count;
}

}  // namespace nines::engine
