#include "peers/failure_text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/ascii_case.h"

namespace nines::tools {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The three digits that `text` begins with, if they can be a status code and no fourth follows.
std::uint16_t leading_code(std::string_view text) {
  constexpr std::size_t kDigits = 3;
  if (text.size() < kDigits || !std::all_of(text.begin(), text.begin() + kDigits, is_digit)) return 0;
  if (text.size() > kDigits && is_digit(text[kDigits])) return 0;
  const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return code >= 100 ? static_cast<std::uint16_t>(code) : 0;
}

// The first that is found decides, so what is special stands before what is general.
constexpr std::array<std::pair<std::string_view, ErrorClass>, 38> kWords{{
    {"status code", ErrorClass::http_status},
    {"[status]", ErrorClass::http_status},
    {"no heartbeat in the time window", ErrorClass::silence},
    {"no update received", ErrorClass::silence},
    {"econnrefused", ErrorClass::connect_refused},
    {"connection refused", ErrorClass::connect_refused},
    {"etimedout", ErrorClass::connect_timeout},
    {"i/o timeout", ErrorClass::connect_timeout},
    {"enotfound", ErrorClass::dns},
    {"eai_again", ErrorClass::dns},
    {"eservfail", ErrorClass::dns},
    {"enodata", ErrorClass::dns},
    {"erefused", ErrorClass::dns},
    {"no such host", ErrorClass::dns},
    {"server misbehaving", ErrorClass::dns},
    {"[dns_rcode]", ErrorClass::dns},
    {"too many redirects", ErrorClass::redirect},
    {"maximum number of redirects", ErrorClass::redirect},
    {"stopped after 10 redirects", ErrorClass::redirect},
    {"certificate", ErrorClass::certificate},
    {"x509", ErrorClass::certificate},
    {"handshake", ErrorClass::tls},
    {"eproto", ErrorClass::tls},
    {"ssl", ErrorClass::tls},
    {"econnreset", ErrorClass::reset},
    {"connection reset", ErrorClass::reset},
    {"socket hang up", ErrorClass::reset},
    {"ehostunreach", ErrorClass::unreachable},
    {"enetunreach", ErrorClass::unreachable},
    {"no route to host", ErrorClass::unreachable},
    {"network is unreachable", ErrorClass::unreachable},
    {"timeout", ErrorClass::timeout},
    {"timed out", ErrorClass::timeout},
    {"deadline exceeded", ErrorClass::timeout},
    {"json query does not pass", ErrorClass::condition},
    {"flip up to down", ErrorClass::condition},
    {"[body]", ErrorClass::condition},
    {"[connected]", ErrorClass::unreachable},
}};

}  // namespace

std::uint16_t status_code_in(std::string_view text) {
  constexpr std::string_view kAfter = "status code ";
  if (text.size() > 3 && text.substr(3).starts_with(" - ")) return leading_code(text);
  const auto at = text.find(kAfter);
  return at == std::string_view::npos ? std::uint16_t{0} : leading_code(text.substr(at + kAfter.size()));
}

ErrorClass error_class_in(std::string_view text) {
  // "200 - OK, but …": the answer came and was not what was asked for.
  if (text.size() > 3 && text.substr(3).starts_with(" - ") && leading_code(text) != 0) return ErrorClass::condition;
  const std::string lower = engine::to_lower(text);
  for (const auto& [words, error] : kWords) {
    if (lower.find(words) != std::string::npos) return error;
  }
  return ErrorClass::other;
}

}  // namespace nines::tools
