#include "show/nagios.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "show/text.h"

namespace nines::tools {
namespace {

constexpr int kOk = 0;
constexpr int kWarning = 1;
constexpr int kCritical = 2;
constexpr int kUnknown = 3;
constexpr std::array<std::string_view, 4> kNames{"OK", "WARNING", "CRITICAL", "UNKNOWN"};
// Critical outranks unknown, unknown outranks warning.
constexpr std::array kRank{0, 1, 3, 2};

int worse(int a, int b) {
  return kRank[static_cast<std::size_t>(b)] > kRank[static_cast<std::size_t>(a)] ? b : a;
}

int code_of(State state) {
  if (state == State::down) return kCritical;
  if (state == State::degraded) return kWarning;
  return state == State::unknown ? kUnknown : kOk;
}

bool is_below(const std::optional<double>& ratio, const std::optional<double>& threshold) {
  return ratio && threshold && *ratio < *threshold;
}

/// What stands between quotes in performance data, and apart from it.
std::string clean(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\'' || c == '=' || c == '|'; }, '_');
  return text;
}

std::string percent(const std::optional<double>& ratio) {
  return ratio ? format_percent(*ratio, 3) : "";
}

// The range that is right, in the guidelines' notation: "99:" is an alert below 99.
std::string range(const std::optional<double>& threshold) {
  return threshold ? percent(threshold) + ":" : "";
}

}  // namespace

NagiosAnswer nagios_answer(const Dashboard& board, const NagiosThresholds& thresholds) {
  NagiosAnswer answer{.exit_code = board.rows.empty() ? kUnknown : kOk, .line = {}};
  struct Trouble {
    int code;
    std::string text;
  };
  std::vector<Trouble> troubles;
  for (const DashboardRow& row : board.rows) {
    const State state = state_now(row.figures);
    const std::optional<double>& ratio = row.figures.uptime_ratio;
    int own = code_of(state);
    std::string what(to_string(state));
    if (is_below(ratio, thresholds.warning) && own == kOk) own = kWarning;
    if (is_below(ratio, thresholds.critical)) own = worse(own, kCritical);
    if (own != code_of(state)) what = percent(ratio) + " %";
    answer.exit_code = worse(answer.exit_code, own);
    if (own != kOk) troubles.push_back({own, fmt::format("{} {}", clean(printable(row.name)), what)});
  }
  std::stable_sort(troubles.begin(), troubles.end(), [](const Trouble& a, const Trouble& b) {
    return kRank[static_cast<std::size_t>(a.code)] > kRank[static_cast<std::size_t>(b.code)];
  });
  std::string& line = answer.line;
  line = fmt::format("NINES {} - ", kNames[static_cast<std::size_t>(answer.exit_code)]);
  if (board.rows.empty()) line += "no servers";
  if (!board.rows.empty() && troubles.empty()) line += counted(board.rows.size(), "server");
  // Half of the room is for what is wrong, the rest for as much performance data as there is room for.
  std::size_t told = 0;
  for (const Trouble& trouble : troubles) {
    if (line.size() + trouble.text.size() > kMaxNagiosBytes / 2) break;
    line += fmt::format("{}{}", told == 0 ? "" : ", ", trouble.text);
    ++told;
  }
  if (told < troubles.size()) line += fmt::format(" and {} more", troubles.size() - told);
  std::string data;
  for (const DashboardRow& row : board.rows) {
    const std::string name = clean(printable(row.name));
    std::string own;
    if (row.figures.uptime_ratio) {
      own += fmt::format(" '{} uptime'={}%;{};{};0;100", name, percent(row.figures.uptime_ratio),
                         range(thresholds.warning), range(thresholds.critical));
    }
    if (row.figures.latency) {
      own += fmt::format(" '{} p95'={}us;;;0;", name, static_cast<std::uint64_t>(row.figures.latency->p95_us));
    }
    constexpr std::size_t kFrame = 3;  // " |" and the line feed
    if (line.size() + data.size() + own.size() + kFrame > kMaxNagiosBytes) break;
    data += own;
  }
  line += fmt::format("{}{}\n", data.empty() ? "" : " |", data);
  return answer;
}

NagiosAnswer nagios_unknown(const std::string& why) {
  return {kUnknown, fmt::format("NINES UNKNOWN - {}\n", clean(why).substr(0, kMaxNagiosBytes / 2))};
}

}  // namespace nines::tools
