#include "schedule/judges.h"

#include <cassert>

#include "base/hold.h"

namespace nines::prober {
namespace {

// What a result says about a topic, in the words of a judge; nothing where it says nothing of it: of a server that
// failed nobody knows whether it would have been slow, and a check that failed otherwise may not have come as far as
// the certificate.
std::optional<State> state_of(AlertTopic topic, const CheckResult& result) noexcept {
  if (result.state == State::unknown) return State::unknown;
  const bool is_it =
      topic == AlertTopic::degraded ? result.state == State::degraded : result.error == ErrorClass::certificate;
  if (is_it) return State::down;
  return result.state == State::down ? std::nullopt : std::optional(State::up);
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
    Judge& judge = topic == AlertTopic::degraded ? degraded_ : certificate_;
    if (const std::optional<State> state = state_of(topic, result)) {
      judge.apply({result.time, *state, holds}, rule);
    } else {
      judge.pass_over({result.time, State::down, holds});
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
