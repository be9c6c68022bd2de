// Times of the command line and of data files, and the frame of a question from a command's options.
#pragma once

#include <nines/calendar.h>
#include <nines/query.h>

#include <string_view>

#include "command.h"

namespace nines::tools {

[[nodiscard]] TimeMs now() noexcept;

/// A complete RFC 3339 time with date, time of day and offset (no offset: UTC), as data files have it; the words and
/// shortcuts of the command line are refused.
[[nodiscard]] Result<TimeMs> parse_rfc3339(std::string_view text);

/// What the options --window, --from, --to, --tz and the rule options ask for.
struct Question {
  Query query;
  Zone zone;
};
/// `usual` is the window when none is given, e.g. "24h". Failures are of usage.
[[nodiscard]] tl::expected<Question, Failure> read_question(const Call& call, std::string_view usual);

/// A whole number of an option, in [least, most]; `usual` when it was not given.
[[nodiscard]] tl::expected<std::uint64_t, Failure> read_count(const Call& call, const char* option, std::uint64_t usual,
                                                              std::uint64_t least, std::uint64_t most);

}  // namespace nines::tools
