#include "times.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "record_line.h"
#include "text.h"

namespace nines::tools {
namespace {

tl::expected<Window, Failure> read_window(const Call& call, std::string_view usual, const TimeContext& context) {
  const auto span = call.text("window");
  const auto from = call.text("from");
  const auto to = call.text("to");
  if (span && (from || to)) return usage("--window goes without --from and --to");
  if (to && !from) return usage("--to needs --from");
  const auto window = from ? parse_window(*from, to.value_or(""), context)
                           : parse_window(span ? std::string_view(*span) : usual, context);
  if (!window) return usage(printable(window.error().message));
  return *window;
}

tl::expected<Policy, Failure> read_policy(const Call& call) {
  constexpr std::uint64_t kMost = 1000;
  Policy policy;
  if (const auto text = call.text("maintenance")) {
    const auto parsed = parse_maintenance_policy(*text);
    if (!parsed)
      return usage(fmt::format("--maintenance {}: it takes exclude, as-up or as-measured", printable(*text)));
    policy.maintenance = *parsed;
  }
  if (const auto text = call.text("unknown")) {
    const auto parsed = parse_unknown_policy(*text);
    if (!parsed) return usage(fmt::format("--unknown {}: it takes exclude, as-down or as-up", printable(*text)));
    policy.unknown = *parsed;
  }
  const auto failures = read_count(call, "confirm-failures", 1, 1, kMost);
  if (!failures) return tl::unexpected(failures.error());
  const auto successes = read_count(call, "confirm-successes", 1, 1, kMost);
  if (!successes) return tl::unexpected(successes.error());
  if (call.has("confirm-failures")) policy.confirm_failures = static_cast<std::uint16_t>(*failures);
  if (call.has("confirm-successes")) policy.confirm_successes = static_cast<std::uint16_t>(*successes);
  return policy;
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
  return parse_time(text, {});
}

tl::expected<Question, Failure> read_question(const Call& call, std::string_view usual) {
  Question question;
  const auto zone = Zone::find(call.text("tz").value_or("UTC"));
  if (!zone) return usage(printable(zone.error().message));
  question.zone = *zone;
  question.query.now = now();
  const auto window = read_window(call, usual, {question.query.now, question.zone});
  if (!window) return tl::unexpected(window.error());
  question.query.window = *window;
  const auto policy = read_policy(call);
  if (!policy) return tl::unexpected(policy.error());
  question.query.policy = *policy;
  return question;
}

tl::expected<std::uint64_t, Failure> read_count(const Call& call, const char* option, std::uint64_t usual,
                                                std::uint64_t least, std::uint64_t most) {
  const auto text = call.text(option);
  if (!text) return usual;
  const auto number = text->find('.') == std::string::npos ? parse_decimal(*text, 1, most) : std::nullopt;
  if (!number || *number < least) {
    return usage(
        fmt::format("--{} {}: it must be a whole number from {} to {}", option, printable(*text), least, most));
  }
  return *number;
}

}  // namespace nines::tools
