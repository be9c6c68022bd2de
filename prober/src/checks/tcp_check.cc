// tcp: connect, send, and read until the conditions hold. mqtt: the same with the protocol's two first packets.
//
// mqtt is not left to libcurl, because its only way to use a broker is to subscribe and then to wait for a message,
// which may never come; a CONNECT that is accepted says that the broker serves clients.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "checks/error_mapping.h"
#include "checks/mqtt.h"
#include "checks/running_check.h"

namespace nines::prober {
namespace {

// One read; a peer that sends more is read again when the loop comes round.
constexpr std::size_t kReadBytes = 16 << 10;

class TcpCheck final : public RunningCheck, public FdWatcher {
 public:
  using RunningCheck::RunningCheck;

  void on_fd(int fd, std::uint32_t events) override;

 protected:
  void begin() override;
  Failure overdue() override;
  void release() override { close_socket(); }

 private:
  enum class Stage : std::uint8_t { looking_up, connecting, talking };

  [[nodiscard]] bool is_mqtt() const noexcept { return check().target.kind == CheckKind::mqtt; }
  void connect_next();
  void on_connect_result(int error);
  void connected();
  void send_rest();
  void receive();
  void judge(bool closed);
  void complete();
  void close_socket() noexcept;

  Stage stage_ = Stage::looking_up;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;  // the address to try
  UniqueFd fd_;
  TimerId attempt_timer_{};
  Clock::time_point connect_started_{};
  Clock::time_point connected_at_{};
  Clock::time_point first_byte_at_{};
  std::string unsent_;
  std::string received_;
};

void TcpCheck::begin() {
  unsent_ = is_mqtt() ? mqtt_connect(spec().username, spec().password) : spec().send;
  lookup(check().target.host, check().target.port, [this](std::vector<Address> addresses) {
    addresses_ = std::move(addresses);
    stage_ = Stage::connecting;
    connect_started_ = Clock::now();
    connect_next();
  });
}

// The addresses share the time that is left evenly, so that a silent one does not use it up.
void TcpCheck::connect_next() {
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
  attempt_timer_ = loop().call_at(now + share, [this] { on_connect_result(ETIMEDOUT); });
  const int error = ::connect(fd_.get(), address.raw(), address.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    if (!loop().watch(fd_.get(), EPOLLOUT, *this)) fail({ErrorClass::internal, "the socket cannot be watched"});
    return;
  }
  on_connect_result(error);
}

void TcpCheck::on_connect_result(int error) {
  if (error == 0) {
    loop().cancel(attempt_timer_);
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

void TcpCheck::connected() {
  stage_ = Stage::talking;
  connected_at_ = Clock::now();
  outcome.phases.connect_us = clamp_us(connected_at_ - connect_started_);
  if (spec().timeouts.first_byte.count() > 0) {
    attempt_timer_ = loop().call_at(connected_at_ + spec().timeouts.first_byte, [this] {
      if (received_.empty()) fail(overdue());
    });
  }
  send_rest();
}

void TcpCheck::send_rest() {
  while (!unsent_.empty()) {
    const auto sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (sent < 0) {
      fail(connect_failure(errno, outcome.address));
      return;
    }
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  const bool reads = check().needs_body || is_mqtt();
  if (unsent_.empty() && !reads) {
    complete();
    return;
  }
  const std::uint32_t events = EPOLLIN | (unsent_.empty() ? 0U : EPOLLOUT);
  if (!loop().watch(fd_.get(), events, *this)) fail({ErrorClass::internal, "the socket cannot be watched"});
}

void TcpCheck::on_fd(int fd, std::uint32_t events) {
  if (stage_ == Stage::connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    on_connect_result(error);
    return;
  }
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive();
  if (!finished() && (events & EPOLLOUT) != 0) send_rest();
}

void TcpCheck::receive() {
  std::array<char, kReadBytes> buffer;
  const auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) {
    fail(connect_failure(errno, outcome.address));
    return;
  }
  if (got > 0 && received_.empty()) {
    first_byte_at_ = Clock::now();
    outcome.phases.first_byte_us = clamp_us(first_byte_at_ - connected_at_);
  }
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  outcome.body_bytes = received_.size();
  judge(got == 0);
}

void TcpCheck::judge(bool closed) {
  std::optional<Failure> unmet;
  if (is_mqtt()) {
    const auto answer = parse_mqtt_connack(received_);
    if (answer.done) {
      outcome.code = answer.code;
      if (!answer.error.empty()) {
        fail({answer.code != 0 ? ErrorClass::condition : ErrorClass::protocol, answer.error});
        return;
      }
    } else {
      unmet = Failure{ErrorClass::protocol, "the broker did not answer the CONNECT"};
    }
  } else {
    unmet = judge_received(check(), received_);
  }
  if (!unmet) {
    complete();
  } else if (closed && received_.empty()) {
    fail({ErrorClass::reset, "the peer closed the connection without a word"});
  } else if (closed) {
    fail(*std::move(unmet));
  } else if (received_.size() > spec().body_limit_bytes) {
    fail({ErrorClass::too_large, "sent more than " + std::to_string(spec().body_limit_bytes) + " bytes"});
  }
}

void TcpCheck::complete() {
  const auto now = Clock::now();
  if (!received_.empty()) outcome.phases.transfer_us = clamp_us(now - first_byte_at_);
  outcome.latency_us = clamp_us(now - started());
  succeed();
}

Failure TcpCheck::overdue() {
  if (stage_ == Stage::looking_up) return dns_failure(ARES_ETIMEOUT, check().target.host);
  TransferProgress progress;
  progress.connected = stage_ == Stage::talking;
  progress.secured = progress.connected;
  progress.answered = !received_.empty();
  if (!progress.connected) outcome.phases.connect_us = clamp_us(Clock::now() - connect_started_);
  return timeout_failure(progress);
}

void TcpCheck::close_socket() noexcept {
  loop().cancel(attempt_timer_);
  if (!fd_) return;
  loop().unwatch(fd_.get());
  fd_.reset();
}

}  // namespace

std::unique_ptr<RunningCheck> make_tcp_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                             CheckRunner::Done done) {
  return std::make_unique<TcpCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
