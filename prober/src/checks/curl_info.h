// What libcurl says about a transfer, in this room's types.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <string>

namespace nines::prober {

/// One of the CURLINFO_*_TIME_T; 0 when it has not come to that.
[[nodiscard]] std::chrono::microseconds time_info(CURL* easy, CURLINFO which);
[[nodiscard]] long number_info(CURL* easy, CURLINFO which);
[[nodiscard]] std::string text_info(CURL* easy, CURLINFO which);

/// "1.1" for CURL_HTTP_VERSION_1_1; empty for none.
[[nodiscard]] const char* http_version_name(long version) noexcept;

}  // namespace nines::prober
