// Names of the vocabulary's enumerations, and the few members of public aggregates that are not inline.
#include <nines/result.h>
#include <nines/segment.h>
#include <nines/server.h>
#include <nines/types.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nines {
namespace {

using namespace std::string_view_literals;

constexpr std::array kStates = {"unknown"sv, "up"sv, "degraded"sv, "down"sv, "maintenance"sv, "paused"sv};
static_assert(kStates.size() == kStateCount);

// In the order of their numbers, from 0 without holes; `other` stands apart.
constexpr std::array kErrors = {""sv,
                                "dns"sv,
                                "connect_refused"sv,
                                "connect_timeout"sv,
                                "tls"sv,
                                "certificate"sv,
                                "reset"sv,
                                "timeout"sv,
                                "http_status"sv,
                                "condition"sv,
                                "protocol"sv,
                                "too_large"sv,
                                "unreachable"sv,
                                "redirect"sv,
                                "blocked"sv,
                                "slow"sv,
                                "silence"sv,
                                "reported"sv,
                                "own_network"sv,
                                "not_running"sv,
                                "dropped"sv,
                                "internal"sv};
static_assert(kErrors.size() == static_cast<std::size_t>(ErrorClass::internal) + 1);

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::out_of_range:
      return "out_of_range";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::already_exists:
      return "already_exists";
    case ErrorCode::not_a_store:
      return "not_a_store";
    case ErrorCode::newer_format:
      return "newer_format";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::read_only:
      return "read_only";
    case ErrorCode::out_of_space:
      return "out_of_space";
    case ErrorCode::corruption:
      return "corruption";
    case ErrorCode::io:
      return "io";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::fatal:
      return "fatal";
    case ErrorCode::closed:
      return "closed";
  }
  return "invalid_argument";
}

std::string_view to_string(State state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  return index < kStates.size() ? kStates[index] : kStates[0];
}

std::optional<State> parse_state(std::string_view text) noexcept {
  const auto* const found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<State>(found - kStates.begin());
}

std::string_view to_string(ErrorClass error) noexcept {
  const auto index = static_cast<std::size_t>(error);
  return index < kErrors.size() ? kErrors[index] : "other"sv;
}

std::optional<ErrorClass> parse_error_class(std::string_view text) noexcept {
  if (text == "other"sv) return ErrorClass::other;
  const auto* const found = std::find(kErrors.begin(), kErrors.end(), text);
  if (found == kErrors.end()) return std::nullopt;
  return static_cast<ErrorClass>(found - kErrors.begin());
}

const Rules& Server::rules_at(TimeMs time) const noexcept {
  auto next = std::upper_bound(rules.begin(), rules.end(), time,
                               [](TimeMs t, const Rules& entry) { return t < entry.effective_from; });
  return next == rules.begin() ? rules.front() : *std::prev(next);
}

ScanCost& ScanCost::operator+=(const ScanCost& other) noexcept {
  range_scans += other.range_scans;
  seeks += other.seeks;
  rows += other.rows;
  chunks += other.chunks;
  summaries += other.summaries;
  head_results += other.head_results;
  results += other.results;
  bytes += other.bytes;
  block_reads += other.block_reads;
  block_hits += other.block_hits;
  nanoseconds += other.nanoseconds;
  return *this;
}

}  // namespace nines
