// The only file that sees cpp-httplib.
#include "http/http_client.h"

#include <fmt/format.h>
#include <httplib.h>

#include "show/text.h"

namespace nines::tools {

Result<HttpReply> http_post(const std::string& base, const std::string& path, const std::string& body) {
  constexpr time_t kSeconds = 10;
  // The library throws for other schemes.
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("`{}` is not a URL like http://127.0.0.1:8080", printable(base)));
  }
  httplib::Client client(base);
  if (!client.is_valid()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("`{}` is not a URL like http://127.0.0.1:8080", printable(base)));
  }
  client.set_connection_timeout(kSeconds);
  client.set_read_timeout(kSeconds);
  const auto reply = client.Post(path, body, "text/plain");
  if (!reply) {
    const bool refused = reply.error() == httplib::Error::Connection;
    return fail(ErrorCode::io, fmt::format("{} does not answer: {}", printable(base),
                                           refused ? "nobody listens there; is `nines run` running?"
                                                   : httplib::to_string(reply.error())));
  }
  return HttpReply{reply->status, reply->body};
}

}  // namespace nines::tools
