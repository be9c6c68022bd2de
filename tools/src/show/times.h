// Times of the command line and of data files, and the frame of a question from options or query parameters.
#pragma once

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

[[nodiscard]] TimeMs now() noexcept;

/// A complete RFC 3339 time with date, time of day and offset (no offset: UTC), as data files have it; the words and
/// shortcuts of the command line are refused.
[[nodiscard]] Result<TimeMs> parse_rfc3339(std::string_view text);

/// What window, from, to, tz and the rule options ask for.
struct Question {
  Query query;
  Zone zone;
};

/// The text of an option or parameter, if it was given.
using Lookup = std::function<std::optional<std::string>(const char* name)>;

/// `usual` is the window when none is given, e.g. "24h"; `prefix` is what stands before a name in messages ("--").
/// Every error is invalid_argument.
[[nodiscard]] Result<Question> read_question(const Lookup& lookup, std::string_view prefix, std::string_view usual);
/// A whole number in [least, most]; `usual` when it was not given.
[[nodiscard]] Result<std::uint64_t> read_count(const Lookup& lookup, std::string_view prefix, const char* name,
                                               std::uint64_t usual, std::uint64_t least, std::uint64_t most);

}  // namespace nines::tools
