// What a running prober has counted since it started, as metrics. Thread-safe.
#pragma once

#include <nines/prober.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"

namespace nines::tools {

struct BackupCounts;

/// Appends the families of the backups that are made by themselves, in the Prometheus text format.
void append_backup_metrics(std::string& out, const BackupCounts& counts);

class RunMetrics {
 public:
  /// The servers that there are from now on, and what each is probed with (nothing: it is paused): what was counted of
  /// others is forgotten, and what is still heard of them is not counted; so is the certificate of one that is probed
  /// with something else. There are none before the first call.
  void keep(std::map<std::string, std::string> servers);
  void count(const std::string& server, const CheckReport& report);
  void count(const StateChange& change);
  /// When the first certificate of each server's chain expires, by the servers' names; of those that were seen.
  [[nodiscard]] std::map<std::string, TimeMs> certificate_expiries() const;
  /// Appends all families in the Prometheus text format.
  void append(std::string& out, const ProberStats& stats) const;

 private:
  void append_checks(std::string& out) const;

  // Upper bounds of the histogram's buckets, in seconds: the usual ones of HTTP latencies, and the usual timeouts.
  static constexpr std::array<double, 12> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  struct PerServer {
    std::array<std::uint64_t, 4> checks{};  // by state, unknown to down
    std::uint64_t incidents = 0;
    std::optional<TimeMs> certificate_expiry;  // earliest of the chain, of the last check that saw one
  };

  mutable engine::Mutex mutex_;
  std::map<std::string, std::string> known_ NINES_GUARDED_BY(mutex_);
  std::map<std::string, PerServer> servers_ NINES_GUARDED_BY(mutex_);
  std::array<std::uint64_t, kBounds.size() + 1> buckets_ NINES_GUARDED_BY(mutex_){};
  double seconds_ NINES_GUARDED_BY(mutex_) = 0;
};

}  // namespace nines::tools
