#include "checks/curl_info.h"

#include <algorithm>

namespace nines::prober {

std::chrono::microseconds time_info(CURL* easy, CURLINFO which) {
  curl_off_t us = 0;
  curl_easy_getinfo(easy, which, &us);
  return std::chrono::microseconds(us);
}

long number_info(CURL* easy, CURLINFO which) {
  long value = 0;
  curl_easy_getinfo(easy, which, &value);
  return value;
}

std::string text_info(CURL* easy, CURLINFO which) {
  const char* text = nullptr;
  curl_easy_getinfo(easy, which, &text);
  return text != nullptr ? text : "";
}

const char* http_version_name(long version) noexcept {
  switch (version) {
    case CURL_HTTP_VERSION_1_0:
      return "1.0";
    case CURL_HTTP_VERSION_1_1:
      return "1.1";
    case CURL_HTTP_VERSION_2_0:
      return "2";
    case CURL_HTTP_VERSION_3:
      return "3";
    default:
      return "";
  }
}

bool greets(CheckKind kind, std::string_view line) noexcept {
  switch (kind) {
    case CheckKind::smtp:
    case CheckKind::smtps:
    case CheckKind::ftp:
    case CheckKind::ftps:
      return line.size() > 3 &&
             std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; });
    case CheckKind::imap:
    case CheckKind::imaps:
      return line.starts_with("* ");
    case CheckKind::pop3:
    case CheckKind::pop3s:
      return line.starts_with("+OK") || line.starts_with("-ERR");
    default:
      return true;
  }
}

}  // namespace nines::prober
