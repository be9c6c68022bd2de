// How a store is opened, and what opening found.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// How safe an append is when it returns.
enum class Durability : std::uint8_t {
  buffered,  ///< in the store's memory: a crash of the process loses what was not yet handed to the system
  process,   ///< handed to the operating system: survives kill -9, not a power cut
  disk,      ///< synced to the device: survives a power cut; concurrent callers share one sync
};

/// What to do with a log that is damaged in its middle, or lacks a file.
enum class Recovery : std::uint8_t {
  refuse,  ///< fail the open with `corruption` and say what is damaged
  /// Drop what the log has from the damage on, and say so in the open report. What has been sealed since is in table
  /// files and stays: each server has what it had at some moment, without the newest of its rows.
  point_in_time,
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct Options {
  // Behaviour.
  bool create_if_missing = true;  ///< false: a missing directory is `not_found`
  Recovery recovery = Recovery::refuse;
  /// Free bytes below which results are refused with `out_of_space`, before RocksDB meets the full disk. What makes
  /// room (retention, erasing, removing, compacting) and the catalog may use them. 0 is off.
  std::uint64_t disk_reserve_bytes = 64U << 20U;
  /// How far ahead of `clock` a result's time may lie; later ones are `out_of_range`.
  std::chrono::milliseconds max_ahead = std::chrono::hours{24};
  std::chrono::days keep_checks{0};     ///< the current UTC day and so many before it; 0 is forever
  std::chrono::days keep_summaries{0};  ///< likewise for day summaries
  /// Whether retention takes `clock` at its word. Otherwise no day counts as today that comes after that of the newest
  /// believable result: one whose server has others of one to three days before it. So a clock that is far ahead
  /// for less than a day drops nothing, and a store without results drops nothing more.
  bool trust_clock = false;
  /// The oldest whole days of all servers go when the table files are larger once they are compacted; never the current
  /// day. Logs and what is not compacted yet come on top, at most a few times `write_buffer_bytes`. At least twice
  /// `write_buffer_bytes`; 0 is no cap.
  std::uint64_t max_store_bytes = 0;
  /// Wall clock; empty means the system's. Called from any thread; it must neither throw nor call the store. One that
  /// throws has stopped at the time it gave last, which the log is told once.
  std::function<TimeMs()> clock;
  /// Receives the store's messages, from any thread; it must neither throw nor call the store. What it throws is
  /// dropped. Empty: none.
  std::function<void(LogLevel, std::string_view)> log;

  /// Costs memory, saves time; never changes an answer.
  struct Performance {
    std::size_t head_bytes = 48U << 20U;  ///< budget of the in-memory head, a quarter of it at most for day summaries;
                                          ///< 0 reads all sealed data from disk
    std::chrono::hours head_span{26};     ///< how far back the head reaches: a day, and what holds at its start
    std::size_t block_cache_bytes = 64U << 20U;   ///< RocksDB's block cache
    std::size_t write_buffer_bytes = 16U << 20U;  ///< of one flush; 4 times that may be in memory
    int background_threads = 1;                   ///< flushes and compactions
    int scan_threads = 1;  ///< threads of a bulk scan, the caller's included; made for each, fewer when there are none
    std::uint32_t seal_rows = 256;  ///< rows of a server that are sealed together; fewer, down to 64, when all servers'
                                    ///< rows take more than half of `head_bytes`
  } performance;

  /// `invalid_argument` naming the first field that is out of its bounds.
  [[nodiscard]] Result<void> validate() const;
};

/// What opening found and did.
struct OpenReport {
  bool created = false;
  bool recovered = false;             ///< the last writer did not close the store
  std::uint64_t replayed_bytes = 0;   ///< log read back
  std::vector<std::string> warnings;  ///< what was dropped or repaired, a sentence each
};

}  // namespace nines
