#include "prober/support/hostile_crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "prober/support/loopback_server.h"

namespace nines::prober_test {
namespace {

constexpr int kBacklog = 4096;
constexpr int kSliceMs = 20;  // how long it waits before it looks whether it is being stopped
constexpr std::chrono::milliseconds kTimeout{150};

void send(int fd, const std::string& text) {
  // What does not fit the socket's buffer is left unsaid: the checks end for other reasons.
  static_cast<void>(::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace

HostileCrowd::HostileCrowd() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, length) != 0 || ::listen(listener_, kBacklog) != 0 ||
      ::getsockname(listener_, generic, &length) != 0) {
    std::abort();  // a test machine without loopback cannot run these tests
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HostileCrowd::~HostileCrowd() {
  stopping_ = true;
  thread_.join();
  for (const auto& [fd, unused] : heard_) ::close(fd);
  ::close(listener_);
}

std::vector<CheckSpec> HostileCrowd::kinds() const {
  const std::string place = "://127.0.0.1:" + std::to_string(port_);
  std::vector<CheckSpec> specs;
  for (const char* path : {"/good", "/reset", "/cut", "/silent", "/garbage", "/headers", "/body", "/loop", "/empty",
                           "/half-a-line", "/bad-chunk"}) {
    specs.emplace_back().url = "http" + place + path;
    specs.back().body_limit_bytes = 10'000;
    specs.back().header_limit_bytes = 10'000;
  }
  for (const char* scheme :
       {"https", "tls", "wss", "ws", "tcp", "mqtt", "ssh", "smtp", "imaps", "pop3", "ftp", "ldap"}) {
    specs.emplace_back().url = scheme + place;
  }
  specs.emplace_back().url = "http://127.0.0.1:" + std::to_string(free_port()) + "/closed";
  specs.emplace_back().url = "http://no-such-name.invalid/";
  for (CheckSpec& spec : specs) spec.timeouts.total = kTimeout;
  return specs;
}

void HostileCrowd::run() {
  std::vector<pollfd> watched;
  while (!stopping_) {
    watched.assign(1, {listener_, POLLIN, 0});
    for (const auto& [fd, unused] : heard_) watched.push_back({fd, POLLIN, 0});
    if (::poll(watched.data(), watched.size(), kSliceMs) <= 0) continue;
    for (std::size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents == 0 || serve(watched[i].fd)) continue;
      heard_.erase(watched[i].fd);
      ::close(watched[i].fd);
    }
    if (watched[0].revents != 0) accept_all();
    open_ = heard_.size();
  }
}

void HostileCrowd::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    heard_[fd].clear();
  }
}

// False when the conversation is over.
bool HostileCrowd::serve(int fd) {
  std::array<char, 4096> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got <= 0) return false;
  std::string& heard = heard_[fd];
  heard.append(buffer.data(), static_cast<std::size_t>(got));
  if (heard.starts_with("GET ") && heard.find("\r\n\r\n") == std::string::npos) return true;
  const After after = answer(fd, heard);
  heard.clear();
  if (after == After::reset) {
    const linger hard{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  return after == After::stay;
}

HostileCrowd::After HostileCrowd::answer(int fd, const std::string& heard) {
  const auto asks_for = [&heard](const char* path) { return heard.starts_with(std::string("GET ") + path + " "); };
  if (!heard.starts_with("GET ")) return send(fd, "WHAT DO YOU WANT\r\n"), After::close;
  if (asks_for("/good")) return send(fd, http_answer(200, "well")), After::close;
  if (asks_for("/reset")) return After::reset;
  if (asks_for("/cut")) return send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly"), After::close;
  if (asks_for("/silent")) return After::stay;
  if (asks_for("/garbage")) return send(fd, std::string(100, '\x07') + "\r\n\r\n"), After::close;
  if (asks_for("/headers")) {
    return send(fd, "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n"), After::stay;
  }
  if (asks_for("/body")) return send(fd, "HTTP/1.1 200 OK\r\n\r\n" + std::string(20'000, 'z')), After::stay;
  if (asks_for("/loop")) return send(fd, http_answer(302, "", "Location: /loop\r\n")), After::close;
  if (asks_for("/half-a-line")) return send(fd, "HTTP/1.1 20"), After::stay;
  if (asks_for("/bad-chunk")) {
    return send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"), After::close;
  }
  return After::close;  // without a word
}

}  // namespace nines::prober_test
