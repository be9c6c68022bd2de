// The answer of `nines status --nagios`: a line with performance data, and the exit code of a monitoring plugin
// (Monitoring Plugins Development Guidelines). Pure.
#pragma once

#include <nines/dashboard.h>

#include <optional>
#include <string>

namespace nines::tools {

/// Nagios and Icinga cut a plugin's output after 8 KiB.
inline constexpr std::size_t kMaxNagiosBytes = 8'000;

/// Uptime ratios below which a server is a warning or critical whatever its state.
struct NagiosThresholds {
  std::optional<double> warning;
  std::optional<double> critical;
};

struct NagiosAnswer {
  int exit_code = 3;
  std::string line;  ///< with its line feed, at most kMaxNagiosBytes
};

[[nodiscard]] NagiosAnswer nagios_answer(const Dashboard& board, const NagiosThresholds& thresholds);
/// Why nothing could be asked.
[[nodiscard]] NagiosAnswer nagios_unknown(const std::string& why);

}  // namespace nines::tools
