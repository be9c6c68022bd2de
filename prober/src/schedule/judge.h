// The confirmation rule, result by result: the live form of what query/ computes from the stored history.
//
// Failures (down) in a row, as many as the rule says, are an outage from the first of them on; successes (up, degraded)
// in a row end it, likewise backdated. Failures that confirm nothing yet end where nothing held: at an unknown result,
// and when the next result came later than the last one held. An outage that is confirmed stays open through unknown
// time. What is found depends on the results alone, so that a restart that reads them back finds the same.
// query/SEMANTICS.md, "Confirmation", has the rules. One thread.
#pragma once

#include <chrono>
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
  /// One result, as far as it matters here.
  struct Finding {
    TimeMs time{};
    State state = State::unknown;       ///< unknown, up, degraded or down
    std::chrono::milliseconds holds{};  ///< hold_of()
  };
  /// A change of the state that is shown.
  struct Change {
    State from = State::unknown;
    State to = State::unknown;
    TimeMs since{};  ///< when `to` began
  };

  /// Takes the next result of the server, in the order of their checks. Requires: both numbers of `rule` are at
  /// least 1.
  std::optional<Change> apply(const Finding& finding, Confirmation rule);
  /// A result that says nothing of what is judged, though something was found: a row goes on behind it.
  void pass_over(const Finding& finding) noexcept;
  /// What the last result said does not hold any longer.
  void expire() noexcept;

  /// The state to show: that of the last result, as far as it is confirmed. Unknown before the first confirmation.
  [[nodiscard]] State shown() const noexcept { return shown_; }
  /// The last confirmed state, through unknown times too: up, degraded, down; unknown before the first.
  [[nodiscard]] State confirmed() const noexcept { return confirmed_; }
  /// When the confirmed state began: for an outage its first failure, for others not before the last unknown time.
  [[nodiscard]] TimeMs since() const noexcept { return since_; }
  /// A row has begun that neither confirms nor refutes a change yet: look again soon.
  [[nodiscard]] bool pending() const noexcept { return failures_ > 0 || successes_ > 0; }

 private:
  void confirm(const Finding& finding, Confirmation rule);

  State confirmed_ = State::unknown;
  State shown_ = State::unknown;
  TimeMs since_{};
  TimeMs held_until_ = TimeMs::max();  // of the last result
  bool gap_ = false;                   // nothing held at some time since the last success, or confirmed failure
  TimeMs row_since_{};                 // of the first result of the row under way
  std::uint16_t failures_ = 0;         // in a row, while not down
  std::uint16_t successes_ = 0;        // in a row, while down
};

}  // namespace nines::prober
