#include "checks/connecting_check.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace nines::prober {

void ConnectingCheck::begin() {
  lookup(check().target.host, check().target.port, [this](std::vector<Address> addresses) {
    addresses_ = std::move(addresses);
    connect_started_ = Clock::now();
    connect_next();
  });
}

// The addresses share the time that is left evenly, so that a silent one does not use it up.
void ConnectingCheck::connect_next() {
  const Address& address = addresses_[next_++];
  outcome.address = to_string(address);
  fd_.reset(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd_) {
    fail(connect_failure(errno, outcome.address));
    return;
  }
  auto end = deadline();
  if (spec().timeouts.connect.count() > 0) end = std::min(end, connect_started_ + spec().timeouts.connect);
  const auto now = Clock::now();
  const auto share = (end - now) / static_cast<std::int64_t>(addresses_.size() - next_ + 1);
  bound_phase(now + share, [this] { on_connect_result(ETIMEDOUT); });
  const int error = ::connect(fd_.get(), address.raw(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    watch(EPOLLOUT);
    return;
  }
  on_connect_result(error);
}

void ConnectingCheck::on_connect_result(int error) {
  if (error == 0) {
    end_phase();
    is_connected_ = true;
    connected_at = Clock::now();
    outcome.phases.connect_us = clamp_us(connected_at - connect_started_);
    connected();
    return;
  }
  close_socket();
  if (next_ < addresses_.size()) {
    connect_next();
    return;
  }
  outcome.phases.connect_us = clamp_us(Clock::now() - connect_started_);
  fail(error == ETIMEDOUT ? timeout_failure({}) : connect_failure(error, outcome.address));
}

void ConnectingCheck::on_fd(int fd, std::uint32_t events) {
  if (is_connected_) {
    ready(events);
    return;
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  on_connect_result(error);
}

Failure ConnectingCheck::overdue() {
  if (addresses_.empty()) return dns_failure(ARES_ETIMEOUT, check().target.host);
  if (is_connected_) return timeout_failure(progress());
  outcome.phases.connect_us = clamp_us(Clock::now() - connect_started_);
  return timeout_failure({});
}

bool ConnectingCheck::watch(std::uint32_t events) {
  if (loop().watch(fd_.get(), events, *this)) return true;
  fail({ErrorClass::internal, "the socket cannot be watched"});
  return false;
}

bool ConnectingCheck::send_from(std::string& unsent) {
  while (!unsent.empty()) {
    const auto sent = ::send(fd_.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      fail(connect_failure(errno, outcome.address));
      return false;
    }
    unsent.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string_view> ConnectingCheck::read_some(std::span<char> buffer) {
  const auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(got));
  if (errno != EAGAIN && errno != EINTR) fail(connect_failure(errno, outcome.address));
  return std::nullopt;
}

void ConnectingCheck::bound_phase(Clock::time_point end, std::function<void()> over) {
  loop().cancel(phase_timer_);
  phase_timer_ = loop().call_at(end, std::move(over));
}

void ConnectingCheck::close_socket() noexcept {
  end_phase();
  if (!fd_) return;
  loop().unwatch(fd_.get());
  fd_.reset();
}

}  // namespace nines::prober
