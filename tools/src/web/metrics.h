// The store as Prometheus metrics (text format 0.0.4): base units, an unknown value is left out, never 0.
#pragma once

#include <nines/store.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "http/message.h"

namespace nines::tools {

/// The answer to GET /metrics. Thread-safe; the store must outlive it.
class StoreMetrics {
 public:
  /// How old the ratios over 7 and 30 days may be. A scrape reads each server's last day; in a minute the longer
  /// windows change by less than what is shown of them.
  static constexpr std::chrono::minutes kLongAge{1};

  explicit StoreMetrics(const Store& store) : store_(store) {}

  /// `more`, if given, appends what only a running prober knows.
  [[nodiscard]] WebResponse response(const std::function<void(std::string&)>& more);

 private:
  struct WindowRatio {
    ServerId server{};
    std::string_view window;
    std::optional<double> uptime;
    std::optional<double> coverage;
  };
  [[nodiscard]] Result<std::vector<WindowRatio>> long_ratios(TimeMs at);
  [[nodiscard]] Result<void> append_windows(std::string& out, const Catalog& catalog, TimeMs at);

  const Store& store_;
  engine::Mutex mutex_;
  std::vector<WindowRatio> long_ NINES_GUARDED_BY(mutex_);
  std::optional<std::chrono::steady_clock::time_point> made_ NINES_GUARDED_BY(mutex_);  // of long_
};

/// Appends `# HELP` and `# TYPE` of a family.
void metric_family(std::string& out, std::string_view name, std::string_view type, std::string_view help);
/// Appends a sample. Labels' values are escaped.
using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
void metric_sample(std::string& out, std::string_view name, const Labels& labels, double value);

}  // namespace nines::tools
