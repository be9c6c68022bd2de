// An alert message in the forms that receivers read: JSON and variables. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nines/alert.h>

namespace nines::prober {

/// One field of a message, ready to be written somewhere.
struct AlertField {
  std::string_view name;  ///< of kAlertFields
  std::string text;       ///< empty where there is no value
  std::string json;       ///< as a JSON value: a quoted text, a number, or null
};

/// The fields of kAlertFields, in that order. Bytes that are not UTF-8 are replaced.
[[nodiscard]] std::vector<AlertField> alert_fields(const AlertMessage& message);

/// What tells two attempts of one message from two messages, for a receiver who asks: "nines-12-1753000000000".
[[nodiscard]] std::string idempotency_key(const AlertMessage& message);

/// RFC 3339, UTC, milliseconds.
[[nodiscard]] std::string to_rfc3339(TimeMs time);

}  // namespace nines::prober
