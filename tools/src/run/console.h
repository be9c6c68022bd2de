// Messages of a long-running command on standard error, with a progress line below them on a terminal. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace nines::tools {

class Console {
 public:
  /// `progress`: standard error is a terminal and the line is wanted.
  explicit Console(bool progress) : progress_(progress) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// A line, above the progress line.
  void say(std::string_view message);
  /// Replaces the progress line; nothing happens where there is none.
  void show(std::string line);

 private:
  const bool progress_;
  std::mutex mutex_;
  std::string line_;  // guarded by mutex_
};

}  // namespace nines::tools
