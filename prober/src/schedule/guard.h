// The guard of the prober's own connectivity: asks reference targets before a failure counts.
//
// Nothing is asked while all is well. A failure needs a verdict that is fresh: from a round of reference checks that
// began not earlier than `fresh` before the failure was seen. A round ends with its first answer, or when no reference
// has answered; several failures share one. A state machine over schedule time; the caller runs the checks. One thread.
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
  Guard(std::size_t references, Micros fresh) : references_(references), fresh_(fresh) {}

  /// The verdict on a failure that was seen at `when`: true is online. No value: a round is needed, or under way.
  [[nodiscard]] std::optional<bool> verdict(Micros when) const noexcept;
  /// Whether a round should begin now: somebody waits for a verdict, or the last one was offline and is not fresh.
  [[nodiscard]] bool wants_round(bool somebody_waits, Micros now) const noexcept;

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
  const Micros fresh_;
  bool running_ = false;
  std::uint64_t round_ = 0;
  std::size_t unanswered_ = 0;
  Micros began_{};                 // of the round under way, or the last one
  std::optional<Micros> verdict_;  // when the round of the last verdict began
  Micros ended_{};
  bool online_ = true;
};

}  // namespace nines::prober
