// Composed services: one timeline, with incidents and a budget of its own, made of servers that stand in series, in
// parallel, or of which enough have to be up.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/timeline.h>
#include <nines/types.h>
#include <nines/uptime.h>

namespace nines {

/// A server, or a service made of parts.
struct Component {
  enum class Kind : std::uint8_t {
    server,    ///< `server`, by its own timeline
    all_of,    ///< in series: up while all parts are
    any_of,    ///< in parallel: up while one part is
    at_least,  ///< up while parts of `needed` weight are
  };
  Kind kind = Kind::server;
  ServerId server{};
  std::vector<Component> parts;  ///< of all but a server; not empty
  double needed = 1;             ///< at_least: > 0; less than the parts taking part weigh, or all of them have to be up
  double weight = 1;             ///< of this part where its parent counts weights; > 0
};
/// Deeper or larger trees are refused.
inline constexpr std::size_t kMaxComponentDepth = 16;
inline constexpr std::size_t kMaxComponents = 10'000;

/// A tree from its text: `web`, `all(web, any(db1, db2))`, `2 of (a, b, c)`, `1.5 of (a * 1, b * 0.5)`. A part's weight
/// stands behind a `*`. A name that holds one of `(),*"` or is a number with ` of` behind it stands in double quotes,
/// in which a backslash takes the next character as it is. Errors: invalid_argument with the column, not_found (a
/// server).
[[nodiscard]] Result<Component> parse_component(std::string_view text, const Catalog& catalog);

/// As Incident, of the whole service.
struct ComposedIncident {
  TimeMs from{};
  std::optional<TimeMs> to;
  bool end_seen = true;
  std::int64_t duration_ms = 0;
  std::int64_t window_ms = 0;
  std::int64_t down_ms = 0;
  std::vector<ServerId> servers;  ///< down when it began, ascending

  [[nodiscard]] bool ongoing() const noexcept { return !to.has_value(); }
  friend bool operator==(const ComposedIncident&, const ComposedIncident&) = default;
};

struct ComposedBudget {
  double objective = 0;
  std::int64_t budget_ms = 0;
  std::int64_t spent_ms = 0;
  std::int64_t remaining_ms = 0;
  std::optional<bool> met;
};

struct ComposedAnswer {
  Window window;  ///< clipped to now and to the life of the oldest server
  std::vector<Span> spans;
  TimePerState time;
  std::optional<double> uptime_ratio;
  std::optional<double> coverage_ratio;
  std::vector<ComposedIncident> incidents;  ///< ascending
  std::optional<double> mttr_ms;            ///< as Figures, likewise below
  std::optional<double> mtbf_ms;
  std::optional<std::int64_t> longest_outage_ms;
  std::optional<Streak> current;         ///< the state at the window's end; none for an empty window
  std::optional<ComposedBudget> budget;  ///< with an objective
  Explain explain;
};

struct ComposedOptions {
  std::optional<double> objective;  ///< in (0, 1); adds a budget
  bool since = true;                ///< false clips Streak::since to the window, and reads less
};

/// Parts in maintenance or paused take no part, nor does one before its life; where none takes part the service is in
/// maintenance, paused or unknown. It is degraded where it takes a degraded part to be up, and unknown where parts of
/// unknown state could make it up. Errors: as timeline() for each server; invalid_argument for a malformed tree or
/// objective.
[[nodiscard]] Result<ComposedAnswer> composed_uptime(const Store& store, const Component& service, const Query& query,
                                                     const ComposedOptions& options = {});

}  // namespace nines
