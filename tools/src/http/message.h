// Requests and answers of the web page, apart from the HTTP library that carries them.
#pragma once

#include <nines/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "show/output.h"

namespace nines::tools {

/// What a client may do: look, report for jobs, everything. `none` sees only what needs no permission.
enum class Role : std::uint8_t { none, view, push, admin };

struct WebRequest {
  std::string method;  ///< GET, HEAD, POST, OPTIONS
  std::string path;    ///< decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  std::string host;  ///< the Host header, or the authority of an absolute target
  std::optional<std::string> origin;
  std::string fetch_site;  ///< Sec-Fetch-Site
  std::string authorization;
  std::string cookie;
  std::string content_type;
  std::string if_none_match;
  std::string accept_encoding;
  std::string forwarded_for;    ///< X-Forwarded-For; believed from trusted proxies only
  std::string forwarded_proto;  ///< X-Forwarded-Proto; likewise
  std::string client;           ///< the other end's address; empty on a Unix socket
  std::string local;            ///< this end's address; empty on a Unix socket
  bool secure = false;          ///< it came by TLS, here or, says a trusted proxy, there
  Role role = Role::admin;      ///< set by Access
  std::string user;             ///< likewise: the name of the user or the token, if there is one

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
  std::string encoding;            ///< Content-Encoding of `body`; set by compress()
  std::vector<std::pair<std::string, std::string>> headers;  ///< further ones, e.g. Allow
  bool events = false;  ///< the connection stays open and gets what HttpServer::publish() says, after `body`
};

[[nodiscard]] WebResponse json_response(const Json& json, int status = 200);
[[nodiscard]] WebResponse html_response(std::string html, int status = 200);
[[nodiscard]] WebResponse text_response(std::string text, int status = 200);
/// {"error":{"code":...,"message":...}}
[[nodiscard]] WebResponse error_response(int status, std::string_view code, const std::string& message);
/// The same with the status that the code has everywhere.
[[nodiscard]] WebResponse error_response(const Error& error);
/// The one way from an error to an HTTP status: 4xx is the client's fault, 503 passes, 500 does not.
[[nodiscard]] int http_status(ErrorCode code) noexcept;

/// Gives a successful answer its ETag, and turns it into a 304 when the client has it already.
void finish_response(const WebRequest& request, WebResponse& response);

/// Whether a list like If-None-Match holds `etag` by the weak comparison of RFC 9110 8.8.3.2; "*" holds every one.
[[nodiscard]] bool matches_etag(std::string_view list, std::string_view etag);

/// The coding that a client gets by its Accept-Encoding: "br" where it is taken, else "gzip", else none.
[[nodiscard]] std::string_view chosen_coding(std::string_view accept_encoding);

/// Compresses the body by chosen_coding() where it is worth it, at a level that costs less time than the bytes that it
/// saves.
void compress(std::string_view accept_encoding, WebResponse& response);

}  // namespace nines::tools
