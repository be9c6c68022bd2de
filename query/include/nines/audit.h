// Why a figure is what it is: the runs of checks, the rules and the entries of the catalog that made it, in order, and
// summing to it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nines/overlay.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>
#include <nines/types.h>
#include <nines/uptime.h>

namespace nines {

/// Checks of one place that measured the same, one after the other, none later than the one before it holds; cut at the
/// window, at rules that change, and where the catalog begins or ceases to lie over them.
struct AuditRun {
  LocationId location{};
  TimeMs first{};                   ///< the first check; the last one for a run that only holds into the window
  TimeMs last{};                    ///< the last one
  TimeMs holds_until{};             ///< when the last one ceases to say something
  std::uint64_t checks = 0;         ///< all of them inside the window, or none
  State measured = State::unknown;  ///< what they say
  State judged = State::unknown;    ///< what is made of it: confirmed or not
  std::uint16_t code = 0;
  ErrorClass error = ErrorClass::none;
  bool counted = false;  ///< as successful or failed; not where the catalog lies over them, or they are unknown
  TimeMs rules_from{};   ///< Rules::effective_from of those that judge them
  friend bool operator==(const AuditRun&, const AuditRun&) = default;
};

/// A stretch of the window for which the same things speak.
struct AuditStretch {
  Window window;
  State state = State::unknown;      ///< what it counts as
  State measured = State::unknown;   ///< what the checks alone make of it
  std::optional<CatalogEntry> over;  ///< what decides instead of the checks
  /// AuditAnswer::runs that hold in it, ascending by location: what the places vote with. None where nothing holds, and
  /// where the catalog decides.
  std::vector<std::uint32_t> runs;
  friend bool operator==(const AuditStretch&, const AuditStretch&) = default;
};

struct AuditAnswer {
  Figures figures;                      ///< as uptime() says, with places
  std::vector<Rules> rules;             ///< in force in the window, ascending
  std::vector<AuditRun> runs;           ///< by location, then ascending; `checks` sum to those of the figures
  std::vector<AuditStretch> stretches;  ///< ascending, without holes; lengths sum to the figures' time by state
  std::int64_t over_ms = 0;             ///< the time that the ratio is over
  std::int64_t bad_ms = 0;              ///< of it, what counts against it, rounded up to a millisecond
  Explain explain;
};

/// Errors as timeline().
[[nodiscard]] Result<AuditAnswer> audit(const Store& store, ServerId server, const Query& query);

}  // namespace nines
