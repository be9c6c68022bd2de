// An alert message in the forms that receivers read: JSON and variables. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nines/alert.h>

namespace nines::prober {

/// One field of a message, ready to be written somewhere.
struct AlertField {
  std::string name;  ///< of kAlertFields or kAlertTexts
  std::string text;  ///< empty where there is no value
  std::string json;  ///< as a JSON value: a quoted text, a number, or null
};

/// The fields of kAlertFields, in that order. Bytes that are not UTF-8 are replaced.
[[nodiscard]] std::vector<AlertField> alert_fields(const AlertMessage& message);

/// Those, and the texts of kAlertTexts: what a template may have.
[[nodiscard]] std::vector<AlertField> template_fields(const AlertMessage& message);
/// A field that is a text; null where it is empty.
[[nodiscard]] AlertField text_field(std::string name, const std::string& text);

/// "nines-7-down-1753000000000": the same in all messages about one incident.
[[nodiscard]] std::string incident_key(const AlertMessage& message);
/// "site is down", "site is up again": one line for a person.
[[nodiscard]] std::string alert_title(const AlertMessage& message);
/// The facts as lines for a person, without the title.
[[nodiscard]] std::string alert_text(const AlertMessage& message);

/// What tells two attempts of one message from two messages, for a receiver who asks: "nines-12-1753000000000".
[[nodiscard]] std::string idempotency_key(const AlertMessage& message);

}  // namespace nines::prober
