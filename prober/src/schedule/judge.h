// The confirmation rule, result by result: the live form of what query/ computes from the stored history.
//
// Failures (down) in a row, as many as the rule says, are an outage from the first of them on; successes (up, degraded)
// in a row end it, likewise backdated. Unknown says nothing: it neither confirms, ends nor interrupts a row. One
// thread.
#pragma once

#include <cstdint>
#include <optional>

#include <nines/check_result.h>
#include <nines/types.h>

namespace nines::prober {

class Judge {
 public:
  struct Confirmation {
    std::uint16_t failures = 2;
    std::uint16_t successes = 1;
  };
  /// A change of the state that is shown.
  struct Change {
    State from = State::unknown;
    State to = State::unknown;
    TimeMs since{};  ///< when `to` began
  };

  /// Takes the next result of the server, in the order of their checks.
  std::optional<Change> apply(TimeMs time, State state, Confirmation rule);
  /// What the last result said does not hold any longer.
  void expire() noexcept { shown_ = State::unknown; }

  /// The state to show: that of the last result, as far as it is confirmed. Unknown before the first confirmation.
  [[nodiscard]] State shown() const noexcept { return shown_; }
  /// The last confirmed state, through unknown times too: up, degraded, down; unknown before the first.
  [[nodiscard]] State confirmed() const noexcept { return confirmed_; }
  /// When the confirmed state began.
  [[nodiscard]] TimeMs since() const noexcept { return since_; }
  /// A row has begun that neither confirms nor refutes a change yet: look again soon.
  [[nodiscard]] bool pending() const noexcept { return failures_ > 0 || successes_ > 0; }

 private:
  bool confirm(TimeMs time, State state, Confirmation rule);

  State confirmed_ = State::unknown;
  State shown_ = State::unknown;
  TimeMs since_{};
  TimeMs row_since_{};           // of the first result of the row under way
  std::uint16_t failures_ = 0;   // in a row, while not down
  std::uint16_t successes_ = 0;  // in a row, while down
};

}  // namespace nines::prober
