// libcurl's parser of URLs. Pure functions; any thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

namespace nines::prober {

struct CurlUrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

/// A part of a URL that was set; nothing where the URL has none.
[[nodiscard]] inline std::optional<std::string> url_part(const CurlUrl& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK || text == nullptr) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace nines::prober
