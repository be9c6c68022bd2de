// Groups: one figure for several servers, by a named rule.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <nines/query.h>
#include <nines/timeline.h>
#include <nines/types.h>

namespace nines {

/// worst_of and weighted_mean combine the members' ratios. all_up and quorum combine their timelines, moment by moment:
/// members in maintenance or paused do not take part (when none does, the group is in maintenance, or paused when all
/// are); the group is up while enough of the others are up or degraded (degraded when it takes a degraded one), unknown
/// while members of unknown state could make it enough, and down else.
enum class GroupRule : std::uint8_t {
  worst_of,       ///< the smallest ratio of those that have one
  all_up,         ///< every member taking part has to be up
  quorum,         ///< at least `quorum` members (of fewer taking part: all of them) have to be up
  weighted_mean,  ///< the mean of the ratios that exist, by weight: the time that each is over, unless weights are
                  ///< given
};
/// "worst-of", "all-up", "quorum", "weighted-mean".
[[nodiscard]] std::string_view to_string(GroupRule rule) noexcept;
[[nodiscard]] std::optional<GroupRule> parse_group_rule(std::string_view text) noexcept;

struct GroupOptions {
  GroupRule rule = GroupRule::worst_of;
  std::uint32_t quorum = 1;     ///< for GroupRule::quorum, >= 1
  std::vector<double> weights;  ///< for weighted_mean, > 0, one a member; empty: by time
};

struct GroupFigures {
  std::uint32_t members = 0;
  std::optional<double> uptime_ratio;
  std::optional<double> coverage_ratio;  ///< by the same rule
  State state = State::unknown;          ///< now: worst_of and weighted_mean show the worst member's
  std::optional<TimePerState> time;      ///< of all_up and quorum
};

/// Combines members' timelines of one window into the group's. Windows that were clipped (a younger member) take no
/// part before they begin.
[[nodiscard]] std::vector<Span> combine_timelines(std::span<const std::vector<Span>> members, Window window,
                                                  GroupRule rule, std::uint32_t quorum);

/// The group's figures from its members' timelines. Requires: `weights` is empty or as long as `members`.
[[nodiscard]] GroupFigures combine_group(std::span<const std::vector<Span>> members, Window window,
                                         const Policy& policy, const GroupOptions& options);

}  // namespace nines
