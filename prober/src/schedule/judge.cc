#include "schedule/judge.h"

#include <utility>

namespace nines::prober {

// Counts a known result; true when the confirmed state is another one now.
bool Judge::confirm(TimeMs time, State state, Confirmation rule) {
  const bool failure = state == State::down;
  if (failure == (confirmed_ == State::down)) {
    failures_ = successes_ = 0;  // the row that spoke against the confirmed state is broken
    if (confirmed_ == state) return false;
    confirmed_ = state;  // up to degraded or back needs no confirmation
    since_ = time;
    return true;
  }
  std::uint16_t& row = failure ? failures_ : successes_;
  if (row == 0) row_since_ = time;
  if (++row < (failure ? rule.failures : rule.successes)) return false;
  failures_ = successes_ = 0;
  confirmed_ = state;
  since_ = row_since_;
  return true;
}

std::optional<Judge::Change> Judge::apply(TimeMs time, State state, Confirmation rule) {
  const State from = shown_;
  if (state == State::unknown) {
    shown_ = State::unknown;
    if (from == State::unknown) return std::nullopt;
    return Change{from, State::unknown, time};
  }
  confirm(time, state, rule);
  shown_ = confirmed_;
  if (shown_ == from) return std::nullopt;
  return Change{from, shown_, since_};
}

}  // namespace nines::prober
