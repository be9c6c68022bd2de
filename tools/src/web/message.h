// Requests and answers of the web page, apart from the HTTP library that carries them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "show/output.h"

namespace nines::tools {

struct WebRequest {
  std::string method;  ///< GET, HEAD, POST
  std::string path;    ///< decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  std::string if_none_match;
  bool cross_site = false;  ///< a page of another site made the browser send it

  [[nodiscard]] std::optional<std::string> parameter(const char* name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::nullopt : std::optional(found->second);
  }
};

struct WebResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::string etag;                ///< set by finish_response
  std::string cache = "no-cache";  ///< Cache-Control: always ask again, 304 when nothing changed
};

[[nodiscard]] WebResponse json_response(const Json& json, int status = 200);
[[nodiscard]] WebResponse html_response(std::string html, int status = 200);
[[nodiscard]] WebResponse text_response(std::string text, int status = 200);
/// {"error":{"code":...,"message":...}}
[[nodiscard]] WebResponse error_response(int status, std::string_view code, const std::string& message);

/// Gives a successful answer its ETag, and turns it into a 304 when the client has it already.
void finish_response(const WebRequest& request, WebResponse& response);

}  // namespace nines::tools
