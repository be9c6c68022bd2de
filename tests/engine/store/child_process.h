// A program that runs beside the test, whose standard output the test reads, and which is killed.
//
// Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace nines::test {

class ChildProcess {
 public:
  /// Starts the program that the first of `words` names; the others are its arguments.
  explicit ChildProcess(std::vector<std::string> words);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Waits for `bytes` of its output. False at the end of it, when the process is gone.
  [[nodiscard]] bool read(void* into, std::size_t bytes) const;
  /// Kills it; true when it was still running, rather than having ended by itself.
  [[nodiscard]] bool kill();

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace nines::test
