// The guard of the prober's own connectivity: asks reference targets before a failure counts.
//
// Nothing is asked while all is well. A failure waits for a round of reference checks that began after it was seen:
// what a reference said before says nothing of a network that went since. A round ends with its first answer, or when
// no reference has answered; failures that are seen before it begins share it, and rounds begin at least `pause` apart.
// A check that began before the network is known to be back has failed for that, whenever it is seen to. What is not
// seen is a network that went and came back before any check had failed; against that there is the confirmation. A
// state machine over schedule time; the caller runs the checks. One thread.
#pragma once

#include <cstddef>
#include <optional>

#include "schedule/clock.h"

namespace nines {
struct CheckOutcome;
}

namespace nines::prober {

/// Whether the outcome shows that the network was there: an answer came, whatever it said.
[[nodiscard]] bool network_answered(const CheckOutcome& outcome) noexcept;

class Guard {
 public:
  Guard(std::size_t references, Micros pause) : references_(references), pause_(pause) {}

  /// The verdict on a check that began at `began` and was seen to fail at `seen`: true is online, the failure counts.
  /// No value: a round is needed, or under way.
  [[nodiscard]] std::optional<bool> verdict(Micros began, Micros seen) const noexcept;
  /// When the next round should begin, which may be in the past: somebody waits for a verdict, or the last one was
  /// offline. No value: not before something happens.
  [[nodiscard]] std::optional<Micros> next_round(bool somebody_waits) const noexcept;

  /// A round begins: the caller checks every reference and tells each answer.
  void begin_round(Micros now) noexcept;
  /// True when this answer ends the round.
  bool answer(bool answered, Micros now) noexcept;
  /// The machine stood still: what the round under way says would be about that.
  void abandon_round() noexcept;
  /// Tells a late answer of an abandoned or ended round from one of this round.
  [[nodiscard]] std::uint64_t round() const noexcept { return round_; }

  [[nodiscard]] bool enabled() const noexcept { return references_ > 0; }
  [[nodiscard]] bool online() const noexcept { return online_; }

 private:
  const std::size_t references_;
  const Micros pause_;
  bool running_ = false;
  std::uint64_t round_ = 0;
  std::size_t unanswered_ = 0;
  std::optional<Micros> began_;    // the round under way, or the last one
  std::optional<Micros> verdict_;  // when the round of the last verdict began
  bool online_ = true;
  Micros online_from_ = Micros::min();  // the first answer since the network was away
};

}  // namespace nines::prober
