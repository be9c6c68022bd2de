#include "checks/conditions.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "checks/charset.h"
#include "checks/content_coding.h"

namespace nines::prober {
namespace {

using Op = HeaderCondition::Op;

constexpr std::size_t kShownBytes = 80;

std::string expected_ranges(const std::vector<StatusRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) {
    if (!text.empty()) text += ", ";
    text += std::to_string(range.first);
    if (range.last != range.first) text += "-" + std::to_string(range.last);
  }
  return text;
}

std::optional<Failure> judge_status(const CompiledCheck& check, int status) {
  const bool expected = std::any_of(check.status.begin(), check.status.end(), [status](const StatusRange& range) {
    return range.first <= status && status <= range.last;
  });
  if (expected) return std::nullopt;
  return Failure{ErrorClass::http_status, "HTTP " + std::to_string(status) + ", expected " +
                                              shorten(expected_ranges(check.status), kShownBytes)};
}

bool value_holds(const HeaderTest& test, std::string_view value) {
  switch (test.condition.op) {
    case Op::equals:
    case Op::not_equals:
      return value == test.condition.value;
    case Op::contains:
      return value.find(test.condition.value) != std::string_view::npos;
    case Op::matches:
      return RE2::PartialMatch(value, *test.expression);
    case Op::exists:
    case Op::absent:
      return true;
  }
  return false;
}

std::optional<std::string> header_failure(const HeaderTest& test, const HeaderFields& headers) {
  const auto& [name, op, wanted] = test.condition;
  const std::string* seen = nullptr;
  bool holds = false;
  for (const auto& [field, value] : headers) {
    if (!equal_ignoring_case(field, name)) continue;
    if (seen == nullptr) seen = &value;
    holds = holds || value_holds(test, value);
  }
  const bool negative = op == Op::absent || op == Op::not_equals;
  if (holds != negative) return std::nullopt;
  if (op == Op::absent) return "header " + name + " is present";
  if (op == Op::not_equals) return "header " + name + " is " + in_quotes(wanted);
  if (seen == nullptr) return "header " + name + " is missing";
  const char* verb = op == Op::equals     ? "expected "
                     : op == Op::contains ? "expected to contain "
                                          : "expected to match ";
  return "header " + name + " is " + in_quotes(*seen) + ", " + verb + in_quotes(wanted);
}

// The UTF-16 unit of the escape "\\uXXXX" at `at`.
std::optional<unsigned> escaped_unit(std::string_view json, std::size_t at) {
  constexpr std::size_t kDigits = 4;
  if (json.substr(at, 2) != "\\u" || at + 2 + kDigits > json.size()) return std::nullopt;
  unsigned unit = 0;
  const char* const end = json.data() + at + 2 + kDigits;
  const auto [stop, error] = std::from_chars(json.data() + at + 2, end, unit, 16);
  return error == std::errc() && stop == end ? std::optional(unit) : std::nullopt;
}

// Half of a pair of UTF-16, as programs leave it that cut texts by their units, made the sign for what is no character:
// browsers take such JSON, and the reader here refuses all of it.
std::string without_lone_halves(std::string json) {
  constexpr std::size_t kEscape = 6;
  const auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
  for (std::size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
    const auto unit = escaped_unit(json, at);
    if (!unit) {
      at += 2;
      continue;
    }
    const auto next = escaped_unit(json, at + kEscape);
    if (is_high(*unit) && next && is_low(*next)) {
      at += 2 * kEscape;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) json.replace(at, kEscape, "\\ufffd");
    at += kEscape;
  }
  return json;
}

// The document, or why there is none.
std::optional<std::string> read_json(std::string_view body, nlohmann::json& document) {
  document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_discarded()) return std::nullopt;
  try {
    document = nlohmann::json::parse(without_lone_halves(std::string(body)));
    return std::nullopt;
  } catch (const nlohmann::json::out_of_range&) {
    return "body is JSON with a number beyond what a double can hold";
  } catch (const nlohmann::json::exception&) {
    return "body is not JSON";
  }
}

std::optional<Failure> judge_json(const CompiledCheck& check, std::string_view body) {
  if (check.json_tests.empty()) return std::nullopt;
  if (json_depth(body) > kMaxJsonDepth) {
    return Failure{ErrorClass::condition, "body is JSON nested deeper than " + std::to_string(kMaxJsonDepth)};
  }
  nlohmann::json document;
  if (auto why = read_json(body, document)) return Failure{ErrorClass::condition, *std::move(why)};
  for (const auto& test : check.json_tests) {
    if (auto failure = test.failure(document)) return Failure{ErrorClass::condition, *std::move(failure)};
  }
  return std::nullopt;
}

std::optional<Failure> unpack(const CompiledCheck& check, Answer& answer) {
  if (answer.content_coding.empty()) return std::nullopt;
  auto body = decode_content(std::move(answer.body), answer.content_coding, check.spec.body_limit_bytes);
  if (body) {
    answer.body = *std::move(body);
    return std::nullopt;
  }
  answer.body.clear();
  if (body.error() == CodingError::too_large) {
    return Failure{ErrorClass::too_large, "body over " + std::to_string(check.spec.body_limit_bytes) + " bytes"};
  }
  const char* const what = body.error() == CodingError::truncated ? " ends in the middle" : " is malformed";
  return Failure{ErrorClass::protocol, "the body packed by " + in_quotes(answer.content_coding) + what};
}

// Whole days left, rounded down, so that "14 days" is never shown for less.
std::int64_t days_between(TimeMs from, TimeMs to) noexcept {
  const auto ms = to_ms(to) - to_ms(from);
  return ms >= 0 ? ms / kDayMs : -((-ms + kDayMs - 1) / kDayMs);
}

}  // namespace

State state_of(ErrorClass error) noexcept {
  switch (error) {
    case ErrorClass::none:
      return State::up;
    case ErrorClass::slow:
      return State::degraded;
    case ErrorClass::internal:
    case ErrorClass::own_network:
      return State::unknown;
    default:
      return State::down;
  }
}

std::optional<Failure> judge_headers(const CompiledCheck& check, const Answer& answer) {
  for (const auto& test : check.header_tests) {
    if (auto failure = header_failure(test, answer.headers)) {
      return Failure{ErrorClass::condition, *std::move(failure)};
    }
  }
  return std::nullopt;
}

std::optional<Failure> judge_received(const CompiledCheck& check, std::string_view body) {
  for (const auto& text : check.spec.body_contains) {
    if (body.find(text) == std::string_view::npos) {
      return Failure{ErrorClass::condition, "body does not contain " + in_quotes(text)};
    }
  }
  for (const auto& expression : check.body_expressions) {
    if (!RE2::PartialMatch(body, *expression)) {
      return Failure{ErrorClass::condition, "body does not match " + in_quotes(expression->pattern())};
    }
  }
  return std::nullopt;
}

std::optional<Failure> judge_http(const CompiledCheck& check, Answer& answer) {
  if (auto failure = judge_status(check, answer.status)) return failure;
  if (auto failure = judge_headers(check, answer)) return failure;
  if (!check.needs_body) return std::nullopt;
  if (auto failure = unpack(check, answer)) return failure;
  std::string converted;
  std::string_view text = answer.body;
  if (const auto charset = charset_of(answer.content_type, answer.body); !charset.empty() && charset != "utf-8") {
    converted = to_utf8(answer.body, charset);
    text = converted;
  }
  if (auto failure = judge_received(check, text)) return failure;
  for (const auto& unwanted : check.spec.body_not_contains) {
    if (text.find(unwanted) != std::string_view::npos) {
      return Failure{ErrorClass::condition, "body contains " + in_quotes(unwanted)};
    }
  }
  return judge_json(check, text);
}

std::optional<Failure> judge_certificate(const CompiledCheck& check, const CertificateWatch& shown) {
  const CheckSpec& spec = check.spec;
  const auto failure = [](std::string why) { return Failure{ErrorClass::certificate, std::move(why)}; };
  if (shown.stapled == StapledStatus::revoked) return failure("the certificate is revoked (stapled OCSP answer)");
  if (spec.ocsp_stapling && shown.stapled != StapledStatus::good) {
    return failure(shown.stapled == StapledStatus::none      ? "no OCSP answer is stapled to the certificate"
                   : shown.stapled == StapledStatus::unknown ? "the stapled OCSP answer does not know the certificate"
                                                             : "the stapled OCSP answer is not valid");
  }
  const auto& keys = check.public_keys;
  if (!keys.empty() && std::find(keys.begin(), keys.end(), shown.public_key_sha256) == keys.end()) {
    return failure("the public key is " + shown.public_key_sha256 + ", which is not an expected one");
  }
  const auto& issuers = spec.certificate_issuer;
  // In the text form of a name a comma within a value comes with a backslash, which nobody writes into a condition.
  std::string plain = shown.issuer;
  std::erase(plain, '\\');
  const bool by_one = std::any_of(issuers.begin(), issuers.end(), [&](const std::string& text) {
    return shown.issuer.find(text) != std::string::npos || plain.find(text) != std::string::npos;
  });
  if (!issuers.empty() && !by_one) {
    return failure("the certificate is issued by " + in_quotes(shown.issuer) + ", expected " + in_quotes(issuers[0]));
  }
  return std::nullopt;
}

void degrade(const CompiledCheck& check, TimeMs now, CheckOutcome& outcome) {
  const auto& spec = check.spec;
  const auto expiry = outcome.chain_expiry ? outcome.chain_expiry : outcome.certificate_expiry;
  const State beyond = spec.strict ? State::down : State::degraded;
  if (spec.certificate_days && expiry && *expiry < now + std::chrono::days(*spec.certificate_days)) {
    outcome.state = beyond;
    outcome.error = ErrorClass::certificate;
    outcome.detail = "certificate " + in_quotes(outcome.expiring_certificate) + " expires in " +
                     std::to_string(days_between(now, *expiry)) + " days, expected at least " +
                     std::to_string(*spec.certificate_days);
    return;
  }
  if (spec.latency_below && outcome.latency_us &&
      std::chrono::microseconds(*outcome.latency_us) >= *spec.latency_below) {
    outcome.state = beyond;
    outcome.error = ErrorClass::slow;
    outcome.detail = "took " + std::to_string(*outcome.latency_us / 1000) + " ms, expected below " +
                     std::to_string(spec.latency_below->count()) + " ms";
  }
}

}  // namespace nines::prober
