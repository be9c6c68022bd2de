#include "kv/local/log.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// What was appended is written once it is so much, whatever was asked for.
constexpr std::size_t kBufferBytes = 1U << 20U;
/// The device is told to begin with what was written each so many bytes, so that a sync has little left to wait for.
constexpr std::uint64_t kStartBytes = 1U << 20U;
/// Less than this is not worth a new segment.
constexpr std::uint64_t kLittleBytes = 64U << 10U;
/// A newest segment that is larger is ended when the store is closed, and need not be copied by the next open.
constexpr std::uint64_t kSmallSegment = 1U << 20U;

rocksdb::FileOptions file_options() {
  rocksdb::FileOptions options;
  options.use_mmap_writes = false;
  return options;
}

}  // namespace

/// Notes what an append holds.
class Log::Noting final : public RecordVisitor {
 public:
  explicit Noting(Log& log) : log_(log) {}
  [[nodiscard]] bool changes_tables() const noexcept { return changes_tables_; }

  void result(const PackedResult& result) override NINES_NO_THREAD_SAFETY_ANALYSIS {
    log_.holders_.put(result.server, log_.segments_.back().number, result.time_ms);
  }
  void change(ServerId server, const Batch::Change& change) override NINES_NO_THREAD_SAFETY_ANALYSIS {
    if (change.space != Space::recent) {
      changes_tables_ = true;
    } else if (change.kind == Batch::Kind::erase_range) {
      log_.holders_.erase_range(server, change.key, change.value);
    } else if (change.kind == Batch::Kind::put) {
      log_.holders_.put(server, log_.segments_.back().number, to_ms(kTimeLimit));
    }
  }
  void continued(std::uint64_t /*number*/) override {}
  void closed() override {}

 private:
  Log& log_;
  bool changes_tables_ = false;
};

Log::Log(std::shared_ptr<rocksdb::FileSystem> files, std::string path, std::function<std::uint64_t()> flushed,
         std::uint64_t segment_bytes)
    : files_(std::move(files)), path_(std::move(path)), flushed_(std::move(flushed)), segment_bytes_(segment_bytes) {}

Log::~Log() = default;

std::string Log::path_of(std::uint64_t number) const {
  return path_ + "/" + segment_name(number);
}

Result<void> Log::sync_names() {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  auto status = files_->NewDirectory(path_, rocksdb::IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->FsyncWithDirOptions(rocksdb::IOOptions(), nullptr, rocksdb::DirFsyncOptions());
  return to_result(status);
}

Result<std::unique_ptr<rocksdb::FSWritableFile>> Log::create(std::uint64_t number, std::string_view begin) {
  const std::string name = path_of(number);
  const std::string unfinished = name.substr(0, name.size() - kSegmentSuffix.size()) + std::string(kUnfinishedSuffix);
  const rocksdb::IOOptions options;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::Status status = files_->NewWritableFile(unfinished, file_options(), &file, nullptr);
  if (status.ok()) status = file->Append({begin.data(), begin.size()}, options, nullptr);
  if (status.ok()) status = file->Sync(options, nullptr);
  if (status.ok()) status = files_->RenameFile(unfinished, name, options, nullptr);
  if (!status.ok()) {
    if (file != nullptr) static_cast<void>(file->Close(options, nullptr));
    static_cast<void>(files_->DeleteFile(unfinished, options, nullptr));
    return tl::unexpected<Error>(to_error(status));
  }
  if (auto synced = sync_names(); !synced) return tl::unexpected<Error>(synced.error());
  return file;
}

Result<std::unique_ptr<Log>> Log::open(std::shared_ptr<rocksdb::FileSystem> files, std::string path, LogEnd end,
                                       std::uint64_t above, RowHolders holders, std::function<std::uint64_t()> flushed,
                                       std::uint64_t segment_bytes) {
  std::unique_ptr<Log> log(new Log(std::move(files), std::move(path), std::move(flushed), segment_bytes));
  const MutexLock lock(log->mutex_);
  log->holders_ = std::move(holders);
  // Behind a cut or a loss the numbers go on above all that have been.
  const bool is_cut = end.position() < above || (!end.segments.empty() && end.damage);
  const std::uint64_t next = std::max(end.highest, segment_of(above)) + 1;
  if (next > SegmentHeader::kMaxNumber) return fail(ErrorCode::fatal, "the log's numbers are used up");
  const std::uint64_t first = end.segments.empty() ? next : end.first;
  if (end.segments.empty() || is_cut) {
    auto file = log->create(next, encode_segment_header({next, first}));
    if (!file) return tl::unexpected<Error>(file.error());
    log->file_ = std::move(*file);
  }
  for (const LogEnd::Segment& segment : end.segments) {
    log->segments_.push_back({segment.number, segment.bytes, segment.changes_end});
  }
  // Written anew, since the pages of a file whose sync has failed are not what the device has: the newest, and the one
  // before it when nothing shows that it was synced, which is done before anything follows it.
  if (!end.segments.empty()) {
    const std::uint64_t newest = end.segments.back().number;
    if (end.segments.size() > 1 && end.records == 0) {
      const std::uint64_t before = end.segments[end.segments.size() - 2].number;
      auto bytes = read_whole(*log->files_, log->path_of(before));
      if (!bytes) return tl::unexpected<Error>(bytes.error());
      auto copied = log->create(before, *bytes);
      if (!copied) return tl::unexpected<Error>(copied.error());
      static_cast<void>((*copied)->Close(rocksdb::IOOptions(), nullptr));
    }
    if (is_cut) {
      std::string record;
      pack_continued(next, record);
      put_frame(end.newest, record, end.position());
    }
    // Which are needed may have been said by one that was begun and not announced, which goes now.
    end.newest.replace(0, SegmentHeader::kBytes, encode_segment_header({newest, first}));
    auto file = log->create(newest, end.newest);
    if (!file) return tl::unexpected<Error>(file.error());
    if (is_cut) {
      static_cast<void>((*file)->Close(rocksdb::IOOptions(), nullptr));
    } else {
      log->file_ = std::move(*file);
      log->written_ = log->synced_ = log->started_ = end.newest.size();
      log->state_ = end.state;
    }
  }
  if (end.segments.empty() || is_cut) {
    log->segments_.push_back({next, SegmentHeader::kBytes, 0});
    log->written_ = log->synced_ = log->started_ = SegmentHeader::kBytes;
  }
  log->first_ = first;
  // What is left over: files that were given up, and those that are not needed any more.
  const auto listed = list_log(*log->files_, log->path_);
  if (!listed) return tl::unexpected<Error>(listed.error());
  for (const std::string& name : listed->unfinished) {
    static_cast<void>(log->files_->DeleteFile(log->path_ + "/" + name, rocksdb::IOOptions(), nullptr));
  }
  for (auto number = listed->segments.rbegin(); number != listed->segments.rend(); ++number) {
    const bool is_kept = std::any_of(log->segments_.begin(), log->segments_.end(),
                                     [&](const Segment& segment) { return segment.number == *number; });
    if (is_kept) continue;
    // Nothing leads to it: where it cannot be removed it takes room, and no more.
    static_cast<void>(log->files_->DeleteFile(log->path_of(*number), rocksdb::IOOptions(), nullptr));
  }
  return log;
}

Result<void> Log::check_locked() const {
  if (fault_) return tl::unexpected<Error>(*fault_);
  if (closed_) return fail(ErrorCode::closed, "the log is closed");
  return {};
}

Result<void> Log::failed_locked(const Error& error) {
  if (!fault_) fault_ = error;
  return tl::unexpected<Error>(error);
}

Result<void> Log::failed_locked(const rocksdb::Status& status) {
  return failed_locked(to_error(status));
}

void Log::put_locked(std::string_view record) {
  put_frame(buffer_, record, log_position(segments_.back().number, offset_locked()));
  segments_.back().bytes = offset_locked();
}

Result<void> Log::write_locked() {
  if (buffer_.empty()) return {};
  const auto status = file_->Append({buffer_.data(), buffer_.size()}, rocksdb::IOOptions(), nullptr);
  if (!status.ok()) return failed_locked(status);
  written_ += buffer_.size();
  buffer_.clear();
  if (written_ - started_ >= kStartBytes) {
    static_cast<void>(file_->RangeSync(started_, written_ - started_, rocksdb::IOOptions(), nullptr));
    started_ = written_;
  }
  return {};
}

Result<void> Log::sync_locked() {
  if (auto written = write_locked(); !written) return written;
  if (synced_ == written_) return {};
  const auto status = file_->Sync(rocksdb::IOOptions(), nullptr);
  if (!status.ok()) return failed_locked(status);
  synced_ = written_;
  return {};
}

Result<std::uint64_t> Log::append(std::span<const Batch* const> batches, Durability durability) {
  const MutexLock lock(mutex_);
  if (auto open = check_locked(); !open) return tl::unexpected<Error>(open.error());
  if (offset_locked() >= segment_bytes_) {
    if (auto rolled = roll_locked(); !rolled) return tl::unexpected<Error>(rolled.error());
  }
  record_.clear();
  Noting noting(*this);
  pack_batches(batches, state_, record_, noting);
  if (!record_.empty()) put_locked(record_);
  const std::uint64_t position = log_position(segments_.back().number, offset_locked());
  if (noting.changes_tables()) segments_.back().changes_end = position;
  Result<void> done;
  if (durability == Durability::disk) {
    done = sync_locked();
  } else if (durability == Durability::process || buffer_.size() >= kBufferBytes) {
    done = write_locked();
  }
  if (!done) return tl::unexpected<Error>(done.error());
  return position;
}

Result<void> Log::flush(bool sync) {
  const MutexLock lock(mutex_);
  if (fault_) return tl::unexpected<Error>(*fault_);
  return sync ? sync_locked() : write_locked();
}

Result<void> Log::roll() {
  const MutexLock lock(mutex_);
  if (auto open = check_locked(); !open) return open;
  return roll_locked();
}

/// The oldest segment that is needed; one behind the newest when none is.
std::uint64_t Log::first_needed_locked() const {
  const std::uint64_t flushed = flushed_();
  for (const Segment& segment : segments_) {
    if (held_ > 0 || holders_.any(segment.number) || segment.changes_end > flushed) return segment.number;
  }
  return segments_.back().number + 1;
}

/// The old segment is synced before anything is written to the new one: so only the newest may have a torn end. And it
/// is synced before the new one says which are not needed any more, which rests on what was erased in it.
Result<void> Log::roll_locked() {
  const std::uint64_t next = segments_.back().number + 1;
  if (next > SegmentHeader::kMaxNumber) return failed_locked(Error{ErrorCode::fatal, "the log's numbers are used up"});
  if (auto synced = sync_locked(); !synced) return synced;
  const std::uint64_t first = first_needed_locked();
  auto file = create(next, encode_segment_header({next, first}));
  if (!file) return failed_locked(file.error());
  if (first < next) {
    std::string record;
    pack_continued(next, record);
    put_locked(record);
    if (auto synced = sync_locked(); !synced) return synced;
  }
  static_cast<void>(file_->Close(rocksdb::IOOptions(), nullptr));
  file_ = std::move(*file);
  segments_.push_back({next, SegmentHeader::kBytes, 0});
  written_ = synced_ = started_ = SegmentHeader::kBytes;
  state_ = {};
  first_ = first;
  remove_locked();
  return {};
}

/// Removes the segments that the newest says are not needed.
void Log::remove_locked() {
  while (segments_.front().number < first_) {
    // One that stays takes room until the next open, and nothing else.
    static_cast<void>(files_->DeleteFile(path_of(segments_.front().number), rocksdb::IOOptions(), nullptr));
    segments_.pop_front();
  }
}

Result<void> Log::close() {
  const MutexLock lock(mutex_);
  if (fault_) return tl::unexpected<Error>(*fault_);
  if (closed_) return {};
  if (offset_locked() >= kSmallSegment) {
    if (auto rolled = roll_locked(); !rolled) return rolled;
  }
  std::string record;
  pack_closed(record);
  put_locked(record);
  if (auto synced = sync_locked(); !synced) return synced;
  closed_ = true;
  static_cast<void>(file_->Close(rocksdb::IOOptions(), nullptr));
  return {};
}

Result<void> Log::give_back() {
  const MutexLock lock(mutex_);
  if (auto open = check_locked(); !open) return open;
  const std::uint64_t first = first_needed_locked();
  std::uint64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.number < first ? segment.bytes : 0;
  return bytes < kLittleBytes ? Result<void>{} : roll_locked();
}

std::uint64_t Log::bytes_locked() const {
  std::uint64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.bytes;
  return bytes;
}

std::uint64_t Log::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_locked();
}

bool Log::is_long() const {
  const MutexLock lock(mutex_);
  const std::uint64_t budget = segment_bytes_ * (kBudgetBytes / kSegmentBytes);
  return segments_.size() > 1 && bytes_locked() > budget + holders_.servers() * kBudgetServerBytes;
}

bool Log::waits_for_tables() const {
  const MutexLock lock(mutex_);
  const Segment& oldest = segments_.front();
  return segments_.size() > 1 && !holders_.any(oldest.number) && oldest.changes_end > flushed_();
}

std::vector<ServerId> Log::holders() const {
  const MutexLock lock(mutex_);
  return segments_.size() > 1 ? holders_.servers_in(segments_.front().number) : std::vector<ServerId>();
}

std::uint64_t Log::oldest() const {
  const MutexLock lock(mutex_);
  return segments_.front().number;
}

std::uint64_t Log::position() const {
  const MutexLock lock(mutex_);
  return log_position(segments_.back().number, offset_locked());
}

void Log::hold(int by) {
  const MutexLock lock(mutex_);
  held_ += by;
}

Result<LogSnapshot> Log::snapshot() const {
  const MutexLock lock(mutex_);
  LogSnapshot snapshot;
  snapshot.position = log_position(segments_.back().number, offset_locked());
  for (const Segment& segment : segments_) {
    const bool newest = segment.number == segments_.back().number;
    LogSnapshot::Part part{segment.number, nullptr, newest ? written_ : segment.bytes, newest ? buffer_ : ""};
    const auto status = files_->NewSequentialFile(path_of(segment.number), rocksdb::FileOptions(), &part.file, nullptr);
    if (!status.ok()) return tl::unexpected<Error>(to_error(status));
    snapshot.parts.push_back(std::move(part));
  }
  return snapshot;
}

}  // namespace nines::engine
