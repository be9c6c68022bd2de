// Servers for tests, inside the test's process: a TCP server that treats every connection as a test tells it to, and
// a UDP socket that never answers. Both listen on a free port of 127.0.0.1.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/free_port.h"

namespace nines::prober_test {

/// One accepted connection, used by its own thread. Every call returns false, or what came so far, once the peer or
/// the server has hung up.
class Connection {
 public:
  explicit Connection(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}

  bool send(std::string_view bytes);
  /// Reads until `end` has come; what was read, `end` included.
  std::string read_until(std::string_view end);
  /// Reads until `count` bytes have come; what was read, which may be more.
  std::string read_bytes(std::size_t count);
  /// Reads the head of an HTTP request.
  std::string read_request() { return read_until("\r\n\r\n"); }
  /// Waits, but not longer than the peer or the server stay.
  bool pause_ms(int ms);
  void wait_for_close();
  /// Closes in a way that sends a reset.
  void reset();

 private:
  std::string read_while(const std::function<bool(const std::string&)>& wants_more);

  const int fd_;
  const std::atomic<bool>& stopping_;
};

class LoopbackServer {
 public:
  using Session = std::function<void(Connection&)>;

  explicit LoopbackServer(Session session);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url(const std::string& scheme, const std::string& path = "/") const;
  [[nodiscard]] int connections() const noexcept { return connections_.load(); }

 private:
  void accept_all();

  const Session session_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> sessions_;  // guarded by mutex_
};

/// An HTTP answer with the right Content-Length.
[[nodiscard]] std::string http_answer(int status, std::string_view body, std::string_view more_headers = "");

/// A session that answers every request with `answer`.
[[nodiscard]] LoopbackServer::Session answering(std::string answer);

/// A bound UDP socket that is never read: a name server that is silent.
class SilentUdp {
 public:
  SilentUdp();
  ~SilentUdp();
  SilentUdp(const SilentUdp&) = delete;
  SilentUdp& operator=(const SilentUdp&) = delete;
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  int fd_ = -1;
};

using test::free_port;

}  // namespace nines::prober_test
