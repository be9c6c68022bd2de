// One server for thousands of short conversations, most of them bad: a single thread, so that it costs the test little.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <nines/check_spec.h>

namespace nines::prober_test {

/// Answers by the request's path, see kinds(). What does not ask over HTTP hears a line that fits no protocol.
class HostileCrowd {
 public:
  HostileCrowd();
  ~HostileCrowd();
  HostileCrowd(const HostileCrowd&) = delete;
  HostileCrowd& operator=(const HostileCrowd&) = delete;

  /// A check of every kind of conversation that the server holds, the first of them good.
  [[nodiscard]] std::vector<CheckSpec> kinds() const;
  /// Connections that are open right now.
  [[nodiscard]] std::size_t open() const noexcept { return open_.load(); }

 private:
  enum class After : std::uint8_t { close, reset, stay };
  void run();
  void accept_all();
  [[nodiscard]] bool serve(int fd);
  [[nodiscard]] static After answer(int fd, const std::string& heard);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> open_{0};
  std::unordered_map<int, std::string> heard_;  // by connection
  std::thread thread_;
};

}  // namespace nines::prober_test
