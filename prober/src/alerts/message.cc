#include "alerts/message.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

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

std::string_view state_of(AlertMessage::Kind kind) noexcept {
  return to_string(kind == AlertMessage::Kind::resolved ? State::up : State::down);
}

Json fields_of(const AlertMessage& message) {
  Json json;
  json["id"] = message.id;
  json["event"] = to_string(message.kind);
  json["server"] = message.name;
  json["server_id"] = static_cast<std::uint32_t>(message.server);
  json["url"] = text_or_null(message.url);
  json["group"] = text_or_null(message.group);
  json["state"] = state_of(message.kind);
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

std::string_view to_string(AlertMessage::Kind kind) noexcept {
  switch (kind) {
    case AlertMessage::Kind::down:
      return "down";
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

std::vector<std::pair<std::string_view, std::string>> alert_fields(const AlertMessage& message) {
  const Json json = fields_of(message);
  std::vector<std::pair<std::string_view, std::string>> fields;
  for (const std::string_view name : kAlertFields) {
    const Json& value = json[std::string(name)];
    std::string text;
    if (value.is_string()) {
      text = value.get<std::string>();
    } else if (!value.is_null()) {
      text = dump(value);
    }
    fields.emplace_back(name, std::move(text));
  }
  return fields;
}

Result<std::string> fill_template(std::string_view text, const AlertMessage& message) {
  const auto fields = alert_fields(message);
  std::string filled;
  for (;;) {
    const std::size_t open = text.find("{{");
    const std::size_t close = text.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) return filled.append(text);
    const std::string_view name = text.substr(open + 2, close - open - 2);
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
    if (found == fields.end()) {
      return fail(ErrorCode::invalid_argument, "body-template: there is no field {{" + std::string(name) + "}}");
    }
    const std::string quoted = dump(Json(found->second));
    filled.append(text.substr(0, open)).append(quoted, 1, quoted.size() - 2);
    text.remove_prefix(close + 2);
  }
}

Result<std::string> read_secret(const SecretText& secret) {
  if (!secret.environment.empty()) {
    const char* const value = std::getenv(secret.environment.c_str());
    if (value == nullptr) {
      return fail(ErrorCode::not_found, "the environment has no variable " + secret.environment);
    }
    return std::string(value);
  }
  if (!secret.file.empty()) {
    std::ifstream file(secret.file, std::ios::binary);
    std::string value{std::istreambuf_iterator<char>(file), {}};
    if (!file) return fail(ErrorCode::io, "cannot read " + secret.file);
    if (value.ends_with('\n')) value.pop_back();
    return value;
  }
  return secret.text;
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
