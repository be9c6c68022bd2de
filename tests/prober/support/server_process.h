// Real servers for tests: a program on a free loopback port, with its files in a directory of its own, stopped by pid.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nines::prober_test {

/// A new directory under the system's temporary one, removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// Runs `command` and waits. Its output when it failed, else nothing. A program that is missing fails.
[[nodiscard]] std::string run_command(const std::vector<std::string>& command);

class ServerProcess {
 public:
  struct Options {
    std::vector<std::string> command;  ///< the program first, found in PATH, /usr/sbin or /usr/libexec
    std::string package;               ///< Debian's, named when the program is missing
    std::uint16_t port = 0;            ///< waited for until it accepts TCP connections
    std::function<bool()> ready;       ///< instead of the port
  };

  /// Starts and waits until it is ready; on failure the test fails with the server's output and started() is false.
  explicit ServerProcess(Options options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] bool started() const noexcept { return started_; }
  /// What the server printed so far.
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] bool wait_until_ready();

  const Options options_;
  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  bool started_ = false;
};

}  // namespace nines::prober_test
