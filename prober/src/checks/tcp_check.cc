// tcp: connect, send, and read until the conditions hold. mqtt and ssh: the same with the first words of the protocol.
//
// mqtt is not left to libcurl, because its only way to use a broker is to subscribe and then to wait for a message,
// which may never come; a CONNECT that is accepted says that the broker serves clients. An ssh server is asked for no
// more than its key exchange packet: its keys are not checked, and it logs a client that left before it logged in.
#include <sys/epoll.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "checks/connecting_check.h"
#include "protocols/mqtt.h"
#include "protocols/ssh.h"

namespace nines::prober {
namespace {

// What the peer's words so far come to.
struct Verdict {
  std::optional<Failure> failure;  // nothing when all is well
  bool is_final = true;            // false: what is yet to come may mend it
};

// How a kind's conversation begins, and when it is over.
struct Conversation {
  std::string (*opening)(const CheckSpec& spec);
  Verdict (*judge)(const CompiledCheck& check, std::string_view received, CheckOutcome& outcome);
  bool always_reads;
};

Verdict judge_text(const CompiledCheck& check, std::string_view received, CheckOutcome& /*outcome*/) {
  return {judge_received(check, received), false};
}

Verdict judge_mqtt(const CompiledCheck& /*check*/, std::string_view received, CheckOutcome& outcome) {
  const auto answer = parse_mqtt_connack(received);
  if (!answer.done) return {Failure{ErrorClass::protocol, "the broker did not answer the CONNECT"}, false};
  outcome.code = answer.code;
  if (answer.error.empty()) return {};
  return {Failure{answer.code != 0 ? ErrorClass::condition : ErrorClass::protocol, answer.error}};
}

Verdict judge_ssh(const CompiledCheck& check, std::string_view received, CheckOutcome& /*outcome*/) {
  const auto hello = parse_ssh_hello(received);
  if (!hello.error.empty()) {
    return {Failure{hello.refused ? ErrorClass::condition : ErrorClass::protocol, hello.error}};
  }
  if (hello.identification.empty()) {
    const std::string heard = hello.last_line.empty() ? "" : ", but " + in_quotes(hello.last_line);
    return {Failure{ErrorClass::protocol, "the server did not say that it speaks SSH" + heard}, false};
  }
  if (auto unmet = judge_received(check, hello.identification)) return {std::move(unmet)};
  if (hello.done) return {};
  return {Failure{ErrorClass::protocol, "the server did not begin the key exchange"}, false};
}

constexpr Conversation kText{[](const CheckSpec& spec) { return spec.send; }, judge_text, false};
constexpr Conversation kMqtt{[](const CheckSpec& spec) { return mqtt_connect(spec.username, spec.password); },
                             judge_mqtt, true};
constexpr Conversation kSsh{[](const CheckSpec& /*spec*/) { return std::string(kSshIdentification); }, judge_ssh, true};

const Conversation& conversation_of(CheckKind kind) noexcept {
  return kind == CheckKind::mqtt ? kMqtt : kind == CheckKind::ssh ? kSsh : kText;
}

class TcpCheck final : public ConnectingCheck {
 public:
  using ConnectingCheck::ConnectingCheck;

 protected:
  void connected() override;
  void ready(std::uint32_t events) override;
  [[nodiscard]] TransferProgress progress() const override;

 private:
  [[nodiscard]] const Conversation& conversation() const noexcept { return conversation_of(check().target.kind); }
  void send_rest();
  void receive();
  void judge(bool closed);
  void complete();

  Clock::time_point first_byte_at_{};
  std::string unsent_;
  std::string received_;
};

void TcpCheck::connected() {
  unsent_ = conversation().opening(spec());
  if (spec().timeouts.first_byte.count() > 0) {
    bound_phase(connected_at + spec().timeouts.first_byte, [this] {
      if (received_.empty()) fail(overdue());
    });
  }
  send_rest();
}

void TcpCheck::send_rest() {
  if (!send_from(unsent_)) return;
  const bool reads = check().needs_body || conversation().always_reads;
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
  const auto verdict = conversation().judge(check(), received_, outcome);
  if (!verdict.failure) {
    complete();
  } else if (verdict.is_final) {
    fail(*verdict.failure);
  } else if (closed && received_.empty()) {
    fail({ErrorClass::reset, "the peer closed the connection without a word"});
  } else if (closed) {
    fail(*verdict.failure);
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
