#include "http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii_case.h"
#include "http/http_server.h"
#include "http/target.h"

namespace nines::tools {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kAllow = "GET, HEAD, POST, OPTIONS";

std::string text_of(boost::string_view view) {
  return {view.data(), view.size()};
}

// A header that may come several times, as one list in their order (RFC 9110 5.3): some proxies add a line of their own
// behind what the client sent.
std::string list_of(const http::request_header<>& message, const char* name) {
  std::string list;
  const auto [first, last] = message.equal_range(name);
  for (auto line = first; line != last; ++line) {
    if (line != first) list += ", ";
    list += text_of(line->value());
  }
  return list;
}

}  // namespace

std::optional<WebResponse> read_request_head(const http::request_header<>& message, WebRequest& request) {
  const auto bad = [](const char* why) { return error_response(400, "invalid_argument", why); };
  if (message.version() != 10 && message.version() != 11)
    return error_response(505, "invalid_argument", "only HTTP/1.0 and HTTP/1.1 are spoken");
  if (std::distance(message.begin(), message.end()) > static_cast<std::ptrdiff_t>(kMostHeaders))
    return error_response(431, "invalid_argument", fmt::format("a request may have {} headers", kMostHeaders));
  if (message.target().size() > kLongestTarget)
    return error_response(414, "invalid_argument", "the path and its parameters are too long");
  request.method = text_of(message.method_string());
  // RFC 9112 3.2: one Host in HTTP/1.1, whatever the target says.
  const auto [first, last] = message.equal_range(http::field::host);
  const auto hosts = std::distance(first, last);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return bad("there must be exactly one Host header");
  if (hosts == 1) request.host = text_of(first->value());
  if (request.host.find_first_of(" \t/\\@?#,") != std::string::npos) return bad("the Host header is malformed");
  // RFC 9112 6.1 and 6.3: what two readers could frame differently is refused.
  const auto coding = message.find(http::field::transfer_encoding);
  if (coding != message.end() &&
      (!engine::equal_ignoring_case({coding->value().data(), coding->value().size()}, "chunked") ||
       message.version() == 10))
    return bad("the only Transfer-Encoding is chunked, in HTTP/1.1");
  if (const auto content = message.find(http::field::content_encoding);
      content != message.end() &&
      !engine::equal_ignoring_case({content->value().data(), content->value().size()}, "identity"))
    return error_response(415, "invalid_argument", "bodies are taken as they are, not compressed");
  if (request.method != "GET" && request.method != "HEAD" && request.method != "POST" && request.method != "OPTIONS") {
    WebResponse response = error_response(405, "invalid_argument", "only GET, HEAD, POST and OPTIONS are answered");
    response.headers.emplace_back("Allow", kAllow);
    return response;
  }
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return error_response(target.error());
  if (target->path.size() > kLongestPath) return error_response(414, "invalid_argument", "the path is too long");
  if (!target->authority.empty()) request.host = std::move(target->authority);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  const auto field = [&](auto name) { return text_of(message[name]); };
  if (const auto origin = message.find(http::field::origin); origin != message.end())
    request.origin = text_of(origin->value());
  request.fetch_site = field("Sec-Fetch-Site");
  request.authorization = field(http::field::authorization);
  request.cookie = field(http::field::cookie);
  request.content_type = field(http::field::content_type);
  request.if_none_match = field(http::field::if_none_match);
  request.accept_encoding = field(http::field::accept_encoding);
  request.forwarded_for = list_of(message, "X-Forwarded-For");
  request.forwarded_proto = list_of(message, "X-Forwarded-Proto");
  return std::nullopt;
}

}  // namespace nines::tools
