#include "web/message.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace nines::tools {

WebResponse json_response(const Json& json, int status) {
  return {.status = status, .type = "application/json", .body = dump(json) + "\n", .etag = {}};
}
WebResponse html_response(std::string html, int status) {
  return {.status = status, .type = "text/html; charset=utf-8", .body = std::move(html), .etag = {}};
}
WebResponse text_response(std::string text, int status) {
  return {.status = status, .type = "text/plain; charset=utf-8", .body = std::move(text), .etag = {}};
}
WebResponse error_response(int status, std::string_view code, const std::string& message) {
  return json_response({{"error", {{"code", std::string(code)}, {"message", message}}}}, status);
}

void finish_response(const WebRequest& request, WebResponse& response) {
  if (response.status != 200 || request.method == "POST") return;
  // FNV-1a, 64 bit (Fowler, Noll, Vo): a change detector, not a secret. Weak, because compression comes after it.
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : response.body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  response.etag = fmt::format("W/\"{:016x}\"", hash);
  if (request.if_none_match.find(response.etag) != std::string::npos) {
    response.status = 304;
    response.body.clear();
  }
}

}  // namespace nines::tools
