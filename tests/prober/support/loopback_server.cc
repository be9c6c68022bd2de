#include "prober/support/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace nines::prober_test {
namespace {

// How long a blocking wait lasts before it looks whether the server is being stopped.
constexpr int kSliceMs = 20;

int bound_socket(int type, std::uint16_t& port) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::abort();  // a test machine without loopback cannot run these tests
  }
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (stopping_) return false;
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, kSliceMs) == 0) continue;
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string Connection::read_until(std::string_view end) {
  return read_while([end](const std::string& text) { return text.find(end) == std::string::npos; });
}

std::string Connection::read_bytes(std::size_t count) {
  return read_while([count](const std::string& text) { return text.size() < count; });
}

std::string Connection::read_while(const std::function<bool(const std::string&)>& wants_more) {
  std::string text;
  while (!stopping_ && wants_more(text)) {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, kSliceMs) == 0) continue;
    std::array<char, 4096> buffer;
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

bool Connection::pause_ms(int ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < end) {
    if (stopping_) return false;
    pollfd hung_up{fd_, POLLRDHUP, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (::poll(&hung_up, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kSliceMs))) > 0) return false;
  }
  return true;
}

void Connection::wait_for_close() {
  while (pause_ms(1000)) {
  }
}

void Connection::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

LoopbackServer::LoopbackServer(Session session) : session_(std::move(session)) {
  listener_ = bound_socket(SOCK_STREAM, port_);
  ::listen(listener_, 1024);
  acceptor_ = std::thread([this] { accept_all(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (auto& thread : sessions_) thread.join();
}

void LoopbackServer::accept_all() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    sessions_.emplace_back([this, fd] {
      Connection connection(fd, stopping_);
      session_(connection);
      ::close(fd);
    });
  }
}

std::string LoopbackServer::url(const std::string& scheme, const std::string& path) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
}

std::string http_answer(int status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Some Reason\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

LoopbackServer::Session answering(std::string answer) {
  return [text = std::move(answer)](Connection& connection) {
    if (!connection.read_request().empty()) connection.send(text);
  };
}

SilentUdp::SilentUdp() : fd_(bound_socket(SOCK_DGRAM, port_)) {}

SilentUdp::~SilentUdp() {
  ::close(fd_);
}

}  // namespace nines::prober_test
