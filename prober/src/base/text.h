// Small text helpers: splitting, comparing without case, and making foreign text fit for a detail.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ascii_case.h"

namespace nines::prober {

using engine::equal_ignoring_case;
using engine::to_lower;

/// The pieces of `text` between `separator`; always at least one. They point into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// At most `limit` bytes, cut between UTF-8 characters and marked with "...".
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

/// Text of a foreign machine as one line of valid UTF-8: control characters become blanks, broken bytes '?'.
[[nodiscard]] std::string one_line(std::string_view text);

/// Text of a foreign machine in quotes, as one line of at most 80 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// `text` with every occurrence of a secret replaced by "***". Secrets under 3 bytes are left: they are everywhere.
[[nodiscard]] std::string redact(std::string text, const std::vector<std::string>& secrets);

}  // namespace nines::prober
