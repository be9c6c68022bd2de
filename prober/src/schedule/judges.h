// All that is judged of a server, result by result: its state, and what else alerts may be about. One thread.
#pragma once

#include <vector>

#include <nines/alert.h>
#include <nines/check_result.h>
#include <nines/server.h>

#include "schedule/judge.h"

namespace nines::prober {

[[nodiscard]] Judge::Confirmation confirmation_of(const Rules& rules) noexcept;

class Judges {
 public:
  /// Begin or end of what lasts for a topic other than down.
  struct TopicChange {
    AlertTopic topic = AlertTopic::degraded;
    bool lasts = false;
    TimeMs since{};
  };
  struct Changes {
    std::optional<Judge::Change> state;
    std::vector<TopicChange> topics;
  };
  /// Takes the next result. It holds and is confirmed by `rules`.
  Changes apply(const CheckResult& result, const Rules& rules);
  /// What the last result said does not hold any longer.
  void expire() noexcept;

  [[nodiscard]] const Judge& state() const noexcept { return state_; }
  /// Whether the topic lasts, and since when. Topics: degraded, certificate.
  [[nodiscard]] TopicChange topic(AlertTopic topic) const noexcept;

 private:
  Judge state_;
  Judge degraded_;     // down while answers are slow or partly failing; a failure says nothing about that
  Judge certificate_;  // down while the certificate is at fault
};

}  // namespace nines::prober
