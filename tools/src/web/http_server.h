// The HTTP server that carries the page: a few threads around a function from request to answer.
//
// Owns its socket and its threads; the handler is called from several of them at once and must not throw. Requests are
// bounded in size and time, so that a slow or hostile client costs one thread for some seconds.
#pragma once

#include <nines/result.h>

#include <functional>
#include <memory>

#include "show/listen_address.h"
#include "web/message.h"

namespace nines::tools {

class HttpServer {
 public:
  using Handler = std::function<WebResponse(const WebRequest&)>;

  /// Binds and begins to listen. `io` with a sentence when the address is taken or not this machine's.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const ListenAddress& address, Handler handler);
  /// Stops and joins; requests under way are finished.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port it listens on; the chosen one when 0 was asked for.
  [[nodiscard]] int port() const noexcept;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a client of ours got: the status and the body.
struct HttpReply {
  int status = 0;
  std::string body;
};
/// POSTs `body` as text to `path` of `base` ("http://127.0.0.1:8080"). `io` when there is no answer in 10 s.
[[nodiscard]] Result<HttpReply> http_post(const std::string& base, const std::string& path, const std::string& body);

}  // namespace nines::tools
