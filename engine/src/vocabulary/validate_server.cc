#include "vocabulary/validate_server.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace nines::engine {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

using Limits = ServerLimits;

/// The first complaint, or empty.
using Complaint = std::string;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

Complaint check_text(const std::string& field, std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return field + " is longer than " + std::to_string(max_bytes) + " bytes";
  if (!is_utf8(text)) return field + " is not UTF-8";
  return {};
}

Complaint check_time(const std::string& field, TimeMs time) {
  if (time < from_ms(0) || time > kTimeLimit) return field + " is before 1970 or after the year 9999";
  return {};
}

Complaint check_window(const std::string& field, Window window) {
  if (auto bad = check_time(field + ".from", window.from); !bad.empty()) return bad;
  if (auto bad = check_time(field + ".to", window.to); !bad.empty()) return bad;
  if (window.empty()) return field + " is empty: its end is not after its start";
  return {};
}

Complaint check_duration(const std::string& field, milliseconds duration, milliseconds least) {
  if (duration < least) return field + " must be at least " + std::to_string(least.count()) + " ms";
  if (duration > Limits::kMaxRuleDuration)
    return field + " must be at most " + std::to_string(Limits::kMaxRuleDuration.count()) + " days";
  return {};
}

Complaint check_count(const std::string& field, std::size_t count, std::size_t max) {
  if (count > max) return field + " has more than " + std::to_string(max) + " entries";
  return {};
}

/// The first complaint of the list.
Complaint first_of(std::initializer_list<Complaint> complaints) {
  for (const Complaint& complaint : complaints) {
    if (!complaint.empty()) return complaint;
  }
  return {};
}

std::string indexed(const char* list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Complaint check_rules(const std::string& at, const Rules& rules) {
  if (rules.confirm_failures == 0) return at + ".confirm_failures must be at least 1";
  if (rules.confirm_successes == 0) return at + ".confirm_successes must be at least 1";
  return first_of({check_time(at + ".effective_from", rules.effective_from),
                   check_duration(at + ".interval", rules.interval, milliseconds{1}),
                   check_duration(at + ".timeout", rules.timeout, milliseconds{0}),
                   check_duration(at + ".stale_after", rules.stale_after, milliseconds{0}),
                   check_duration(at + ".merge_within", rules.merge_within, milliseconds{0})});
}

Complaint check_recurrence(const std::string& at, const Maintenance& m) {
  if (m.repeat == Maintenance::Repeat::weekly && (m.weekdays == 0 || m.weekdays > 0x7f)) {
    return at + ".weekdays must name days of the week";
  }
  if (m.repeat == Maintenance::Repeat::monthly && (m.day_of_month < 1 || m.day_of_month > 31)) {
    return at + ".day_of_month must be 1 to 31";
  }
  if (m.start < minutes{0} || m.start >= hours{24}) return at + ".start must be a time of day";
  if (m.length <= minutes{0} || m.length > days{7}) return at + ".length must be over 0 and at most 7 days";
  if (m.timezone.empty()) return at + ".timezone is empty";
  return check_window(at + ".effective", m.effective);
}

Complaint check_maintenance(const std::string& at, const Maintenance& m) {
  if (m.repeat > Maintenance::Repeat::monthly) return at + ".repeat is unknown";
  const bool once = m.repeat == Maintenance::Repeat::once;
  return first_of({once ? check_window(at + ".once", m.once) : check_recurrence(at, m),
                   check_text(at + ".timezone", m.timezone, Limits::kMaxTimezoneBytes),
                   check_text(at + ".note", m.note, Limits::kMaxNoteBytes)});
}

Complaint check_annotation(const std::string& at, const Annotation& annotation) {
  if (annotation.kind > Annotation::Kind::change) return at + ".kind is unknown";
  return first_of({check_time(at + ".at", annotation.at), check_time(at + ".made_at", annotation.made_at),
                   check_text(at + ".author", annotation.author, Limits::kMaxAuthorBytes),
                   check_text(at + ".text", annotation.text, Limits::kMaxNoteBytes)});
}

Complaint check_level(const ServiceLevel& level) {
  if (level.latency_objective && !(*level.latency_objective > 0 && *level.latency_objective < 1)) {
    return "level.latency_objective is not between 0 and 1";
  }
  return first_of({check_text("level.period", level.period, Limits::kMaxPeriodBytes),
                   check_text("level.hours", level.hours, Limits::kMaxHoursBytes),
                   check_text("level.timezone", level.timezone, Limits::kMaxTimezoneBytes),
                   check_duration("level.latency_target", level.latency_target, milliseconds{0})});
}

Complaint check_texts(const Server& server) {
  if (server.name.empty()) return "name is empty";
  if (has_control_character(server.name)) return "name contains a control character";
  for (const auto& [key, value] : server.tags) {
    if (key.empty()) return "tags has an empty key";
    auto bad = first_of({check_text("key of tag '" + key + "'", key, Limits::kMaxTagKeyBytes),
                         check_text("value of tag '" + key + "'", value, Limits::kMaxTagValueBytes)});
    if (!bad.empty()) return bad;
  }
  return first_of({check_text("name", server.name, Limits::kMaxNameBytes),
                   check_text("url", server.url, Limits::kMaxUrlBytes),
                   check_text("group", server.group, Limits::kMaxGroupBytes),
                   check_text("check", server.check, Limits::kMaxCheckBytes),
                   check_count("tags", server.tags.size(), Limits::kMaxTags)});
}

Complaint check_history(const Server& server) {
  if (server.rules.empty()) return "rules is empty";
  for (std::size_t i = 0; i < server.rules.size(); ++i) {
    if (auto bad = check_rules(indexed("rules", i), server.rules[i]); !bad.empty()) return bad;
    if (i > 0 && server.rules[i].effective_from <= server.rules[i - 1].effective_from) {
      return indexed("rules", i) + ".effective_from is not after that of the entry before it";
    }
  }
  for (std::size_t i = 0; i < server.maintenance.size(); ++i) {
    if (auto bad = check_maintenance(indexed("maintenance", i), server.maintenance[i]); !bad.empty()) return bad;
  }
  for (std::size_t i = 0; i < server.corrections.size(); ++i) {
    const std::string at = indexed("corrections", i);
    const Correction& correction = server.corrections[i];
    if (correction.state > State::paused) return at + ".state is unknown";
    auto bad = first_of({check_window(at + ".window", correction.window),
                         check_text(at + ".note", correction.note, Limits::kMaxNoteBytes)});
    if (!bad.empty()) return bad;
  }
  for (std::size_t i = 0; i < server.paused.size(); ++i) {
    if (auto bad = check_window(indexed("paused", i), server.paused[i]); !bad.empty()) return bad;
    if (i > 0 && server.paused[i].from < server.paused[i - 1].to) {
      return indexed("paused", i) + " begins before the pause before it ends";
    }
  }
  for (std::size_t i = 0; i < server.annotations.size(); ++i) {
    const std::string at = indexed("annotations", i);
    if (auto bad = check_annotation(at, server.annotations[i]); !bad.empty()) return bad;
    if (i > 0 && server.annotations[i].made_at < server.annotations[i - 1].made_at) {
      return at + ".made_at is before that of the entry before it";
    }
  }
  return first_of({check_count("rules", server.rules.size(), Limits::kMaxRules),
                   check_count("annotations", server.annotations.size(), Limits::kMaxRules),
                   check_count("maintenance", server.maintenance.size(), Limits::kMaxRules),
                   check_count("corrections", server.corrections.size(), Limits::kMaxRules),
                   check_count("paused", server.paused.size(), Limits::kMaxRules)});
}

Complaint check_rest(const Server& server) {
  const auto bad_retention = [](days kept) { return kept > Limits::kMaxRetention || kept < -Limits::kMaxRetention; };
  if (bad_retention(server.retention.checks)) return "retention.checks is out of range";
  if (bad_retention(server.retention.summaries)) return "retention.summaries is out of range";
  if (server.objective && !(*server.objective > 0 && *server.objective < 1)) return "objective is not between 0 and 1";
  return first_of({check_level(server.level), check_time("created_at", server.created_at)});
}

}  // namespace

Result<void> validate_server(const Server& server) {
  Complaint complaint = check_texts(server);
  if (complaint.empty()) complaint = check_history(server);
  if (complaint.empty()) complaint = check_rest(server);
  if (!complaint.empty()) return fail(ErrorCode::invalid_argument, std::move(complaint));
  return {};
}

}  // namespace nines::engine
