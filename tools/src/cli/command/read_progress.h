// A progress bar for work that tells nothing of itself: by the bytes that this process reads meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>

#include "cli/command/command.h"

namespace nines::tools {

/// While it lives, a thread of its own shows the bar on standard error; nothing where that is no terminal, with
/// --quiet, and for a command that runs in the process that holds the store, which reads for others too. What is read
/// of the page cache counts as well.
class ReadProgress {
 public:
  /// `total` bytes will be read; 0: nobody knows.
  ReadProgress(const Call& call, std::string label, std::uint64_t total);
  ~ReadProgress();
  ReadProgress(const ReadProgress&) = delete;
  ReadProgress& operator=(const ReadProgress&) = delete;

 private:
  std::binary_semaphore over_{0};
  std::thread thread_;
};

/// Bytes that this process has read so far; nothing where the system does not say.
[[nodiscard]] std::optional<std::uint64_t> bytes_read();

}  // namespace nines::tools
