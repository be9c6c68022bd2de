// Texts that are filled with the facts of an alert message, each value written as the place asks. Pure functions, but
// for secrets that are read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nines/alert.h>

#include "alerts/message.h"

namespace nines::prober {

/// How a value is written so that it stays one value where it stands.
enum class Escape : std::uint8_t {
  none,    ///< plain text: as it is
  json,    ///< inside of quotes as a JSON string's inside, elsewhere as a whole JSON value
  form,    ///< percent-encoded, as application/x-www-form-urlencoded asks
  xml,     ///< & < > " ' as entities, control characters dropped
  header,  ///< a header's value: control characters become blanks
};

/// Whether the media type is one of those for a JSON text on each line.
[[nodiscard]] bool is_json_lines(std::string_view content_type);
/// By the media type, without case and parameters: JSON, JSON lines and what ends in +json, forms, XML and HTML; none
/// else.
[[nodiscard]] Escape escape_of(std::string_view content_type);

/// `text` with every `{{field}}` replaced by its value and every `{{#field}}...{{/field}}` kept or left out, as
/// AlertTarget::body_template says. `invalid_argument` names a field that does not exist, a filter that does not, and
/// a part that is not closed, also where it is left out.
[[nodiscard]] Result<std::string> fill_template(std::string_view text, const std::vector<AlertField>& fields,
                                                Escape escape);

/// The part of `text` that has at most `most` UTF-16 units, marked with an ellipsis where something is cut.
/// Requires: most > 0.
[[nodiscard]] std::string cut_to_units(std::string_view text, std::size_t most);

/// The value, from wherever it is to come. Errors name the variable or the file, never the value.
[[nodiscard]] Result<std::string> read_secret(const SecretText& secret);

}  // namespace nines::prober
