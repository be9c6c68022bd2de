#include "http/response_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

namespace nines::tools {
namespace {

struct Reason {
  int status;
  const char* phrase;
};
constexpr std::array kReasons{Reason{200, "OK"},
                              Reason{303, "See Other"},
                              Reason{304, "Not Modified"},
                              Reason{400, "Bad Request"},
                              Reason{401, "Unauthorized"},
                              Reason{403, "Forbidden"},
                              Reason{404, "Not Found"},
                              Reason{405, "Method Not Allowed"},
                              Reason{408, "Request Timeout"},
                              Reason{409, "Conflict"},
                              Reason{413, "Content Too Large"},
                              Reason{414, "URI Too Long"},
                              Reason{415, "Unsupported Media Type"},
                              Reason{417, "Expectation Failed"},
                              Reason{421, "Misdirected Request"},
                              Reason{429, "Too Many Requests"},
                              Reason{431, "Request Header Fields Too Large"},
                              Reason{500, "Internal Server Error"},
                              Reason{503, "Service Unavailable"},
                              Reason{505, "HTTP Version Not Supported"}};

const char* reason_of(int status) {
  const auto* const found =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& each) { return each.status == status; });
  return found == kReasons.end() ? "Unknown" : found->phrase;
}

}  // namespace

std::string response_head(const WebResponse& response, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", response.status,
                                 reason_of(response.status), fmt::gmtime(std::time(nullptr)));
  const auto add = [&](std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    // What came from outside is checked where it came in; here a line break would start a header of its own.
    for (const char c : value) {
      if (c != '\r' && c != '\n') head += c;
    }
    head += "\r\n";
  };
  if (response.status != 304) {
    add("Content-Type", response.type);
    if (!response.events) add("Content-Length", fmt::to_string(response.body.size()));
  }
  if (!response.encoding.empty()) add("Content-Encoding", response.encoding);
  if (!response.etag.empty()) add("ETag", response.etag);
  add("Cache-Control", response.cache);
  add("Vary", "Accept-Encoding, Cookie, Origin");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "same-origin");
  add("Cross-Origin-Opener-Policy", "same-origin");
  const auto given = [&](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  if (!given("Cross-Origin-Resource-Policy")) add("Cross-Origin-Resource-Policy", "same-origin");
  if (!given("Content-Security-Policy")) {
    add("Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  }
  for (const auto& [name, value] : response.headers) add(name, value);
  add("Connection", keep_alive ? "keep-alive" : "close");
  return head + "\r\n";
}

}  // namespace nines::tools
