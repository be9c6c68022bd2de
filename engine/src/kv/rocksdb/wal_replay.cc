#include "kv/rocksdb/wal_replay.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "kv/rocksdb/record_log.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> log_number(const fs::path& file) {
  if (file.extension() != ".log") return std::nullopt;
  const std::string stem = file.stem().string();
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != stem.data() + stem.size()) return std::nullopt;
  return number;
}

/// Finds out whether a batch changes a column family that needs the changes of a log.
class NewsFinder final : public rocksdb::WriteBatch::Handler {
 public:
  NewsFinder(std::uint64_t log, const std::map<std::uint32_t, std::uint64_t>& needed_from)
      : log_(log), needed_from_(needed_from) {}

  [[nodiscard]] bool found() const noexcept { return found_; }

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& /*key*/, const rocksdb::Slice& /*value*/) override {
    return look(family);
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& /*key*/) override { return look(family); }

 private:
  rocksdb::Status look(std::uint32_t family) {
    const auto needed = needed_from_.find(family);
    found_ = found_ || (needed != needed_from_.end() && log_ >= needed->second);
    return rocksdb::Status::OK();
  }

  const std::uint64_t log_;
  const std::map<std::uint32_t, std::uint64_t>& needed_from_;
  bool found_ = false;
};

}  // namespace

WalReplay::WalReplay(const std::string& path, std::uint64_t first_needed) : first_needed_(first_needed) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const auto number = log_number(entry.path());
    if (!number) continue;
    const auto bytes = entry.file_size(error);
    logs_[*number].file_bytes = error ? 0 : bytes;
  }
}

void WalReplay::ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& needed_from,
                                         const std::map<std::string, std::uint32_t>& /*ids*/) {
  if (needed_from.empty()) return;
  needed_from_ = needed_from;
  std::uint64_t first = needed_from.begin()->second;
  for (const auto& [family, number] : needed_from) first = std::min(first, number);
  first_needed_ = std::max(first_needed_, first);
}

rocksdb::WalFilter::WalProcessingOption WalReplay::LogRecordFound(unsigned long long log, const std::string& /*file*/,
                                                                  const rocksdb::WriteBatch& batch,
                                                                  rocksdb::WriteBatch* /*changed_batch*/,
                                                                  bool* /*changed*/) {
  // Logs that nothing needs any more may hold what an earlier open has dropped.
  if (log >= first_needed_) {
    const std::uint64_t sequence = sequence_of(batch.Data());
    if (next_sequence_ && sequence != *next_sequence_) return WalProcessingOption::kStopReplay;
    next_sequence_ = sequence + batch.Count();
  }
  Log& replayed = logs_[log];
  const std::uint64_t end = end_of_record(replayed.replayed_to, batch.GetDataSize());
  if (is_news(log, batch)) replayed_bytes_ += end - replayed.replayed_to;
  replayed.replayed_to = end;
  return WalProcessingOption::kContinueProcessing;
}

/// False for what a flush has put into table files already, of which a log may not be removed yet when it is replayed.
bool WalReplay::is_news(std::uint64_t log, const rocksdb::WriteBatch& batch) const {
  NewsFinder finder(log, needed_from_);
  return !batch.Iterate(&finder).ok() || finder.found();
}

std::vector<std::string> WalReplay::warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [number, log] : logs_) {
    if (number < first_needed_ || log.replayed_to >= log.file_bytes) continue;
    warnings.push_back("the last " + std::to_string(log.file_bytes - log.replayed_to) + " bytes of log " +
                       std::to_string(number) +
                       " were dropped: they hold no complete record, as after a power cut, or follow one that is "
                       "missing or damaged");
  }
  return warnings;
}

}  // namespace nines::engine
