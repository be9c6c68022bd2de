// How soon outages were noticed.
#include <nines/reaction.h>

#include <algorithm>
#include <cstdint>

namespace nines {
namespace {

class Mean {
 public:
  void add(std::chrono::milliseconds span) noexcept {
    sum_ms_ += span.count();
    ++count_;
  }
  [[nodiscard]] std::optional<double> value() const noexcept {
    if (count_ == 0) return std::nullopt;
    return static_cast<double>(sum_ms_) / static_cast<double>(count_);
  }

 private:
  std::int64_t sum_ms_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace

ReactionTimes reaction_times(std::span<const Incident> incidents, const Server& server, TimeMs from) {
  Mean detection;
  Mean acknowledgement;
  for (const Incident& incident : incidents) {
    if (incident.from < from) continue;
    if (incident.detected_at) detection.add(*incident.detected_at - incident.from);
    const auto seen = acknowledged_at(annotations_of(server, incident));
    if (seen) acknowledgement.add(std::max(*seen - incident.from, std::chrono::milliseconds{0}));
  }
  return {detection.value(), acknowledgement.value()};
}

}  // namespace nines
