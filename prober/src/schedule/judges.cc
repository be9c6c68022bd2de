#include "schedule/judges.h"

#include <cassert>

#include "base/hold.h"

namespace nines::prober {
namespace {

// What a result says about being degraded, in the words of a judge.
State degraded_state(const CheckResult& result) noexcept {
  if (result.state == State::degraded) return State::down;
  return result.state == State::up ? State::up : State::unknown;
}

// What a result says about the certificate. A check that failed otherwise may not have come as far.
State certificate_state(const CheckResult& result) noexcept {
  if (result.error == ErrorClass::certificate) return State::down;
  return result.state == State::up || result.state == State::degraded ? State::up : State::unknown;
}

}  // namespace

Judge::Confirmation confirmation_of(const Rules& rules) noexcept {
  return {rules.confirm_failures, rules.confirm_successes};
}

Judges::TopicChange Judges::topic(AlertTopic topic) const noexcept {
  assert(topic == AlertTopic::degraded || topic == AlertTopic::certificate);
  const Judge& judge = topic == AlertTopic::degraded ? degraded_ : certificate_;
  return {topic, judge.confirmed() == State::down, judge.since()};
}

Judges::Changes Judges::apply(const CheckResult& result, const Rules& rules) {
  const Judge::Confirmation rule = confirmation_of(rules);
  const std::chrono::milliseconds holds = engine::hold_of(rules, result.interval_ms);
  Changes changes;
  changes.state = state_.apply({result.time, result.state, holds}, rule);
  for (const AlertTopic topic : {AlertTopic::degraded, AlertTopic::certificate}) {
    const bool lasted = this->topic(topic).lasts;
    if (topic == AlertTopic::degraded) {
      degraded_.apply({result.time, degraded_state(result), holds}, rule);
    } else {
      certificate_.apply({result.time, certificate_state(result), holds}, rule);
    }
    if (this->topic(topic).lasts != lasted) changes.topics.push_back(this->topic(topic));
  }
  return changes;
}

void Judges::expire() noexcept {
  state_.expire();
  degraded_.expire();
  certificate_.expire();
}

}  // namespace nines::prober
