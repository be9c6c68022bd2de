// An alert message in the forms that receivers read: JSON, variables, a filled template. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/alert.h>

namespace nines::prober {

/// The fields of kAlertFields with their values as text, in that order; what does not exist is empty.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string>> alert_fields(const AlertMessage& message);

/// Every `{{field}}` of `text` replaced by its value, escaped as inside a JSON string. `invalid_argument` names a field
/// that does not exist.
[[nodiscard]] Result<std::string> fill_template(std::string_view text, const AlertMessage& message);

/// The value, from wherever it is to come. Errors name the variable or the file, never the value.
[[nodiscard]] Result<std::string> read_secret(const SecretText& secret);

/// What tells two attempts of one message from two messages, for a receiver who asks: "nines-12-1753000000000".
[[nodiscard]] std::string idempotency_key(const AlertMessage& message);

/// RFC 3339, UTC, milliseconds.
[[nodiscard]] std::string to_rfc3339(TimeMs time);

}  // namespace nines::prober
