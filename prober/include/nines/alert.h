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
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/result.h>
#include <nines/server.h>
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

/// What an alert is about.
enum class AlertTopic : std::uint8_t {
  down,         ///< a confirmed outage
  degraded,     ///< answers that are slow or partly failing, as many in a row as confirm an outage
  certificate,  ///< one that expires too soon, or does not verify
  budget,       ///< an error budget that burns too fast (AlertOptions::budget)
};
inline constexpr AlertTopic kAlertTopics[] = {AlertTopic::down, AlertTopic::degraded, AlertTopic::certificate,
                                              AlertTopic::budget};
/// "down", "degraded", "certificate", "budget".
[[nodiscard]] std::string_view to_string(AlertTopic topic) noexcept;
[[nodiscard]] std::optional<AlertTopic> parse_alert_topic(std::string_view text) noexcept;

/// One thing that a channel needs to know, such as a token.
struct AlertSetting {
  std::string_view name;
  bool needed = false;
  bool number = false;     ///< a whole number
  std::string_view usual;  ///< what holds without it
  std::string_view help;
};

/// A service that is told in its own language, by a row of facts about its requests.
struct AlertChannel {
  std::string_view name;  ///< "discord"
  std::string_view help;
  std::span<const AlertSetting> settings;
};
/// All of them, in the order of their names.
[[nodiscard]] std::vector<AlertChannel> alert_channels();

/// Where messages go: a command (`exec`), an HTTP endpoint (`webhook`), or a channel, one of the three.
struct AlertTarget {
  std::string name;  ///< unique and lasting: undelivered messages are kept under it

  /// Command and arguments, looked up in PATH. It gets the facts as NINES_* variables and the JSON on standard input, a
  /// process group of its own, and success is exit code 0. Its output is discarded.
  std::vector<std::string> exec;
  /// http or https URL. Success is a status of 200-299; redirects are not followed. A status of 400-499 other than 408
  /// and 429 refuses the message for good.
  std::optional<SecretText> webhook;
  /// Of the webhook. `{{field}}` in a plain text is replaced as in the body; in variables and files it is not.
  std::vector<std::pair<std::string, SecretText>> headers;
  /// Body of the webhook instead of the JSON object: `{{field}}` is replaced by the field's value, written as
  /// `content_type` asks. In JSON a field inside of quotes is its text, one outside is a whole value, and null where
  /// there is none; in a form it is percent-encoded, in XML and HTML its marks are escaped, in other text it stands as
  /// it is. What stands between `{{#field}}` and `{{/field}}` counts where the field has a value, with
  /// `{{#field=text}}` where it is that text, and `{{^` is the opposite of `{{#`. `{{field|100}}` is cut to 100
  /// characters (UTF-16, as receivers count), `{{field|entities}}` has & < > escaped. Fields: kAlertFields and
  /// kAlertTexts. Unknown ones are refused.
  std::string body_template;
  std::string content_type = "application/json";

  /// The name of one of alert_channels(), and its settings; each at most once.
  std::string channel;
  std::vector<std::pair<std::string, SecretText>> settings;

  std::vector<AlertTopic> topics{AlertTopic::down};  ///< what it wants to hear of; not empty
  std::vector<std::string> groups;                   ///< of the servers that it hears of; empty: all
  std::chrono::milliseconds after{0};                ///< it hears only of what lasts so long, [0, 31 d]
  /// When it hears of nothing. What begins and ends in them is not told; what lasts longer, and the ends of what was
  /// told before, are told when they are over. Judged by AlertOptions::quiet.
  std::vector<Maintenance> quiet;
  bool send_resolved = true;
  std::chrono::milliseconds remind_every{0};  ///< while an incident lasts; 0 is never, else at least 1 s
  std::chrono::milliseconds timeout{10'000};  ///< of one delivery, (0, 10 min]; a command is killed with its group
  friend bool operator==(const AlertTarget&, const AlertTarget&) = default;
};

/// Fills the templates with every message that can come, with and without each fact, and reads what claims to be JSON.
/// `invalid_argument` naming the target and the field.
[[nodiscard]] Result<void> validate(const AlertTarget& target);
/// Whether the program of `exec` exists and may be executed, here and now; fine without one. `not_found` names it.
[[nodiscard]] Result<void> check_program(const AlertTarget& target);
struct AlertMessage;
/// Delivers one message now. Blocks up to the target's timeout. The error says why not, without a secret:
/// invalid_argument when the target will never take it. Any thread. Requires: validate(target).
[[nodiscard]] Result<void> deliver_alert(const AlertTarget& target, const AlertMessage& message);

struct AlertMessage {
  enum class Kind : std::uint8_t { begin, reminder, resolved };
  std::uint64_t id = 0;  ///< unique in its journal, ascending; the same in every attempt
  Kind kind = Kind::begin;
  AlertTopic topic = AlertTopic::down;
  ServerId server{};
  std::string name;
  std::string url;  ///< without user and query
  std::string group;
  State state = State::down;            ///< of the server; unknown when it was removed
  TimeMs since{};                       ///< begin of the incident: its first failed check
  TimeMs time{};                        ///< of the check that confirmed, resolved or reminded
  ErrorClass error = ErrorClass::none;  ///< of the failure; also in `resolved`
  std::uint16_t code = 0;
  std::string detail;
  std::uint32_t reminder = 0;  ///< 1 for the first reminder
};

/// "down", "degraded", "certificate" or "budget" when it begins, else "reminder" or "resolved".
[[nodiscard]] std::string_view event_of(const AlertMessage& message) noexcept;

/// One JSON object with the fields of kAlertFields; times in RFC 3339, UTC, milliseconds; what does not exist is null.
[[nodiscard]] std::string to_json(const AlertMessage& message);

/// The names of the JSON's fields, of a template's placeholders and, in capitals with NINES_ before them, of the
/// variables.
inline constexpr std::string_view kAlertFields[] = {"id",          "event", "topic", "server", "server_id",
                                                    "url",         "group", "state", "since",  "time",
                                                    "duration_ms", "error", "code",  "detail", "reminder"};

/// What templates may have besides, as text for a person: `title` ("site is down"), `text` (why, since when, the URL;
/// several lines), `duration` ("5m 10s"), and `incident`, a key that is the same from its beginning to its end.
inline constexpr std::string_view kAlertTexts[] = {"title", "text", "duration", "incident"};

/// What is known of a server's error budget.
struct BudgetBurn {
  bool firing = false;  ///< it burns too fast; false too for a server without an objective
  std::string detail;   ///< one line for a person; counts when firing
};

/// Deliveries of one message before it is given up. With the usual pauses the last of them is made a day after the
/// first (511 s in nine steps, then one every 300 s): whoever has not received it by then has other problems.
inline constexpr std::uint32_t kAlertAttempts = 300;
/// Deliveries to one target at the same time, each about another server. A receiver that takes 2 s gets a thousand
/// messages in four minutes; more at once would look like an attack to many.
inline constexpr std::size_t kAlertDeliveries = 8;

struct AlertOptions {
  std::vector<AlertTarget> targets;
  /// The journal's path, needed when there are targets. Beside the store, not inside: `nines run` uses STORE-alerts.
  std::string journal;
  /// True while a server is under maintenance (called on the alert thread): its outage is told when that is over and it
  /// still lasts. Empty: never.
  std::function<bool(ServerId, TimeMs)> muted;
  /// When the last maintenance of a server that ended in a window did so (called on the alert thread); no value: none
  /// did. What began before that counts from there, as in the history. Empty: none ever does.
  std::function<std::optional<TimeMs>(ServerId, Window)> maintenance_end;
  /// Whether a moment lies in one of a target's quiet hours (called on the alert thread). Empty: never.
  std::function<bool(const std::vector<Maintenance>&, TimeMs)> quiet;
  /// Asked once a minute about each server while a target wants to hear of budgets, on a thread of its own. No value:
  /// it cannot be said now, and what was said before stays. Empty: there are no budgets.
  std::function<std::optional<BudgetBurn>(ServerId, TimeMs)> budget;
  std::chrono::milliseconds budget_every{60'000};  ///< [10 ms, 1 h]
  std::chrono::milliseconds first_retry{1'000};    ///< pause after the first failed delivery; doubles up to
  std::chrono::milliseconds last_retry{300'000};
  /// Messages that a target may be owed; above it the oldest are dropped, counted and reported.
  std::size_t max_pending = 10'000;
};

/// How it goes with one target.
struct AlertTargetStats {
  std::string name;
  std::uint64_t pending = 0;    ///< messages not yet delivered
  std::uint64_t delivered = 0;  ///< since start; the others too
  std::uint64_t failed = 0;     ///< attempts that failed
  std::uint64_t refused = 0;    ///< messages that it, or one of its mailboxes, refused for good
  std::uint64_t expired = 0;    ///< messages given up after kAlertAttempts
  std::uint64_t dropped = 0;    ///< messages given up because it was owed too many
  std::string last_failure;     ///< why the newest attempt failed; empty once one has succeeded as a whole
};

/// The same, summed over targets; those that are gone count too.
struct AlertStats {
  std::uint64_t open_incidents = 0;
  std::uint64_t pending = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
  std::uint64_t expired = 0;
  std::uint64_t dropped = 0;
  std::vector<AlertTargetStats> targets;  ///< in the order of their names
};

}  // namespace nines
