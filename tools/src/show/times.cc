#include "show/times.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>

#include "show/number.h"
#include "show/text.h"

namespace nines::tools {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

Result<Window> read_window(const Lookup& lookup, std::string_view prefix, std::string_view usual,
                           const TimeContext& context) {
  const auto span = lookup("window");
  const auto from = lookup("from");
  const auto to = lookup("to");
  if (span && from && to) return invalid(fmt::format("{0}window goes with one of {0}from and {0}to", prefix));
  // A length that begins or ends there; the usual one with an end alone.
  if ((span && from) || to) {
    if (from && to) return parse_window(*from, *to, context);
    const std::string_view text = span ? std::string_view(*span) : usual;
    const auto length = parse_duration(text);
    if (!length && !span) return invalid(fmt::format("{0}to needs {0}from", prefix));
    if (!length)
      return invalid(
          fmt::format("{0}window {1}: with {0}from or {0}to it takes a length like 24h", prefix, printable(text)));
    const auto moment = parse_time(from ? *from : *to, context);
    if (!moment) return tl::unexpected(moment.error());
    return from ? Window{*moment, *moment + *length} : Window{*moment - *length, *moment};
  }
  return from ? parse_window(*from, to.value_or(""), context)
              : parse_window(span ? std::string_view(*span) : usual, context);
}

Result<Policy> read_policy(const Lookup& lookup, std::string_view prefix) {
  constexpr std::uint64_t kMost = 1000;
  Policy policy;
  if (const auto text = lookup("maintenance")) {
    const auto parsed = parse_maintenance_policy(*text);
    if (!parsed) {
      return invalid(
          fmt::format("{}maintenance `{}`: it takes exclude, as-up or as-measured", prefix, printable(*text)));
    }
    policy.maintenance = *parsed;
  }
  if (const auto text = lookup("unknown")) {
    const auto parsed = parse_unknown_policy(*text);
    if (!parsed) {
      return invalid(fmt::format("{}unknown `{}`: it takes exclude, as-down or as-up", prefix, printable(*text)));
    }
    policy.unknown = *parsed;
  }
  for (const auto& [name, value] : {std::pair{"confirm-failures", &policy.confirm_failures},
                                    std::pair{"confirm-successes", &policy.confirm_successes}}) {
    const auto count = read_count(lookup, prefix, name, 0, 1, kMost);
    if (!count) return tl::unexpected(count.error());
    if (*count > 0) *value = static_cast<std::uint16_t>(*count);
  }
  return policy;
}

/// "2026-07-14T09:30:00Z", with three decimals or none: what nearly all programs write, and files of millions of lines
/// have. Anything else is nothing here, and left to parse_time().
std::optional<TimeMs> usual_form(std::string_view text) {
  constexpr std::string_view kSeconds = "0000-00-00T00:00:00Z";
  constexpr std::string_view kMilliseconds = "0000-00-00T00:00:00.000Z";
  if (text.size() != kSeconds.size() && text.size() != kMilliseconds.size()) return std::nullopt;
  const std::string_view form = text.size() == kSeconds.size() ? kSeconds : kMilliseconds;
  std::array<int, kMilliseconds.size()> digits{};
  for (std::size_t i = 0; i < form.size(); ++i) {
    const int digit = text[i] - '0';
    if (form[i] == '0' ? digit < 0 || digit > 9 : text[i] != form[i] && i != 10) return std::nullopt;
    digits.at(i) = digit;
  }
  const auto two = [&digits](std::size_t at) { return digits[at] * 10 + digits[at + 1]; };
  const int year = two(0) * 100 + two(2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(two(5))),
                                         std::chrono::day(static_cast<unsigned>(two(8)))};
  constexpr int kFirst = 1970;
  constexpr int kLast = 2099;
  if (year < kFirst || year > kLast || !date.ok() || two(11) > 23 || two(14) > 59 || two(17) > 59) return std::nullopt;
  const int milliseconds = form == kSeconds ? 0 : digits[20] * 100 + two(21);
  return std::chrono::sys_days(date) + std::chrono::hours(two(11)) + std::chrono::minutes(two(14)) +
         std::chrono::seconds(two(17)) + std::chrono::milliseconds(milliseconds);
}

}  // namespace

TimeMs now() noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Result<TimeMs> parse_rfc3339(std::string_view text) {
  constexpr std::size_t kShortest = 19;  // 2026-07-14T09:30:00
  const bool shaped = text.size() >= kShortest && text[4] == '-' && text[7] == '-' && text[13] == ':' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ');
  if (!shaped || text.find('/') != std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, fmt::format("`{}` is not an RFC 3339 time", printable(fit(text, 60))));
  }
  if (const auto time = usual_form(text)) return *time;
  return parse_time(text, {});
}

Result<Question> read_question(const Lookup& lookup, std::string_view prefix, std::string_view usual) {
  Question question;
  const auto zone = Zone::find(lookup("tz").value_or("UTC"));
  if (!zone) return tl::unexpected(zone.error());
  question.zone = *zone;
  question.query.now = now();
  const auto window = read_window(lookup, prefix, usual, {question.query.now, question.zone});
  if (!window) return tl::unexpected(window.error());
  question.query.window = *window;
  const auto policy = read_policy(lookup, prefix);
  if (!policy) return tl::unexpected(policy.error());
  question.query.policy = *policy;
  return question;
}

Result<std::uint64_t> read_count(const Lookup& lookup, std::string_view prefix, const char* name, std::uint64_t usual,
                                 std::uint64_t least, std::uint64_t most) {
  const auto text = lookup(name);
  if (!text) return usual;
  const auto number = text->find('.') == std::string::npos ? parse_decimal(*text, 1, most) : std::nullopt;
  if (!number || *number < least) {
    return invalid(fmt::format("{}{} `{}`: it must be a whole number from {} to {}", prefix, name,
                               printable(fit(*text, 40)), least, most));
  }
  return *number;
}

}  // namespace nines::tools
