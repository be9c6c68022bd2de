#include "alerts/message.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time_text.h"

namespace nines {
namespace {

using Json = nlohmann::ordered_json;

/// Foreign bytes in a detail must not make the message fail.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json fields_of(const AlertMessage& message) {
  Json json;
  json["id"] = message.id;
  json["event"] = event_of(message);
  json["topic"] = to_string(message.topic);
  json["server"] = message.name;
  json["server_id"] = static_cast<std::uint32_t>(message.server);
  json["url"] = text_or_null(message.url);
  json["group"] = text_or_null(message.group);
  json["state"] = to_string(message.state);
  json["since"] = engine::utc_text(message.since);
  json["time"] = engine::utc_text(message.time);
  // A clock that was set back may end an incident before it has begun.
  json["duration_ms"] = std::max<std::int64_t>((message.time - message.since).count(), 0);
  json["error"] = text_or_null(std::string(to_string(message.error)));
  json["code"] = message.code != 0 ? Json(message.code) : Json(nullptr);
  json["detail"] = text_or_null(message.detail);
  json["reminder"] = message.reminder != 0 ? Json(message.reminder) : Json(nullptr);
  return json;
}

/// "1d 2h", "5m 10s", "0s": the two largest parts.
std::string duration_text(std::chrono::milliseconds span) {
  constexpr std::array<std::pair<std::int64_t, char>, 4> kParts{{{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}}};
  std::int64_t seconds = std::max<std::int64_t>(span.count() / 1'000, 0);
  std::string text;
  int parts = 0;
  for (const auto& [length, letter] : kParts) {
    const std::int64_t count = seconds / length;
    seconds %= length;
    if (parts > 0) ++parts;
    if (count == 0 || parts > 2) continue;
    parts = std::max(parts, 1);
    text += (text.empty() ? "" : " ") + std::to_string(count) + letter;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace

std::string_view to_string(AlertTopic topic) noexcept {
  switch (topic) {
    case AlertTopic::down:
      return "down";
    case AlertTopic::degraded:
      return "degraded";
    case AlertTopic::certificate:
      return "certificate";
    case AlertTopic::budget:
      return "budget";
  }
  return "";
}

std::optional<AlertTopic> parse_alert_topic(std::string_view text) noexcept {
  for (const AlertTopic topic : kAlertTopics) {
    if (text == to_string(topic)) return topic;
  }
  return std::nullopt;
}

std::string_view event_of(const AlertMessage& message) noexcept {
  switch (message.kind) {
    case AlertMessage::Kind::begin:
      return to_string(message.topic);
    case AlertMessage::Kind::reminder:
      return "reminder";
    case AlertMessage::Kind::resolved:
      return "resolved";
  }
  return "";
}

std::string to_json(const AlertMessage& message) {
  return dump(fields_of(message));
}

namespace prober {

std::vector<AlertField> alert_fields(const AlertMessage& message) {
  const Json json = fields_of(message);
  std::vector<AlertField> fields;
  for (const std::string_view name : kAlertFields) {
    const Json& value = json.at(std::string(name));
    AlertField field{std::string(name), {}, dump(value)};
    if (value.is_string()) {
      field.text = Json::parse(field.json).get<std::string>();  // what dump() has replaced is replaced here too
    } else if (!value.is_null()) {
      field.text = field.json;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

AlertField text_field(std::string name, const std::string& text) {
  AlertField field{std::move(name), {}, dump(text_or_null(text))};
  if (!text.empty()) field.text = Json::parse(field.json).get<std::string>();
  return field;
}

std::vector<AlertField> template_fields(const AlertMessage& message) {
  std::vector<AlertField> fields = alert_fields(message);
  fields.push_back(text_field("title", alert_title(message)));
  fields.push_back(text_field("text", alert_text(message)));
  fields.push_back(text_field("duration", duration_text(message.time - message.since)));
  fields.push_back(text_field("incident", incident_key(message)));
  return fields;
}

std::string incident_key(const AlertMessage& message) {
  return "nines-" + std::to_string(static_cast<std::uint32_t>(message.server)) + "-" +
         std::string(to_string(message.topic)) + "-" + std::to_string(to_ms(message.since));
}

std::string alert_title(const AlertMessage& message) {
  const std::string still = message.kind == AlertMessage::Kind::reminder ? "still " : "";
  const bool over = message.kind == AlertMessage::Kind::resolved;
  if (over && message.state == State::unknown && message.topic != AlertTopic::budget) {
    return message.name + " is not watched any longer";
  }
  switch (message.topic) {
    case AlertTopic::down:
      if (!over) return message.name + " is " + still + "down";
      return message.name + (message.state == State::up ? " is up again" : " is not down any longer");
    case AlertTopic::degraded:
      return message.name + (over ? " is not degraded any longer" : " is " + still + "degraded");
    case AlertTopic::certificate:
      return message.name + (over ? ": its certificate is good again" : ": its certificate " + still + "needs care");
    case AlertTopic::budget:
      return message.name +
             (over ? ": its error budget burns no longer too fast" : ": its error budget " + still + "burns too fast");
  }
  return message.name;
}

std::string alert_text(const AlertMessage& message) {
  const bool over = message.kind == AlertMessage::Kind::resolved;
  std::string text;
  const auto add = [&text](const std::string& line) {
    if (line.empty()) return;
    if (!text.empty()) text += '\n';
    text += line;
  };
  std::string why(message.error == ErrorClass::none ? std::string_view() : to_string(message.error));
  if (message.code != 0) why += (why.empty() ? "" : " ") + std::to_string(message.code);
  if (!message.detail.empty()) why += (why.empty() ? "" : ": ") + message.detail;
  add((over && !why.empty() ? "it was " : "") + why);
  add(message.url);
  add((over ? "from " : "since ") + engine::utc_text(message.since) +
      (over ? " to " + engine::utc_text(message.time) : "") + ", " + duration_text(message.time - message.since));
  return text;
}

std::string idempotency_key(const AlertMessage& message) {
  return "nines-" + std::to_string(message.id) + "-" + std::to_string(to_ms(message.since));
}

}  // namespace prober
}  // namespace nines
