#include "alerts/message.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

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
  json["since"] = prober::to_rfc3339(message.since);
  json["time"] = prober::to_rfc3339(message.time);
  json["duration_ms"] = (message.time - message.since).count();
  json["error"] = text_or_null(std::string(to_string(message.error)));
  json["code"] = message.code != 0 ? Json(message.code) : Json(nullptr);
  json["detail"] = text_or_null(message.detail);
  json["reminder"] = message.reminder != 0 ? Json(message.reminder) : Json(nullptr);
  return json;
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
    AlertField field{name, {}, dump(value)};
    if (value.is_string()) {
      field.text = Json::parse(field.json).get<std::string>();  // what dump() has replaced is replaced here too
    } else if (!value.is_null()) {
      field.text = field.json;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string idempotency_key(const AlertMessage& message) {
  return "nines-" + std::to_string(message.id) + "-" + std::to_string(to_ms(message.since));
}

std::string to_rfc3339(TimeMs time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace prober
}  // namespace nines
