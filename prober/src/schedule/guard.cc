#include "schedule/guard.h"

#include <nines/check_runner.h>

namespace nines::prober {

bool network_answered(const CheckOutcome& outcome) noexcept {
  const bool expected = outcome.expected != ErrorClass::none;
  if ((outcome.state == State::up || outcome.state == State::degraded) && !expected) return true;
  switch (expected ? outcome.expected : outcome.error) {
    case ErrorClass::http_status:
    case ErrorClass::condition:
    case ErrorClass::certificate:
    case ErrorClass::protocol:
    case ErrorClass::too_large:
    case ErrorClass::redirect:
    case ErrorClass::slow:
      return true;
    default:
      return false;
  }
}

std::optional<bool> Guard::verdict(Micros began, Micros seen) const noexcept {
  if (!enabled()) return true;
  if (!verdict_ || *verdict_ < seen) return std::nullopt;
  return online_ && began >= online_from_;
}

std::optional<Micros> Guard::next_round(bool somebody_waits) const noexcept {
  if (!enabled() || running_ || (!somebody_waits && online_)) return std::nullopt;
  return began_ ? *began_ + pause_ : Micros{0};
}

void Guard::begin_round(Micros now) noexcept {
  running_ = true;
  ++round_;
  unanswered_ = references_;
  began_ = now;
}

bool Guard::answer(bool answered, Micros now) noexcept {
  if (!running_) return false;
  --unanswered_;
  if (!answered && unanswered_ > 0) return false;
  running_ = false;
  ++round_;
  verdict_ = began_;
  if (answered && !online_) online_from_ = now;
  online_ = answered;
  return true;
}

void Guard::abandon_round() noexcept {
  running_ = false;
  ++round_;
}

}  // namespace nines::prober
