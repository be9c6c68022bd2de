#include "checks/curl_info.h"

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

}  // namespace nines::prober
