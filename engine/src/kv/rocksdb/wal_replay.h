// What an open reads back of the write-ahead log, and what it leaves behind.
//
// RocksDB drops an incomplete record at the end of a log without a word, and in point-in-time recovery everything after
// a damaged one. This watches the records as they are replayed and compares them with the files as they were before.
//
// It also ends the replay where changes are missing. A log that is full is followed by the next one before it is
// synced, and a power cut may leave the end of the later one and not that of the earlier: RocksDB goes on in the later
// log all the same, and the store would have a hole. A cut of synced logs is none of this: the manifest has their
// sizes.
//
// Threads: none of its own; it is used within one open.
#pragma once

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nines::engine {

class WalReplay final : public rocksdb::WalFilter {
 public:
  /// Notes the logs in the directory `path`; to be made before RocksDB opens it. `first_needed` is the number of the
  /// first log that the manifest says is needed: earlier ones are not read, and may be there still. 0 where that is not
  /// known.
  WalReplay(const std::string& path, std::uint64_t first_needed);

  /// Bytes of the records that were replayed and are not in table files already.
  [[nodiscard]] std::uint64_t replayed_bytes() const noexcept { return replayed_bytes_; }
  /// A sentence for each log of which a part was left behind.
  [[nodiscard]] std::vector<std::string> warnings() const;

  // What RocksDB calls.
  void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& needed_from,
                                const std::map<std::string, std::uint32_t>& ids) override;
  WalProcessingOption LogRecordFound(unsigned long long log, const std::string& file, const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* changed_batch, bool* changed) override;
  [[nodiscard]] const char* Name() const override { return "nines.WalReplay"; }

 private:
  struct Log {
    std::uint64_t file_bytes = 0;
    std::uint64_t replayed_to = 0;  // offset behind the last replayed record
  };

  [[nodiscard]] bool is_news(std::uint64_t log, const rocksdb::WriteBatch& batch) const;

  std::map<std::uint64_t, Log> logs_;                   // by number, which is their order
  std::map<std::uint32_t, std::uint64_t> needed_from_;  // the first log whose changes a column family still needs
  std::uint64_t first_needed_;                          // earlier logs hold nothing that is not in table files
  std::uint64_t replayed_bytes_ = 0;
  std::optional<std::uint64_t> next_sequence_;  // what the next record begins with, once there was one
};

}  // namespace nines::engine
