// Reading RocksDB's two kinds of record log, the write-ahead log and the manifest, as far as an open has to judge them:
// where the intact records end, and whether what follows is a torn end or damage.
//
// RocksDB takes a record that reaches beyond the end of its file for one that a crash cut short, and ends there without
// a word. One flipped bit in a length has the same look, with all later records lost. But behind a torn end nothing
// intact follows.
//
// Format: https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format. Blocks of 32 KiB hold fragments of
// records: checksum 4, length 2, type 1, bytes. No fragment crosses a block.
//
// Threads: none; values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nines/result.h>

namespace nines::engine {

/// What a log file holds.
struct RecordLog {
  std::uint64_t file_bytes = 0;
  std::uint64_t intact_bytes = 0;   ///< up to the end of the last record before anything that is none
  bool torn_end_decodes = true;     ///< what follows is an incomplete record, not bytes that are none
  bool intact_ones_follow = false;  ///< and behind it come fragments that are intact: the file is damaged in its middle
};

enum class Checksums : std::uint8_t { skip, check };

/// Reads the log `file`, handing each record up to the first that is none to `visit`, which returns false to stop.
/// Errors: io.
[[nodiscard]] Result<RecordLog> read_record_log(const std::string& file, Checksums checksums,
                                                const std::function<bool(std::string_view record)>& visit = {});

/// The number of the first change in a record of the write-ahead log; its other changes follow it without a gap.
[[nodiscard]] std::uint64_t sequence_of(std::string_view record) noexcept;

/// The offset behind a record of `bytes` that is written at `offset`.
[[nodiscard]] std::uint64_t end_of_record(std::uint64_t offset, std::uint64_t bytes) noexcept;

}  // namespace nines::engine
