// tcp: connect, send, and read until the conditions hold. mqtt: the same with the protocol's two first packets.
//
// mqtt is not left to libcurl, because its only way to use a broker is to subscribe and then to wait for a message,
// which may never come; a CONNECT that is accepted says that the broker serves clients.
#include <sys/epoll.h>

#include <array>
#include <utility>

#include "checks/connecting_check.h"
#include "protocols/mqtt.h"

namespace nines::prober {
namespace {

class TcpCheck final : public ConnectingCheck {
 public:
  using ConnectingCheck::ConnectingCheck;

 protected:
  void connected() override;
  void ready(std::uint32_t events) override;
  [[nodiscard]] TransferProgress progress() const override;

 private:
  [[nodiscard]] bool is_mqtt() const noexcept { return check().target.kind == CheckKind::mqtt; }
  void send_rest();
  void receive();
  void judge(bool closed);
  void complete();

  Clock::time_point first_byte_at_{};
  std::string unsent_;
  std::string received_;
};

void TcpCheck::connected() {
  unsent_ = is_mqtt() ? mqtt_connect(spec().username, spec().password) : spec().send;
  if (spec().timeouts.first_byte.count() > 0) {
    bound_phase(connected_at + spec().timeouts.first_byte, [this] {
      if (received_.empty()) fail(overdue());
    });
  }
  send_rest();
}

void TcpCheck::send_rest() {
  if (!send_from(unsent_)) return;
  const bool reads = check().needs_body || is_mqtt();
  if (unsent_.empty() && !reads) {
    complete();
    return;
  }
  watch(EPOLLIN | (unsent_.empty() ? 0U : EPOLLOUT));
}

void TcpCheck::ready(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive();
  if (!finished() && (events & EPOLLOUT) != 0) send_rest();
}

void TcpCheck::receive() {
  std::array<char, kReadBytes> buffer;
  const auto got = read_some(buffer);
  if (!got) return;
  if (!got->empty() && received_.empty()) {
    first_byte_at_ = Clock::now();
    outcome.phases.first_byte_us = clamp_us(first_byte_at_ - connected_at);
  }
  received_ += *got;
  outcome.body_bytes = received_.size();
  judge(got->empty());
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

TransferProgress TcpCheck::progress() const {
  TransferProgress progress;
  progress.connected = progress.secured = true;
  progress.answered = !received_.empty();
  return progress;
}

}  // namespace

std::unique_ptr<RunningCheck> make_tcp_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                             CheckRunner::Done done) {
  return std::make_unique<TcpCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
