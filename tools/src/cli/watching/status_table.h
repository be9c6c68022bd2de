// The table of `nines status`: a line a server at any width, columns leaving by what they are worth. One thread.
#pragma once

#include <nines/dashboard.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "show/output.h"

namespace nines::tools {

/// Columns; a longer name has a line of its own, and is not what the others' figures are moved for.
inline constexpr std::size_t kLongName = 32;

/// What fits in a terminal, known before anything is asked of the store. Columns of the table.
struct StatusLayout {
  bool words = false;   ///< the state in words beside its mark
  bool age = false;     ///< since when
  bool ratio = false;   ///< of the window
  bool week = false;    ///< uptime of 7 days
  bool month = false;   ///< and of 30 days
  bool failed = false;  ///< failed checks
  bool blips = false;   ///< and those that no outage confirms
  bool p95 = false;
  bool certificate = false;  ///< days until it expires
  bool coverage = false;
  std::uint32_t strip = 0;  ///< bars; 0 is no strip

  friend bool operator==(const StatusLayout&, const StatusLayout&) = default;
};

/// Columns that there is not always something for.
struct StatusExtras {
  bool spans = false;         ///< 7 and 30 days: the question has no window of its own
  bool certificates = false;  ///< a running nines has seen some
};

/// What is shown in `width` columns (0: no limit) beside names of `name_width` columns at most.
[[nodiscard]] StatusLayout choose_layout(std::size_t width, std::size_t name_width, const StatusExtras& extras);

using Ratios = std::map<ServerId, std::optional<double>>;

/// The answers behind the table.
struct StatusBoards {
  Dashboard board;
  std::string window_title;                 ///< of the ratio's column: "24H", "UPTIME"
  Ratios week;                              ///< with StatusLayout::week
  Ratios month;                             ///< with StatusLayout::month
  std::map<ServerId, TimeMs> certificates;  ///< when they expire; with StatusLayout::certificate
  TimeMs now{};                             ///< when they were asked for
  /// A name that is longer than its column is cut there; else it has a line of its own above its figures.
  bool cut_names = false;
};

/// Writes the table. With `groups` the rows come group by group, each under a line with the group's own figures;
/// `group_of` names each server's.
void show_status_table(const Terminal& terminal, const StatusLayout& layout, const StatusBoards& boards, bool groups,
                       const std::map<ServerId, std::string>& group_of);

/// "20 servers: 1 down, 2 degraded, 17 up".
[[nodiscard]] std::string status_summary(const Dashboard& board);

}  // namespace nines::tools
