// The steps of a dialog: what they may say, and how they are prepared.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/check_spec.h>

#include "spec/field_error.h"

namespace nines::prober {

/// A step that is ready to be done.
struct DialogAct {
  DialogStep step;
  std::unique_ptr<const RE2> expression;  ///< of `expect`; ^ and $ are the bounds of a line
  bool whole_line = false;                ///< of `expect`: the line that it is found in must be complete
};

/// Prepares all steps, or says what is wrong with the first bad one.
[[nodiscard]] Parsed<std::vector<DialogAct>> compile_dialog(const std::vector<DialogStep>& steps, std::size_t bytes);

/// Whether `text`, which is sent, ends with a backslash and an n: an escape that YAML left as it was, since it stood in
/// single quotes or in none. Whatever was to end there would wait for the end of its line.
[[nodiscard]] bool ends_in_escape(std::string_view text) noexcept;
inline constexpr const char* kEscapeLeft =
    "ends with \\n as two characters; escapes are read between double quotes only";

/// Whether a dialog becomes TLS in its middle.
[[nodiscard]] bool upgrades(const std::vector<DialogStep>& steps) noexcept;

/// `text` with {{1}} replaced by the first of `groups` behind the whole, and so on.
[[nodiscard]] std::string fill_groups(std::string_view text, std::span<const std::string> groups);

}  // namespace nines::prober
