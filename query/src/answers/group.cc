// Groups of servers: combined ratios, and combined timelines.
#include <nines/group.h>

#include <algorithm>
#include <array>
#include <cassert>

#include <nines/uptime.h>

#include "answers/moments.h"
#include "figures/budget.h"

namespace nines {
namespace {

struct RuleName {
  std::string_view name;
  GroupRule rule;
};
constexpr std::array kRuleNames = {RuleName{"worst-of", GroupRule::worst_of}, RuleName{"all-up", GroupRule::all_up},
                                   RuleName{"quorum", GroupRule::quorum},
                                   RuleName{"weighted-mean", GroupRule::weighted_mean}};

struct Members {
  std::array<std::uint32_t, kStateCount> in{};

  [[nodiscard]] std::uint32_t operator[](State state) const noexcept { return in[static_cast<std::size_t>(state)]; }
};

State combined_state(const Members& members, GroupRule rule, std::uint32_t quorum) {
  const std::uint32_t up = members[State::up];
  const std::uint32_t good = up + members[State::degraded];
  const std::uint32_t unknown = members[State::unknown];
  const std::uint32_t taking_part = good + unknown + members[State::down];
  if (taking_part == 0) {
    if (members[State::maintenance] > 0) return State::maintenance;
    return members[State::paused] > 0 ? State::paused : State::unknown;
  }
  const std::uint32_t needed = rule == GroupRule::all_up ? taking_part : std::min(std::max(quorum, 1U), taking_part);
  if (up >= needed) return State::up;
  if (good >= needed) return State::degraded;
  return good + unknown >= needed ? State::unknown : State::down;
}

struct Ratio {
  double weighted = 0;
  double weight = 0;
  double worst = 1;

  void add(double ratio, double with_weight) noexcept {
    weighted += ratio * with_weight;
    weight += with_weight;
    worst = std::min(worst, ratio);
  }
  [[nodiscard]] std::optional<double> value(GroupRule rule) const noexcept {
    if (weight <= 0) return std::nullopt;
    return rule == GroupRule::worst_of ? worst : weighted / weight;
  }
};

State worst_state_now(std::span<const std::vector<Span>> members) {
  for (const State state : kWorstFirst) {
    const bool any = std::any_of(members.begin(), members.end(), [&](const std::vector<Span>& spans) {
      return !spans.empty() && spans.back().state == state;
    });
    if (any) return state;
  }
  return State::unknown;
}

}  // namespace

std::string_view to_string(GroupRule rule) noexcept {
  for (const auto& [name, of_rule] : kRuleNames) {
    if (of_rule == rule) return name;
  }
  return "";
}

std::optional<GroupRule> parse_group_rule(std::string_view text) noexcept {
  for (const auto& [name, rule] : kRuleNames) {
    if (name == text) return rule;
  }
  return std::nullopt;
}

std::vector<Span> combine_timelines(std::span<const std::vector<Span>> members, Window window, GroupRule rule,
                                    std::uint32_t quorum) {
  return query::combine_moments(members, window, [&](std::span<const std::optional<State>> states) {
    Members now;
    for (const auto& state : states) {
      if (state) ++now.in[static_cast<std::size_t>(*state)];
    }
    return combined_state(now, rule, quorum);
  });
}

GroupFigures combine_group(std::span<const std::vector<Span>> members, Window window, const Policy& policy,
                           const GroupOptions& options) {
  assert(options.weights.empty() || options.weights.size() == members.size());
  GroupFigures figures;
  figures.members = static_cast<std::uint32_t>(members.size());
  if (members.empty() || window.empty()) return figures;
  if (options.rule == GroupRule::all_up || options.rule == GroupRule::quorum) {
    const auto spans = combine_timelines(members, window, options.rule, options.quorum);
    figures.time = time_per_state(spans, window);
    figures.state = spans.back().state;
    figures.uptime_ratio = uptime_ratio(*figures.time, policy);
    figures.coverage_ratio = coverage_ratio(*figures.time);
    return figures;
  }
  Ratio uptime;
  Ratio coverage;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const TimePerState time = time_per_state(members[i], window);
    const double measurable_ms = static_cast<double>(time.known_ms() + time[State::unknown]);
    const bool given = !options.weights.empty();
    // A ratio weighs by the time that it is over, coverage by the time that it is of.
    if (const auto ratio = uptime_ratio(time, policy)) {
      const auto over_ms = static_cast<double>(query::share_of(time, policy).over_ms);
      uptime.add(*ratio, given ? options.weights[i] : over_ms);
    }
    if (const auto ratio = coverage_ratio(time)) coverage.add(*ratio, given ? options.weights[i] : measurable_ms);
  }
  figures.uptime_ratio = uptime.value(options.rule);
  figures.coverage_ratio = coverage.value(options.rule);
  figures.state = worst_state_now(members);
  return figures;
}

}  // namespace nines
