#include "engine/store/faulty_disk.h"

#include <gtest/gtest.h>
#include <rocksdb/system_clock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace nines::test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace fs = std::filesystem;

IOStatus injected(FaultyDisk::Fault fault) {
  // As RocksDB's own file system reports them.
  if (fault == FaultyDisk::Fault::io) return IOStatus::IOError("injected", "Input/output error");
  IOStatus status = IOStatus::NoSpace("injected", "No space left on device");
  status.SetRetryable(true);
  return status;
}

std::size_t pick(std::mt19937_64& random, std::size_t low, std::size_t high) {
  return std::uniform_int_distribution<std::size_t>(low, high)(random);
}

/// After a failed flush or compaction RocksDB sleeps for a second, and closing it waits for that.
class ImpatientClock final : public rocksdb::SystemClockWrapper {
 public:
  ImpatientClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  [[nodiscard]] const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int micros) override { SystemClockWrapper::SleepForMicroseconds(std::min(micros, 1'000)); }
};

class TestEnv final : public rocksdb::EnvWrapper {
 public:
  explicit TestEnv(const std::shared_ptr<rocksdb::FileSystem>& disk) : EnvWrapper(rocksdb::NewCompositeEnv(disk)) {
    file_system_ = disk;
    system_clock_ = std::make_shared<ImpatientClock>();
  }
};

}  // namespace

class FaultyDisk::Sequential final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  Sequential(FaultyDisk& disk, std::unique_ptr<FSSequentialFile> file)
      : FSSequentialFileOwnerWrapper(std::move(file)), disk_(disk) {}
  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result, char* scratch, IODebugContext* debug) override {
    return disk_.operate(true, [&] { return target()->Read(n, options, result, scratch, debug); }, {});
  }

 private:
  FaultyDisk& disk_;
};

class FaultyDisk::RandomAccess final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccess(FaultyDisk& disk, std::unique_ptr<FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return disk_.operate(true, [&] { return target()->Read(offset, n, options, result, scratch, debug); }, {});
  }

 private:
  FaultyDisk& disk_;
};

class FaultyDisk::Writable final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Writable(FaultyDisk& disk, std::shared_ptr<File> file, std::unique_ptr<FSWritableFile> real)
      : FSWritableFileOwnerWrapper(std::move(real)), disk_(disk), file_(std::move(file)) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_.operate(
        false, [&] { return target()->Append(data, options, debug); },
        [&] { file_->bytes.append(data.data(), data.size()); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& /*verification*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return disk_.operate(
        false, [&] { return target()->Truncate(size, options, debug); },
        [&] {
          file_->bytes.resize(size);
          file_->synced = std::min<std::size_t>(file_->synced, size);
        });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    ++disk_.syncs_;
    if (const std::int64_t pause_us = disk_.sync_pause_us_; pause_us > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds{pause_us});
    }
    return disk_.operate(
        false, [&] { return target()->Sync(options, debug); }, [&] { file_->synced = file_->bytes.size(); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return disk_.operate(false, [&] { return target()->Close(options, debug); }, {});
  }

 private:
  FaultyDisk& disk_;
  std::shared_ptr<File> file_;
};

class FaultyDisk::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultyDisk& disk, std::string name, std::unique_ptr<FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), name_(std::move(name)) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return disk_.operate(
        false, [&] { return FSDirectoryWrapper::Fsync(options, debug); }, [&] { disk_.sync_names_locked(name_); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*reason*/) override {
    return Fsync(options, debug);
  }

 private:
  FaultyDisk& disk_;
  std::string name_;
};

FaultyDisk::FaultyDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

std::unique_ptr<rocksdb::Env> FaultyDisk::make_env(const std::shared_ptr<FaultyDisk>& disk) {
  return std::make_unique<TestEnv>(disk);
}

void FaultyDisk::plan(const Plan& plan) {
  const std::lock_guard lock(mutex_);
  plan_ = plan;
  operations_ = 0;
  failures_ = 0;
}

void FaultyDisk::heal() {
  const std::lock_guard lock(mutex_);
  plan_.count = 0;
}

std::uint64_t FaultyDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t FaultyDisk::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void FaultyDisk::watch(std::function<void(std::uint64_t)> watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

IOStatus FaultyDisk::operate(bool read, const std::function<IOStatus()>& call, const std::function<void()>& noted) {
  const std::lock_guard lock(mutex_);
  if (read && !plan_.reads) return call();
  const std::uint64_t number = operations_++;
  if (number >= plan_.first && number - plan_.first < plan_.count) {
    ++failures_;
    return injected(plan_.fault);
  }
  IOStatus status = call();
  if (status.ok() && noted) noted();
  if (watcher_) watcher_(number);
  return status;
}

void FaultyDisk::rename_locked(const std::string& name, std::shared_ptr<File> file) {
  if (file == nullptr) {
    names_.erase(name);
  } else {
    names_[name] = file;
  }
  pending_.push_back({name, std::move(file)});
}

void FaultyDisk::sync_names_locked(const std::string& directory) {
  const auto within = [&](const Change& change) { return fs::path(change.name).parent_path() == directory; };
  for (const Change& change : pending_) {
    if (!within(change)) continue;
    if (change.file == nullptr) {
      synced_names_.erase(change.name);
    } else {
      synced_names_[change.name] = change.file;
    }
  }
  std::erase_if(pending_, within);
}

FaultyDisk::Image FaultyDisk::image(const std::string& path, Loss loss, std::mt19937_64& random) const {
  Names names = synced_names_;
  // A file system writes changes of names in their order, some time.
  const std::size_t kept = loss == Loss::all ? 0 : pick(random, 0, pending_.size());
  for (std::size_t i = 0; i < kept; ++i) {
    if (pending_[i].file == nullptr) {
      names.erase(pending_[i].name);
    } else {
      names[pending_[i].name] = pending_[i].file;
    }
  }
  Image image;
  for (const auto& [name, file] : names) {
    if (fs::path(name).parent_path() != path) continue;
    const std::size_t unsynced = file->bytes.size() - file->synced;
    const std::size_t stays = loss == Loss::all ? 0 : pick(random, 0, unsynced);
    std::string bytes = file->bytes.substr(0, file->synced + stays);
    if (loss == Loss::garbage && stays < unsynced) {
      const std::size_t garbage = pick(random, 1, unsynced - stays);
      std::generate_n(std::back_inserter(bytes), garbage, [&] { return static_cast<char>(pick(random, 0, 255)); });
    }
    image[fs::path(name).filename()] = std::move(bytes);
  }
  return image;
}

IOStatus FaultyDisk::NewSequentialFile(const std::string& name, const FileOptions& options,
                                       std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<Sequential>(*this, std::move(*result));
  return status;
}

IOStatus FaultyDisk::NewRandomAccessFile(const std::string& name, const FileOptions& options,
                                         std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<RandomAccess>(*this, std::move(*result));
  return status;
}

IOStatus FaultyDisk::NewWritableFile(const std::string& name, const FileOptions& options,
                                     std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  const auto file = std::make_shared<File>();
  IOStatus status = operate(
      false, [&] { return FileSystemWrapper::NewWritableFile(name, options, result, debug); },
      [&] { rename_locked(name, file); });
  if (status.ok()) *result = std::make_unique<Writable>(*this, file, std::move(*result));
  return status;
}

IOStatus FaultyDisk::NewDirectory(const std::string& name, const IOOptions& options,
                                  std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewDirectory(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<Directory>(*this, name, std::move(*result));
  return status;
}

IOStatus FaultyDisk::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  return operate(
      false, [&] { return FileSystemWrapper::DeleteFile(name, options, debug); },
      [&] { rename_locked(name, nullptr); });
}

IOStatus FaultyDisk::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                IODebugContext* debug) {
  return operate(
      false, [&] { return FileSystemWrapper::RenameFile(from, to, options, debug); },
      [&] {
        const auto found = names_.find(from);
        if (found == names_.end()) return;
        const auto file = found->second;
        // One step in the file system's journal: the new name first, so that no cut leaves neither.
        rename_locked(to, file);
        rename_locked(from, nullptr);
      });
}

void write_image(const FaultyDisk::Image& image, const std::string& path) {
  fs::create_directories(path);
  for (const auto& [name, bytes] : image) {
    std::ofstream file(fs::path(path) / name, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    EXPECT_TRUE(file.good()) << "cannot write " << name;
  }
}

FaultyDisk::Image read_image(const std::string& path) {
  FaultyDisk::Image image;
  for (const auto& entry : fs::directory_iterator(path)) {
    std::ifstream file(entry.path(), std::ios::binary);
    image[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return image;
}

}  // namespace nines::test
