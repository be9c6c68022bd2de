// The journal's file: lines of JSON with a checksum, appended, synced when asked, rewritten whole when it has grown.
//
// Format: prober/ALERTS.md. Owns its descriptor. Blocks on the disk. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nines/result.h>

#include "base/unique_fd.h"

namespace nines::prober {

class AlertJournal {
 public:
  /// What a file held: its records in order, and how many lines did not check out. A file of something else is one
  /// whose lines do not: what is left aside costs a message that is told again, and a monitor that does not start all.
  struct Content {
    std::vector<std::string> records;
    std::size_t damaged = 0;  ///< the first line, too; a torn last line, which a crash leaves, does not count
  };

  explicit AlertJournal(std::string path) : path_(std::move(path)) {}

  /// A file that is not there is empty. Errors: io, newer_format, not_a_store (a directory, or another thing that is no
  /// file).
  [[nodiscard]] Result<Content> read() const;
  /// Puts a file with `records` in the place of the old one, atomically and durably. A damaged old one is kept beside
  /// it as PATH.damaged when `keep_old`, an older one of that name as PATH.damaged.1 and so on.
  [[nodiscard]] Result<void> rewrite(const std::vector<std::string>& records, bool keep_old = false);
  /// Appends a record: a crash of the process does not lose it, one of the machine may until sync(). After an error of
  /// either nothing but rewrite() may be called: after a failed fsync the kernel may report success for lost pages.
  [[nodiscard]] Result<void> append(const std::string& record);
  /// Makes durable what was appended; does nothing when nothing was.
  [[nodiscard]] Result<void> sync();
  /// Bytes appended since the last rewrite.
  [[nodiscard]] std::uint64_t grown_bytes() const noexcept { return grown_; }

 private:
  const std::string path_;
  UniqueFd file_;
  std::uint64_t grown_ = 0;
  bool unsynced_ = false;
};

}  // namespace nines::prober
