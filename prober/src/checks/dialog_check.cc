// tcp and tls with a dialog: what is said and heard in turn, over TLS from the first byte or from the middle on.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "checks/certificate_watch.h"
#include "checks/connecting_check.h"
#include "checks/tls_stream.h"
#include "spec/check_kind.h"
#include "spec/dialog.h"

namespace nines::prober {
namespace {

/// A look at what was heard that takes longer and finds nothing is followed by so many times its time without another:
/// a peer that sends without end would have all of it looked through again at every few kilobytes.
constexpr std::chrono::milliseconds kLongLook{1};
constexpr int kRestAfterLook = 9;

class DialogCheck final : public ConnectingCheck {
 public:
  using ConnectingCheck::ConnectingCheck;

 protected:
  void connected() override;
  void ready(std::uint32_t events) override;
  Failure overdue() override;
  [[nodiscard]] TransferProgress progress() const override;
  void release() override;

 private:
  [[nodiscard]] const std::vector<DialogAct>& acts() const noexcept { return check().dialog; }
  void begin_tls();
  void go_on_with_tls();
  void proceed();
  [[nodiscard]] bool hears(const DialogAct& act);
  [[nodiscard]] bool finds(const DialogAct& act);
  void look_now();
  void say(const std::string& text);
  void flush();
  void receive();
  void take(std::string_view bytes);
  void take_words(std::string_view text);
  void heard_the_end();
  [[nodiscard]] Failure unmet(ErrorClass when_silent, const std::string& how) const;

  std::size_t next_ = 0;  // act
  std::string heard_;     // all that the peer has said, lines ending in LF
  std::size_t from_ = 0;  // where the next expectation begins to look
  std::vector<std::string> groups_;
  Clock::time_point next_look_{};
  TimerId look_timer_{};  // set while something has come that was not looked at
  std::string unsent_;
  std::size_t received_bytes_ = 0;
  Clock::time_point first_byte_at_{};

  CertificateWatch certificates_;
  TlsStream tls_;
  enum class Tls : std::uint8_t { none, handshake, on } tls_state_ = Tls::none;
  Clock::time_point tls_began_{};
};

void DialogCheck::connected() {
  if (spec().timeouts.first_byte.count() > 0) {
    bound_phase(connected_at + spec().timeouts.first_byte, [this] {
      if (received_bytes_ == 0) fail(overdue());
    });
  }
  if (!watch(EPOLLIN)) return;
  if (traits(check().target.kind).has(feature::kTls)) {
    begin_tls();
  } else {
    proceed();
  }
}

void DialogCheck::begin_tls() {
  // What came in clear text before the handshake must not be taken for what came after it.
  from_ = heard_.size();
  tls_began_ = Clock::now();
  if (auto failure = tls_.open(check(), check().target.host, certificates_)) {
    fail(*std::move(failure));
    return;
  }
  tls_state_ = Tls::handshake;
  if (spec().timeouts.tls.count() > 0) {
    bound_phase(tls_began_ + spec().timeouts.tls, [this] {
      if (tls_state_ == Tls::handshake) fail(overdue());
    });
  }
  go_on_with_tls();
}

void DialogCheck::go_on_with_tls() {
  const auto progress = tls_.handshake();
  unsent_ += tls_.take_output();  // also the alert by which a refusal is told
  flush();
  if (finished() || progress == TlsStream::Progress::more) return;
  outcome.phases.tls_us = clamp_us(Clock::now() - tls_began_);
  outcome.certificate_expiry = certificates_.leaf_expiry;
  outcome.chain_expiry = certificates_.chain_expiry;
  outcome.expiring_certificate = certificates_.expiring;
  if (progress == TlsStream::Progress::failed) {
    fail(tls_.failure());
    return;
  }
  tls_state_ = Tls::on;
  if (auto failure = judge_certificate(check(), certificates_)) {
    fail(*std::move(failure));
    return;
  }
  proceed();
}

// As many acts as can be done now.
void DialogCheck::proceed() {
  while (!finished() && next_ < acts().size() && unsent_.empty()) {
    const DialogAct& act = acts()[next_];
    if (act.step.act == DialogStep::Act::expect && !hears(act)) return;
    ++next_;
    if (act.step.act == DialogStep::Act::starttls) {
      begin_tls();
      return;
    }
    if (act.step.act == DialogStep::Act::send) say(fill_groups(act.step.text, groups_));
  }
  if (finished() || next_ < acts().size() || !unsent_.empty()) return;
  const auto now = Clock::now();
  if (received_bytes_ > 0) outcome.phases.transfer_us = clamp_us(now - std::max(first_byte_at_, tls_began_));
  outcome.latency_us = clamp_us(now - started());
  succeed();
}

bool DialogCheck::hears(const DialogAct& act) {
  const auto began = Clock::now();
  if (began < next_look_) {
    if (look_timer_ == TimerId{}) look_timer_ = loop().call_at(next_look_, [this] { look_now(); });
    return false;
  }
  if (finds(act)) return true;
  const auto now = Clock::now();
  if (now - began > kLongLook) next_look_ = now + kRestAfterLook * (now - began);
  return false;
}

bool DialogCheck::finds(const DialogAct& act) {
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(act.expression->NumberOfCapturingGroups()) + 1);
  if (!act.expression->Match(heard_, from_, heard_.size(), RE2::UNANCHORED, found.data(),
                             static_cast<int>(found.size()))) {
    return false;
  }
  const auto end = static_cast<std::size_t>(found[0].data() - heard_.data()) + found[0].size();
  // A word may still grow, and what is left of a line must not become part of a handshake.
  if (act.whole_line && heard_.find('\n', end > 0 ? end - 1 : 0) == std::string::npos) return false;
  from_ = end;
  groups_.clear();
  for (const auto& part : found) groups_.emplace_back(part.data() != nullptr ? std::string(part) : std::string());
  return true;
}

/// What has come without being looked at, if anything has: the check may be finished then.
void DialogCheck::look_now() {
  if (look_timer_ == TimerId{}) return;
  loop().cancel(std::exchange(look_timer_, TimerId{}));
  next_look_ = {};
  proceed();
}

void DialogCheck::say(const std::string& text) {
  if (tls_state_ != Tls::on) {
    unsent_ += text;
  } else if (tls_.write(text)) {
    unsent_ += tls_.take_output();
  } else {
    fail(tls_.failure());
    return;
  }
  flush();
}

void DialogCheck::flush() {
  if (send_from(unsent_)) watch(EPOLLIN | (unsent_.empty() ? 0U : EPOLLOUT));
}

void DialogCheck::ready(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush();
    if (!finished() && tls_state_ != Tls::handshake) proceed();
  }
  if (!finished() && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive();
}

void DialogCheck::receive() {
  std::array<char, kReadBytes> buffer;
  const auto got = read_some(buffer);
  if (!got) return;
  if (got->empty()) {
    heard_the_end();
    return;
  }
  if (received_bytes_ == 0) {
    first_byte_at_ = Clock::now();
    outcome.phases.first_byte_us = clamp_us(first_byte_at_ - connected_at);
  }
  received_bytes_ += got->size();
  if (received_bytes_ > spec().body_limit_bytes) {
    look_now();
    if (finished()) return;
    fail({ErrorClass::too_large, "sent more than " + std::to_string(spec().body_limit_bytes) + " bytes"});
    return;
  }
  take(*got);
}

void DialogCheck::take(std::string_view bytes) {
  if (tls_state_ == Tls::none) {
    take_words(bytes);
    proceed();
    return;
  }
  tls_.feed(bytes);
  if (tls_state_ == Tls::handshake) go_on_with_tls();
  if (finished() || tls_state_ != Tls::on) return;
  std::string text;
  const auto progress = tls_.read(text);
  unsent_ += tls_.take_output();
  flush();
  if (finished()) return;
  take_words(text);
  proceed();
  if (finished() || progress == TlsStream::Progress::more) return;
  if (progress == TlsStream::Progress::failed) {
    fail(tls_.failure());
  } else {
    heard_the_end();
  }
}

void DialogCheck::take_words(std::string_view text) {
  for (const char c : text) {
    if (c == '\n' && heard_.size() > from_ && heard_.back() == '\r') heard_.pop_back();
    heard_ += c;
  }
  outcome.body_bytes = heard_.size();
}

// What was expected, and what came instead.
Failure DialogCheck::unmet(ErrorClass when_silent, const std::string& how) const {
  const std::string_view rest = trim(std::string_view(heard_).substr(from_));
  const std::string expected = in_quotes(next_ < acts().size() ? acts()[next_].step.text : "");
  if (rest.empty()) return {when_silent, how + ", expected " + expected};
  const auto line = rest.substr(rest.find_last_of('\n') + 1);
  return {ErrorClass::condition, "expected " + expected + ", heard " + in_quotes(line)};
}

void DialogCheck::heard_the_end() {
  look_now();
  if (finished()) return;
  if (tls_state_ == Tls::handshake) {
    fail({ErrorClass::tls, "the peer closed the connection in the TLS handshake"});
  } else if (next_ < acts().size() && acts()[next_].step.act == DialogStep::Act::expect) {
    fail(unmet(ErrorClass::reset, "the peer closed the connection"));
  } else {
    fail({ErrorClass::reset, "the peer closed the connection before all was said"});
  }
}

Failure DialogCheck::overdue() {
  if (look_timer_ != TimerId{}) {
    return {ErrorClass::timeout,
            "what was heard takes too long to look through, expected " + in_quotes(acts()[next_].step.text)};
  }
  const bool listens = connected_at != Clock::time_point{} && tls_state_ != Tls::handshake && unsent_.empty();
  return listens ? unmet(ErrorClass::timeout, "no answer in time") : ConnectingCheck::overdue();
}

void DialogCheck::release() {
  loop().cancel(look_timer_);
  ConnectingCheck::release();
}

TransferProgress DialogCheck::progress() const {
  TransferProgress progress;
  progress.connected = true;
  progress.secured = tls_state_ != Tls::handshake;
  progress.answered = received_bytes_ > 0;
  return progress;
}

}  // namespace

std::unique_ptr<RunningCheck> make_dialog_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                                CheckRunner::Done done) {
  return std::make_unique<DialogCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
