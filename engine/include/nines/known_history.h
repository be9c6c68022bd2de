// What a store knows of a server's whole history without reading any of it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <nines/cursor.h>
#include <nines/store.h>
#include <nines/summary.h>
#include <nines/types.h>

namespace nines {

/// A store that derives from this keeps such knowledge; the stores of Store::open() do. Any thread; costs a look at
/// memory.
class KnownHistory {
 public:
  virtual ~KnownHistory() = default;
  /// No result of the server has, or ever had, a longer CheckResult::interval_ms, nor has any of its rules: how far
  /// back a result may lie that still says something follows from it. No value while that is not known: of a server
  /// that is not there, or whose entry was written before this was noted, until Store::compact().
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> longest_interval(ServerId server) const = 0;
  /// Summaries without sketches, ascending by day, among them all of `range`, as Store::days() would hand them out;
  /// null where they are not all in memory, which says nothing of what is stored.
  [[nodiscard]] virtual std::shared_ptr<const std::vector<DaySummary>> days_in_memory(ServerId server,
                                                                                      DayRange range) const = 0;
};

/// The same of any store; no value where it keeps no such knowledge.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> longest_interval(const Store& store, ServerId server) {
  const auto* const known = dynamic_cast<const KnownHistory*>(&store);
  return known == nullptr ? std::nullopt : known->longest_interval(server);
}

}  // namespace nines
