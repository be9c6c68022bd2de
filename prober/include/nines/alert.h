// Alerts: what is told to whom when a server goes down and comes back.
//
// A confirmed outage opens one incident a server; each target gets one `down` message, reminders while it lasts, and
// one `resolved` message. Messages of a target are delivered in order, each until it succeeds, with growing pauses.
// Open incidents and undelivered messages are kept in a journal (prober/ALERTS.md), so that a restart neither loses nor
// repeats one. Only a crash in the middle of a delivery leaves it open whether it arrived: it is made again under the
// same id, which receivers can tell by.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// A text that may be secret. Exactly one of the three is set. Environment and file are read at each delivery, so
/// that a secret can change without a restart; the value never appears in a log, an error or the journal.
struct SecretText {
  std::string text;         ///< as it is
  std::string environment;  ///< name of an environment variable
  std::string file;         ///< path; one trailing newline is cut
  friend bool operator==(const SecretText&, const SecretText&) = default;
};

/// Where messages go: a command (`exec`) or an HTTP endpoint (`webhook`), one of the two.
struct AlertTarget {
  std::string name;  ///< unique and lasting: undelivered messages are kept under it

  /// Command and arguments, looked up in PATH. It gets the facts as NINES_* variables and the JSON on standard input, a
  /// process group of its own, and success is exit code 0. Its output is discarded.
  std::vector<std::string> exec;
  /// http or https URL. Success is a status of 200-299; redirects are not followed.
  std::optional<SecretText> webhook;
  std::vector<std::pair<std::string, SecretText>> headers;  ///< of the webhook
  /// Body of the webhook instead of the JSON object: `{{field}}` is replaced by the field's value, escaped as inside a
  /// JSON string. Fields: kAlertFields. Unknown fields are refused.
  std::string body_template;
  std::string content_type = "application/json";

  bool send_resolved = true;
  std::chrono::milliseconds remind_every{0};  ///< while an incident lasts; 0 is never, else at least 1 s
  std::chrono::milliseconds timeout{10'000};  ///< of one delivery, (0, 10 min]; a command is killed with its group
  friend bool operator==(const AlertTarget&, const AlertTarget&) = default;
};

/// `invalid_argument` naming the target and the field.
[[nodiscard]] Result<void> validate(const AlertTarget& target);

struct AlertMessage {
  enum class Kind : std::uint8_t { down, reminder, resolved };
  std::uint64_t id = 0;  ///< unique in its journal, ascending; the same in every attempt
  Kind kind = Kind::down;
  ServerId server{};
  std::string name;
  std::string url;  ///< without user and query
  std::string group;
  TimeMs since{};                       ///< begin of the incident: its first failed check
  TimeMs time{};                        ///< of the check that confirmed, resolved or reminded
  ErrorClass error = ErrorClass::none;  ///< of the failure; also in `resolved`
  std::uint16_t code = 0;
  std::string detail;
  std::uint32_t reminder = 0;  ///< 1 for the first reminder
};

/// "down", "reminder", "resolved".
[[nodiscard]] std::string_view to_string(AlertMessage::Kind kind) noexcept;

/// One JSON object with the fields of kAlertFields; times in RFC 3339, UTC, milliseconds; what does not exist is null.
[[nodiscard]] std::string to_json(const AlertMessage& message);

/// The names of the JSON's fields, of a template's placeholders and, in capitals with NINES_ before them, of the
/// variables.
inline constexpr std::string_view kAlertFields[] = {"id",    "event", "server", "server_id", "url",
                                                    "group", "state", "since",  "time",      "duration_ms",
                                                    "error", "code",  "detail", "reminder"};

struct AlertOptions {
  std::vector<AlertTarget> targets;
  /// The journal's path, needed when there are targets. Beside the store, not inside: `nines run` uses STORE-alerts.
  std::string journal;
  /// True while a server is under maintenance (called on the alert thread): its outage is told when that is over and it
  /// still lasts. Empty: never.
  std::function<bool(ServerId, TimeMs)> muted;
  std::chrono::milliseconds first_retry{1'000};  ///< pause after the first failed delivery; doubles up to
  std::chrono::milliseconds last_retry{300'000};
  std::size_t max_pending =
      10'000;  ///< messages a target may owe; above it the oldest are dropped, counted and reported
};

struct AlertStats {
  std::uint64_t open_incidents = 0;
  std::uint64_t pending = 0;    ///< messages not yet delivered, summed over targets
  std::uint64_t delivered = 0;  ///< since start
  std::uint64_t failed = 0;     ///< attempts that failed, since start
  std::uint64_t dropped = 0;    ///< messages given up because a target owed too many
};

}  // namespace nines
