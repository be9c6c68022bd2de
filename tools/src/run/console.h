// Messages of a long-running command on standard error, with a progress line below them on a terminal. Thread-safe.
//
// On a terminal a message is a sentence; to the journal it has its priority before it (sd-daemon(3)); as logfmt or JSON
// it is a line with the fields time, level and message.
#pragma once

#include <nines/options.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace nines::tools {

enum class LogFormat : std::uint8_t { text, journal, logfmt, json };
/// "text", "logfmt", "json".
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view text) noexcept;
/// The journal's where standard error leads to it (JOURNAL_STREAM names its device and inode), else text.
[[nodiscard]] LogFormat usual_log_format();

class Console {
 public:
  /// `progress`: standard error is a terminal and the line is wanted.
  Console(bool progress, LogFormat format) : progress_(progress && format == LogFormat::text), format_(format) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// A line, or several, above the progress line.
  void say(LogLevel level, std::string_view message);
  void say(std::string_view message) { say(LogLevel::info, message); }
  /// Replaces the progress line, cut to the terminal's width; nothing happens where there is none.
  void show(const std::string& line);

 private:
  const bool progress_;
  const LogFormat format_;
  engine::Mutex mutex_;
  std::string line_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::tools
