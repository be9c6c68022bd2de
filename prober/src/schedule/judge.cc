#include "schedule/judge.h"

#include <cassert>

namespace nines::prober {

// Counts a known result.
void Judge::confirm(const Finding& finding, Confirmation rule) {
  const bool failure = finding.state == State::down;
  if (failure == (confirmed_ == State::down)) {
    failures_ = successes_ = 0;  // the row that spoke against the confirmed state is broken
    if (confirmed_ == finding.state) return;
    confirmed_ = finding.state;  // up to degraded or back needs no confirmation
    since_ = finding.time;
    return;
  }
  std::uint16_t& row = failure ? failures_ : successes_;
  if (row == 0) row_since_ = finding.time;
  if (++row < (failure ? rule.failures : rule.successes)) return;
  failures_ = successes_ = 0;
  confirmed_ = finding.state;
  since_ = row_since_;
}

void Judge::expire() noexcept {
  shown_ = State::unknown;
  gap_ = true;
  failures_ = 0;
}

void Judge::pass_over(const Finding& finding) noexcept {
  if (finding.time > held_until_) expire();
  held_until_ = finding.time + finding.holds;
}

std::optional<Judge::Change> Judge::apply(const Finding& finding, Confirmation rule) {
  assert(rule.failures >= 1 && rule.successes >= 1);
  assert(finding.state <= State::down);
  const State from = shown_;
  if (finding.time > held_until_) expire();
  held_until_ = finding.time + finding.holds;
  if (finding.state == State::unknown) {
    expire();
    if (from == State::unknown) return std::nullopt;
    return Change{from, State::unknown, finding.time};
  }
  // An outage is the same after a gap; that a server was well all the while nobody can say, and a failure that nothing
  // confirms does not say that it is well now.
  const bool failure = finding.state == State::down;
  if (gap_ && confirmed_ != State::down && !failure) since_ = finding.time;
  confirm(finding, rule);
  if (!failure || confirmed_ == State::down) gap_ = false;
  shown_ = gap_ ? State::unknown : confirmed_;
  if (shown_ == from) return std::nullopt;
  return Change{from, shown_, since_};
}

}  // namespace nines::prober
