// What a store knows of a server's whole history without reading any of it.
#pragma once

#include <chrono>
#include <optional>

#include <nines/store.h>
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
};

/// The same of any store; no value where it keeps no such knowledge.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> longest_interval(const Store& store, ServerId server) {
  const auto* const known = dynamic_cast<const KnownHistory*>(&store);
  return known == nullptr ? std::nullopt : known->longest_interval(server);
}

}  // namespace nines
