#include "checks/answer_reader.h"

#include <algorithm>

#include "base/text.h"
#include "checks/curl_info.h"
#include "protocols/websocket.h"
#include "spec/check_kind.h"

namespace nines::prober {
namespace {

// One response's headers kept for conditions; more fields than that are nobody's to look at.
constexpr std::size_t kMaxHeaderFields = 1000;
// RFC 9110, section 15: smaller codes are interim.
constexpr long kFirstFinalStatus = 200;

bool is_redirect(long status) noexcept {
  return status == 300 || status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

void AnswerReader::begin(CURL* easy, CheckKind kind) {
  easy_ = easy;
  kind_ = kind;
  answer_ = Answer{};
  location_.clear();
  headers_over_ = false;
  header_bytes_ = 0;
  body_bytes_ = 0;
  stop_ = Stop::none;
}

bool AnswerReader::take_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > check_.spec.header_limit_bytes) {
    stop_ = Stop::header_limit;
    return false;
  }
  if (header_bytes_ == line.size() && !greets(traits(kind_).greeting, line)) {
    stop_ = Stop::greeting;
    return false;
  }
  if (line.starts_with("HTTP/")) {  // an interim response may have come before
    answer_.headers.clear();
    answer_.content_coding.clear();
    answer_.content_type.clear();
    location_.clear();
    headers_over_ = false;
  }
  if (line == "\r\n" || line == "\n") headers_over_ = true;
  if (is_enough()) {
    stop_ = Stop::enough;
    return false;
  }
  keep(line);
  return true;
}

// Whether the check needs nothing more: the headers of an upgrade are over, or those of an answer whose body is not to
// be read. A redirect's body is nobody's to judge, and is read only where that keeps the connection.
bool AnswerReader::is_enough() const {
  if (!headers_over_) return false;
  const long status = number_info(easy_, CURLINFO_RESPONSE_CODE);
  if (traits(kind_).has(feature::kUpgrade)) return status == kSwitchingProtocols;
  if (!check_.spec.read_body) return status >= kFirstFinalStatus;
  curl_off_t length = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return wants_redirect(status) && !(check_.spec.keep_alive && length >= 0);
}

void AnswerReader::keep(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (location_.empty() && equal_ignoring_case(name, "Location")) location_ = value;
  if (check_.needs_body && equal_ignoring_case(name, "Content-Encoding")) {
    answer_.content_coding.append(answer_.content_coding.empty() ? "" : ",").append(value);
  }
  if (check_.needs_body && equal_ignoring_case(name, "Content-Type")) answer_.content_type = value;
  if (!check_.needs_headers && !traits(kind_).has(feature::kUpgrade)) return;
  if (answer_.headers.size() < kMaxHeaderFields) answer_.headers.emplace_back(name, value);
}

bool AnswerReader::take_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > check_.spec.body_limit_bytes) {
    stop_ = Stop::body_limit;
    return false;
  }
  if (check_.needs_body) answer_.body += bytes;
  return true;
}

bool AnswerReader::wants_redirect(long status) const {
  if (!traits(kind_).has(feature::kRequest) || !check_.spec.follow_redirects) return false;
  if (!is_redirect(status) || location_.empty()) return false;
  // A check that expects this very redirect has its answer.
  return std::none_of(check_.status.begin(), check_.status.end(),
                      [status](const StatusRange& range) { return range.first <= status && status <= range.last; });
}

std::optional<Failure> AnswerReader::refusal() const {
  switch (stop_) {
    case Stop::header_limit:
      return Failure{ErrorClass::too_large,
                     "headers over " + std::to_string(check_.spec.header_limit_bytes) + " bytes"};
    case Stop::body_limit:
      return Failure{ErrorClass::too_large, "body over " + std::to_string(check_.spec.body_limit_bytes) + " bytes"};
    case Stop::greeting:
      return Failure{ErrorClass::protocol, "the greeting is not " + std::string(to_string(kind_))};
    case Stop::none:
    case Stop::enough:
      break;
  }
  return std::nullopt;
}

}  // namespace nines::prober
