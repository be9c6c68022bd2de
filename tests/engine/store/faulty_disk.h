// A disk for RocksDB that fails when it is told to, and that knows what a power cut would leave of it.
//
// It passes everything on to the real file system and counts what passes: each creation, append, sync, close, renaming,
// removal and sync of a directory is an operation, and so is each read when reads are counted. What a power cut leaves
// is kept beside: the bytes of each file up to its last sync, and the names as they were when the directory was last
// synced. All else may be lost in part.
//
// Threads: all members from any thread, but for watch(), which comes before the disk is used.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace nines::test {

class FaultyDisk final : public rocksdb::FileSystemWrapper {
 public:
  enum class Fault : std::uint8_t { io, no_space };
  /// Operations [first, first + count) fail, counted from 0.
  struct Plan {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    Fault fault = Fault::io;
    bool reads = false;  ///< reads are counted, and fail too
  };
  /// What a power cut does to what was not synced.
  enum class Loss : std::uint8_t {
    all,      ///< all of it is lost
    tail,     ///< a beginning of it stays
    garbage,  ///< a beginning of it stays, and bytes that nobody wrote follow
  };
  /// The files of a directory, by name.
  using Image = std::map<std::string, std::string>;

  FaultyDisk();
  [[nodiscard]] const char* Name() const override { return "FaultyDisk"; }
  /// The operating system with this disk, and without RocksDB's pauses after errors.
  [[nodiscard]] static std::unique_ptr<rocksdb::Env> make_env(const std::shared_ptr<FaultyDisk>& disk);

  void plan(const Plan& plan);
  /// Nothing fails from now on.
  void heal();
  /// Each sync takes so long from now on, while other operations go on.
  void slow_syncs(std::chrono::microseconds pause) { sync_pause_us_ = pause.count(); }
  /// Syncs of files so far.
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }
  [[nodiscard]] std::uint64_t operations() const;
  /// Operations that were made to fail.
  [[nodiscard]] std::uint64_t failures() const;

  /// Has `watcher` called after each operation, with its number; it may call image() and nothing else of the disk.
  void watch(std::function<void(std::uint64_t operation)> watcher);
  /// What a power cut at this moment leaves of the directory `path`. Only for a watcher.
  [[nodiscard]] Image image(const std::string& path, Loss loss, std::mt19937_64& random) const;

  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class Sequential;
  class RandomAccess;
  class Writable;
  class Directory;

  struct File {
    std::string bytes;
    std::size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  /// A change of names; a null file is a removal.
  struct Change {
    std::string name;
    std::shared_ptr<File> file;
  };

  /// One operation: fails by plan, or else is `call`, and when that succeeds `noted`. Serialised.
  rocksdb::IOStatus operate(bool read, const std::function<rocksdb::IOStatus()>& call,
                            const std::function<void()>& noted);
  void rename_locked(const std::string& name, std::shared_ptr<File> file);
  void sync_names_locked(const std::string& directory);

  std::atomic<std::int64_t> sync_pause_us_{0};
  std::atomic<std::uint64_t> syncs_{0};
  mutable std::mutex mutex_;
  Plan plan_;
  std::uint64_t operations_ = 0;
  std::uint64_t failures_ = 0;
  std::function<void(std::uint64_t)> watcher_;
  Names names_;                  // as a running system sees them
  Names synced_names_;           // as the disk has them
  std::vector<Change> pending_;  // from the second to the first, in order
};

/// Writes an image as the directory `path`.
void write_image(const FaultyDisk::Image& image, const std::string& path);
/// The files of the directory `path`.
[[nodiscard]] FaultyDisk::Image read_image(const std::string& path);

}  // namespace nines::test
