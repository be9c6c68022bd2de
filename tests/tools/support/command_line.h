// Running the real `nines` program in the tests: temporary folders, processes with their output, free ports.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/free_port.h"

namespace nines::tools::testing {

/// A folder that is gone with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string path(const std::string& name = {}) const;
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::string& path);

/// How a finished program ended. A signal is 128 + its number.
struct Finished {
  int code = -1;
  std::string out;
  std::string err;
};

/// A `nines` that is running. Killed when the object goes.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, const std::string& input = {},
                   const std::vector<std::string>& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// Waits for its end, at most a minute (then it is killed and the code is -1).
  [[nodiscard]] Finished wait();
  /// What it has written to standard error so far.
  [[nodiscard]] std::string err_so_far() const;
  /// Likewise to standard output.
  [[nodiscard]] std::string out_so_far() const;
  /// Waits until standard error holds `text`, at most 20 s; whether it came.
  [[nodiscard]] bool says(const std::string& text) const;

 private:
  TempDir dir_;
  pid_t pid_ = -1;
};

/// Runs `nines` to its end. NO other environment than PATH, HOME and `environment` ("NAME=value") is passed.
[[nodiscard]] Finished nines(const std::vector<std::string>& arguments, const std::string& input = {},
                             const std::vector<std::string>& environment = {});

using test::free_port;

/// Polls `condition` every 10 ms for at most `patience`; its last answer.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds patience = std::chrono::seconds{20}) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return condition();
}

/// Whether a process has a handler of its own for `signal` by now.
[[nodiscard]] bool catches(pid_t process, int signal);

}  // namespace nines::tools::testing
