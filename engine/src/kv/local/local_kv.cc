#include "kv/local/local_kv.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "base/contained.h"
#include "base/mutex.h"
#include "codec/key.h"
#include "codec/row.h"
#include "kv/local/local_view.h"
#include "kv/local/log_replay.h"
#include "kv/rocksdb/backup.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// A log of so many bytes takes an open a while, and one that has so many times the bytes of its living rows is written
/// anew by a close.
constexpr std::uint64_t kLongToRead = std::uint64_t{1} << 20U;
constexpr std::uint64_t kWorthRenewing = 3;
/// Who holds the log is looked for again when it has grown by so much.
constexpr std::uint64_t kLookAgainBytes = std::uint64_t{1} << 20U;

class LocalKv final : public Kv, public LocalCare {
 public:
  explicit LocalKv(OpenedLocal opened)
      : lock_(std::move(opened.lock)),
        path_(std::move(opened.path)),
        files_(std::move(opened.files)),
        log_(std::move(opened.log)),
        tables_(std::move(opened.tables)),
        rows_(std::move(opened.rows)),
        overlay_(std::move(opened.overlay)) {
    if (log_ != nullptr) {
      tables_->ask_before_tables([this] { return log_->flush(true); });
    }
  }

  void write(std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes) override {
    assert(batches.size() == outcomes.size());
    Outcome outcome;
    if (auto allowed = writable(); !allowed) {
      outcome.error = allowed.error();
    } else {
      const MutexLock moment(moment_);
      outcome = write_locked(batches, durability);
      if (outcome.applied == Outcome::Applied::unknown) failed_.store(true, std::memory_order_release);
    }
    std::fill(outcomes.begin(), outcomes.end(), outcome);
  }

  [[nodiscard]] Result<void> fence(ServerId /*server*/) override {
    if (!failed_.load(std::memory_order_acquire)) return {};
    return fail(ErrorCode::unavailable, "a write has failed, and the log takes no other one after that");
  }

  [[nodiscard]] Result<std::unique_ptr<View>> view(ServerId server,
                                                   std::initializer_list<Space> spaces) const override {
    const bool wants_rows = std::find(spaces.begin(), spaces.end(), Space::recent) != spaces.end();
    if (!has_log() || (!wants_rows && overlay_ == nullptr)) return tables_->view(server, spaces);
    return view_with(wants_rows, [&] { return tables_->view(server, spaces); });
  }
  [[nodiscard]] Result<std::unique_ptr<View>> view_all(Space space) const override {
    const bool wants_rows = space == Space::recent;
    if (!has_log() || (!wants_rows && overlay_ == nullptr)) return tables_->view_all(space);
    return view_with(wants_rows, [&] { return tables_->view_all(space); });
  }
  [[nodiscard]] LocalCare* local() noexcept override { return this; }

  Result<void> flush_log(bool sync) override {
    if (auto allowed = writable(); !allowed) return allowed;
    return log_->flush(sync);
  }

  [[nodiscard]] bool find_rows(const std::function<void(ServerId, std::size_t, std::size_t)>& visit) override {
    if (log_ == nullptr || rows_ == nullptr) return false;
    rows_found_ = true;
    for (auto server = rows_->next_server(ServerId{}); server;
         server = rows_->next_server(ServerId{static_cast<std::uint32_t>(*server) + 1})) {
      visit(*server, rows_->rows(*server), rows_->bytes(*server));
    }
    return true;
  }

  [[nodiscard]] Result<std::vector<CheckResult>> take_rows(ServerId server) override {
    assert(rows_found_);
    if (!rows_->all_decode()) {
      for (const auto& [key, value] : rows_->entries(server)) {
        if (auto row = decode_row(key, value); !row) return tl::unexpected<Error>(row.error());
      }
    }
    std::vector<CheckResult> results;
    rows_->read(server, results);
    rows_->forget(server);
    return results;
  }

  [[nodiscard]] std::vector<ServerId> holding_log(std::size_t most) override {
    if (log_ == nullptr || !log_->is_long()) {
      holding_.clear();
      return {};
    }
    const std::uint64_t position = log_->position();
    if (holding_.empty()) {
      const bool as_before = log_->oldest() == looked_oldest_ && segment_of(position) == segment_of(looked_) &&
                             position - looked_ < kLookAgainBytes;
      if (as_before) return {};
      looked_oldest_ = log_->oldest();
      looked_ = position;
      holding_ = log_->holders();
      // A fault of it is met by the next write.
      if (log_->waits_for_tables()) static_cast<void>(tables_->begin_flush());
    }
    const auto first = holding_.end() - static_cast<std::ptrdiff_t>(std::min(most, holding_.size()));
    std::vector<ServerId> some(first, holding_.end());
    holding_.erase(first, holding_.end());
    return some;
  }

  [[nodiscard]] Result<void> close_log() override {
    if (auto allowed = writable(); !allowed) return allowed;
    const MutexLock moment(moment_);
    if (auto renewed = renew_log(); !renewed) return renewed;
    return log_->close();
  }

  Result<void> flush_tables() override {
    if (auto flushed = tables_->flush(); !flushed || log_ == nullptr) return flushed;
    auto done = log_->give_back();
    if (!done) failed_.store(true, std::memory_order_release);
    return done;
  }
  Result<void> compact(Space space) override {
    if (has_log() && space == Space::recent) return flush_tables();  // which is what makes the log shorter
    return tables_->compact(space);
  }
  Result<void> compact_erased(Space space, Erased erased) override {
    if (has_log() && space == Space::recent) return flush_tables();
    return tables_->compact_erased(space, erased);
  }
  Result<void> drop_before(TimeMs end) override { return tables_->drop_before(end); }
  [[nodiscard]] Result<void> verify_blocks() const override {
    if (auto verified = tables_->verify_blocks(); !verified || log_ == nullptr) return verified;
    const auto rows = rows_now();
    return rows ? Result<void>{} : tl::unexpected<Error>(rows.error());
  }
  Result<BackupReport> backup(const std::string& path, const BackupOptions& options) override {
    LogCopy copy;
    if (has_log()) copy.finish = [this](const std::string& folder) { return finish_copy(folder); };
    if (log_ == nullptr) return tables_->backup(path, options, copy);
    copy.files = [this] { return log_files(); };
    const Log::Hold hold(*log_);
    return tables_->backup(path, options, copy);
  }
  [[nodiscard]] KvSizes sizes() const override { return tables_->sizes(); }
  [[nodiscard]] std::shared_ptr<const void> hold() const override { return lock_; }
  [[nodiscard]] Result<std::uint64_t> room() const override { return tables_->room(); }

 private:
  [[nodiscard]] bool has_log() const noexcept { return log_ != nullptr || rows_ != nullptr; }

  [[nodiscard]] Result<void> writable() const {
    if (log_ != nullptr) return {};
    return fail(ErrorCode::read_only, "the store was opened read-only");
  }

  [[nodiscard]] Outcome write_locked(std::span<const Batch* const> batches, Durability durability) {
    try {
      return tables_->apply(batches, Tables::Erase::whole, [&] {
        auto position = log_->append(batches, durability);
        if (position && !rows_found_) note_rows(batches);
        return position;
      });
    } catch (...) {
      return {Outcome::Applied::unknown, current_exception_error()};
    }
  }

  /// What is written before the rows are found is among them.
  void note_rows(std::span<const Batch* const> batches) {
    for (const Batch* batch : batches) {
      batch->for_each([&](const Batch::Change& change) {
        if (change.space != Space::recent) return;
        const auto row = change.kind == Batch::Kind::put ? decode_row(change.key, change.value)
                                                         : Result<CheckResult>(tl::unexpected<Error>(Error{}));
        if (row) {
          rows_->put(to_packed(*row));
        } else {
          rows_->apply(batch->server(), change);
        }
      });
    }
  }

  /// Leaves a log that has little in it but the rows that live, for the next open to read.
  [[nodiscard]] Result<void> renew_log() {
    const std::uint64_t bytes = log_->bytes();
    if (bytes < kLongToRead) return {};
    const auto rows = rows_now();
    if (!rows) return tl::unexpected<Error>(rows.error());
    const std::uint64_t living = (*rows)->bytes();
    // A full disk is no reason not to close.
    const auto room = tables_->room();
    if (bytes < kWorthRenewing * living || !room || *room < bytes) return {};
    if (auto rolled = log_->roll(); !rolled) return rolled;
    for (auto server = (*rows)->next_server(ServerId{}); server;
         server = (*rows)->next_server(ServerId{static_cast<std::uint32_t>(*server) + 1})) {
      Batch batch(*server);
      batch.erase_range(Space::recent, server_key(*server).view(), prefix_end(*server).view());
      (*rows)->put_into(batch);
      const Batch* const only = &batch;
      if (auto written = log_->append(std::span(&only, 1), Durability::buffered); !written) {
        return tl::unexpected<Error>(written.error());
      }
    }
    return log_->give_back();
  }

  template <class Make>
  [[nodiscard]] Result<std::unique_ptr<View>> view_with(bool wants_rows, const Make& make) const {
    if (log_ == nullptr) {
      auto view = make();
      if (!view) return view;
      return std::make_unique<LocalView>(std::move(*view), rows_, overlay_);
    }
    std::unique_ptr<View> view;
    LogSnapshot snapshot;
    {
      // Nothing is between the log and the tables now.
      const MutexLock moment(moment_);
      auto made = make();
      if (!made) return made;
      view = std::move(*made);
      if (wants_rows) {
        auto taken = log_->snapshot();
        if (!taken) return tl::unexpected<Error>(taken.error());
        snapshot = std::move(*taken);
      }
    }
    auto rows = read_rows(std::move(snapshot));
    if (!rows) return tl::unexpected<Error>(rows.error());
    return std::make_unique<LocalView>(std::move(view), std::move(*rows), nullptr);
  }

  [[nodiscard]] Result<std::shared_ptr<const RowTable>> rows_now() const {
    auto snapshot = log_->snapshot();
    if (!snapshot) return tl::unexpected<Error>(snapshot.error());
    return read_rows(std::move(*snapshot));
  }

  /// The rows of a snapshot; those of the last one are kept as long as somebody uses them.
  [[nodiscard]] Result<std::shared_ptr<const RowTable>> read_rows(LogSnapshot snapshot) const {
    {
      const MutexLock lock(rows_mutex_);
      if (auto rows = last_rows_.lock(); rows != nullptr && last_position_ == snapshot.position) return rows;
    }
    LogReplay replay(*tables_, 0, LogReplay::Changes::ignore);
    std::string buffer;  // of a segment that has been read
    for (LogSnapshot::Part& part : snapshot.parts) {
      auto bytes = read_whole(*part.file, part.bytes, std::move(buffer));
      if (!bytes) return tl::unexpected<Error>(bytes.error());
      bytes->append(part.more);
      PackState state;
      const auto end = read_segment(*bytes, part.number, state, replay, ~std::uint64_t{0});
      if (!end) return tl::unexpected<Error>(end.error());
      if (end->torn || end->undecoded || bytes->size() != part.bytes + part.more.size()) {
        return fail(ErrorCode::corruption,
                    path_ + "/" + segment_name(part.number) + " is damaged behind byte " + std::to_string(end->bytes));
      }
      buffer = std::move(*bytes);
    }
    std::shared_ptr<const RowTable> rows = replay.rows();
    const MutexLock lock(rows_mutex_);
    last_rows_ = rows;
    last_position_ = snapshot.position;
    return rows;
  }

  /// The files of the log with all that was appended by now.
  [[nodiscard]] Result<std::vector<CopiedFile>> log_files() const {
    if (auto flushed = log_->flush(false); !flushed) return tl::unexpected<Error>(flushed.error());
    const auto snapshot = log_->snapshot();
    if (!snapshot) return tl::unexpected<Error>(snapshot.error());
    std::vector<CopiedFile> files;
    for (const LogSnapshot::Part& part : snapshot->parts) files.push_back({segment_name(part.number), part.bytes, {}});
    return files;
  }

  /// Looks at the log of a copy, and ends it as a store that is closed does.
  [[nodiscard]] Result<void> finish_copy(const std::string& copy) {
    auto files = rocksdb::FileSystem::Default();
    LogReplay replay(*tables_, 0, LogReplay::Changes::ignore);
    auto end = read_log(*files, copy, replay);
    if (!end) return tl::unexpected<Error>(end.error());
    if (end->damage) return fail(ErrorCode::corruption, *end->damage);
    if (end->segments.empty()) return fail(ErrorCode::corruption, "the log of " + path_ + " is gone");
    auto log = Log::open(files, copy, std::move(*end), 0, std::move(replay.holders()), [] { return std::uint64_t{0}; });
    return log ? (*log)->close() : tl::unexpected<Error>(log.error());
  }

  const std::shared_ptr<const FileLock> lock_;
  const std::string path_;
  const std::shared_ptr<rocksdb::FileSystem> files_;
  const std::unique_ptr<Log> log_;  // behind the tables, which ask it
  const std::unique_ptr<Tables> tables_;
  const std::shared_ptr<RowTable> rows_;  // of a Kv for writing, those that nobody has taken
  bool rows_found_ = false;               // set before there is a second thread
  const std::shared_ptr<const Overlay> overlay_;
  std::atomic<bool> failed_{false};
  /// Held while a write is in the log and not yet in the tables.
  mutable Mutex moment_;

  mutable Mutex rows_mutex_;
  mutable std::weak_ptr<const RowTable> last_rows_ NINES_GUARDED_BY(rows_mutex_);
  mutable std::uint64_t last_position_ NINES_GUARDED_BY(rows_mutex_) = 0;

  // Of who calls holding_log().
  std::vector<ServerId> holding_;
  std::uint64_t looked_oldest_ = 0;
  std::uint64_t looked_ = 0;  // the log's position then
};

}  // namespace

std::unique_ptr<Kv> make_local_kv(OpenedLocal opened) {
  return std::make_unique<LocalKv>(std::move(opened));
}

}  // namespace nines::engine
