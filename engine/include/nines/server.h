// A server: the catalog's entry, with the rules that judge its check results and the history of those rules.
//
// Rules, maintenance and corrections are kept with the time they hold from, because an answer about last month uses
// last month's rules. The engine stores them; query/ gives them their meaning.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nines/types.h>

namespace nines {

/// How a server's check results are judged from `effective_from` on, until the next entry.
struct Rules {
  TimeMs effective_from{};
  std::chrono::milliseconds interval{60'000};  ///< > 0, at most 31 days
  std::chrono::milliseconds timeout{10'000};   ///< >= 0
  std::uint16_t confirm_failures = 2;          ///< consecutive failures that confirm an outage, >= 1
  std::uint16_t confirm_successes = 1;         ///< consecutive successes that end it, >= 1
  std::uint16_t quorum = 0;                    ///< locations that must be down; 0 means the majority
  std::chrono::milliseconds stale_after{0};    ///< how long a result holds; 0 means 2.5 x interval + timeout
  std::chrono::milliseconds merge_within{0};   ///< outages closer than this are one incident

  friend bool operator==(const Rules&, const Rules&) = default;
};

/// A planned stretch of maintenance, once or recurring.
struct Maintenance {
  enum class Repeat : std::uint8_t { once = 0, daily = 1, weekly = 2, monthly = 3 };
  Repeat repeat = Repeat::once;
  Window once;                               ///< for Repeat::once
  std::uint8_t weekdays = 0;                 ///< weekly: bit 0 is Sunday ... bit 6 is Saturday
  std::uint8_t day_of_month = 1;             ///< monthly: 1-31; months without that day are skipped
  std::chrono::minutes start{0};             ///< recurring: wall time after local midnight, [0, 24 h)
  std::chrono::minutes length{60};           ///< recurring: elapsed time, (0, 7 d]
  std::string timezone = "UTC";              ///< recurring: IANA name
  Window effective{from_ms(0), kTimeLimit};  ///< recurring: only starts in here count
  std::string note;

  friend bool operator==(const Maintenance&, const Maintenance&) = default;
};

/// A judgement after the fact: what this stretch of time really was. Results are not rewritten.
struct Correction {
  Window window;
  State state = State::maintenance;  ///< what the stretch counts as
  std::string note;

  friend bool operator==(const Correction&, const Correction&) = default;
};

/// What somebody said about an incident, or did by hand. Neither changed nor taken back: what comes later stands beside
/// it.
struct Annotation {
  /// `change`: of no incident; somebody paused the server, planned maintenance, corrected its past or the like.
  enum class Kind : std::uint8_t { note = 0, acknowledged = 1, change = 2 };
  Kind kind = Kind::note;
  TimeMs at{};       ///< a moment of the incident that it is about; of a change when it was made
  TimeMs made_at{};  ///< when it was said
  std::string author;
  std::string text;

  friend bool operator==(const Annotation&, const Annotation&) = default;
};

/// What is promised beside Server::objective. Texts are as query/ reads them; empty or 0 is the usual.
struct ServiceLevel {
  std::string period;                           ///< what the error budget is for: a calendar unit, or days ("30d")
  std::string hours;                            ///< when the service is promised: "mon-fri 08:00-18:00"
  std::string timezone = "UTC";                 ///< of both: IANA name
  std::chrono::milliseconds latency_target{0};  ///< >= 0, at most 31 days
  std::optional<double> latency_objective;      ///< share of checks within the target, in (0, 1)

  friend bool operator==(const ServiceLevel&, const ServiceLevel&) = default;
};

/// How long a server's data is kept. Zero days mean the store's general setting; negative means forever.
struct Retention {
  std::chrono::days checks{0};
  std::chrono::days summaries{0};

  friend bool operator==(const Retention&, const Retention&) = default;
};

/// Limits of an entry, which is refused beyond them. They keep the catalog, which is wholly in memory, small, and stop
/// mistakes early.
struct ServerLimits {
  static constexpr std::size_t kMaxNameBytes = 200;
  static constexpr std::size_t kMaxUrlBytes = 8192;
  static constexpr std::size_t kMaxGroupBytes = 200;
  static constexpr std::size_t kMaxTags = 64;
  static constexpr std::size_t kMaxTagKeyBytes = 100;
  static constexpr std::size_t kMaxTagValueBytes = 500;
  static constexpr std::size_t kMaxNoteBytes = 1000;
  static constexpr std::size_t kMaxAuthorBytes = 200;
  static constexpr std::size_t kMaxPeriodBytes = 40;
  static constexpr std::size_t kMaxHoursBytes = 1000;
  static constexpr std::size_t kMaxTimezoneBytes = 100;
  static constexpr std::size_t kMaxCheckBytes = 65'536;
  static constexpr std::size_t kMaxRules = 10'000;  ///< also of maintenance, corrections, pauses and annotations
  static constexpr std::chrono::days kMaxRuleDuration{31};  ///< interval, timeout, stale_after and merge_within
  static constexpr std::chrono::days kMaxRetention{1'000'000};
};

/// One entry of the catalog.
struct Server {
  ServerId id{};     ///< given by Store::add_server
  std::string name;  ///< unique, 1-200 bytes of UTF-8 without control characters
  std::string url;
  std::string group;
  std::map<std::string, std::string> tags;
  TimeMs created_at{};
  std::vector<Rules> rules{Rules{}};  ///< ascending by effective_from, never empty; the first holds from ever
  std::vector<Maintenance> maintenance;
  std::vector<Correction> corrections;
  std::vector<Window> paused;  ///< ascending; an open pause ends at kTimeLimit
  Retention retention;
  std::optional<double> objective;  ///< service level objective as a ratio in (0, 1), e.g. 0.999
  ServiceLevel level;
  std::vector<Annotation> annotations;  ///< ascending by made_at
  std::string check;  ///< the prober's own description of the check, JSON; the engine does not read it

  friend bool operator==(const Server&, const Server&) = default;

  /// The rules in force at `time`.
  [[nodiscard]] const Rules& rules_at(TimeMs time) const noexcept;
  /// The newest rules.
  [[nodiscard]] const Rules& current_rules() const noexcept { return rules.back(); }
};

}  // namespace nines
