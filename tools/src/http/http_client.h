// The client side of `nines push`.
#pragma once

#include <nines/result.h>

#include <string>

namespace nines::tools {

/// What a client of ours got: the status and the body.
struct HttpReply {
  int status = 0;
  std::string body;
};
/// POSTs `body` as text to `path` of `base` ("http://127.0.0.1:8080"). `io` when there is no answer in 10 s.
[[nodiscard]] Result<HttpReply> http_post(const std::string& base, const std::string& path, const std::string& body);

}  // namespace nines::tools
