// The only file that sees cpp-httplib.
#include "web/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kThreads = 8;
constexpr std::size_t kLongestPath = 2048;
constexpr std::size_t kMostBody = 64U << 10U;
constexpr time_t kReadSeconds = 5;
constexpr time_t kKeepAliveSeconds = 2;

WebRequest request_of(const httplib::Request& request) {
  WebRequest out;
  out.method = request.method;
  out.path = request.path;
  for (const auto& [name, value] : request.params) out.query.emplace(name, value);
  out.body = request.body;
  out.if_none_match = request.get_header_value("If-None-Match");
  out.cross_site = request.get_header_value("Sec-Fetch-Site") == "cross-site";
  return out;
}

void send(const WebRequest& request, WebResponse response, httplib::Response& out) {
  finish_response(request, response);
  out.status = response.status;
  if (!response.etag.empty()) out.set_header("ETag", response.etag);
  out.set_header("Cache-Control", response.cache);
  out.set_header("Vary", "Accept-Encoding");
  out.set_header("X-Content-Type-Options", "nosniff");
  out.set_header("Content-Security-Policy",
                 "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
                 "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
  out.set_header("Referrer-Policy", "same-origin");
  if (response.status != 304) out.set_content(response.body, response.type);
}

// Tries a plain bind first: the library says only that it failed, not why, and by default shares a port with others.
Result<void> can_bind(const ListenAddress& address) {
  const std::string shown = fmt::format("{}:{}", printable(address.host), address.port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
      code != 0) {
    return fail(ErrorCode::io, fmt::format("cannot listen on {}: {}", shown, gai_strerror(code)));
  }
  int why = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int socket_fd = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (socket_fd < 0) continue;
    const int yes = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // Only listening tells: with SO_REUSEADDR two sockets may be bound to one port, not listening.
    const bool free = bind(socket_fd, each->ai_addr, each->ai_addrlen) == 0 && listen(socket_fd, 1) == 0;
    why = free ? 0 : errno;
    close(socket_fd);
    if (!free) break;
  }
  freeaddrinfo(found);
  if (why == 0) return {};
  return fail(ErrorCode::io,
              why == EADDRINUSE
                  ? fmt::format("cannot listen on {}: another program uses this port; choose another with "
                                "web.listen or --listen",
                                shown)
                  : fmt::format("cannot listen on {}: {}", shown, std::strerror(why)));
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(Handler handler) : handler_(std::move(handler)) {
    // All requests but POST are answered before the library's own routing, which matches by regular expressions.
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (request.path.size() > kLongestPath) {
        send({}, error_response(414, "invalid_argument", "the path is too long"), response);
        return httplib::Server::HandlerResponse::Handled;
      }
      if (request.method == "POST") return httplib::Server::HandlerResponse::Unhandled;
      answer(request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Post("/.*",
                 [this](const httplib::Request& request, httplib::Response& response) { answer(request, response); });
    server_.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      send({}, error_response(500, "internal", "the request could not be answered"), response);
    });
    server_.set_socket_options([](socket_t socket_fd) {
      const int yes = 1;
      setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_payload_max_length(kMostBody);
    server_.set_read_timeout(kReadSeconds);
    server_.set_write_timeout(kReadSeconds);
    server_.set_keep_alive_timeout(kKeepAliveSeconds);
    server_.set_tcp_nodelay(true);
  }
  ~Impl() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start(const ListenAddress& address) {
    if (auto free = can_bind(address); !free) return free;
    port_ = address.port;
    const bool bound = address.port == 0 ? (port_ = server_.bind_to_any_port(address.host)) > 0
                                         : server_.bind_to_port(address.host, address.port);
    if (!bound) {
      return fail(ErrorCode::io, fmt::format("cannot listen on {}:{}", printable(address.host), address.port));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() before the loop runs would be lost.
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return {};
  }
  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    const WebRequest ours = request_of(request);
    send(ours, handler_(ours), response);
  }

  Handler handler_;
  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ListenAddress& address, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(handler));
  if (auto started = impl->start(address); !started) return tl::unexpected(started.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const noexcept {
  return impl_->port();
}

Result<HttpReply> http_post(const std::string& base, const std::string& path, const std::string& body) {
  constexpr time_t kSeconds = 10;
  httplib::Client client(base);
  if (!client.is_valid()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("`{}` is not a URL like http://127.0.0.1:8080", printable(base)));
  }
  client.set_connection_timeout(kSeconds);
  client.set_read_timeout(kSeconds);
  const auto reply = client.Post(path, body, "text/plain");
  if (!reply) {
    return fail(ErrorCode::io,
                fmt::format("{} does not answer: {}", printable(base), httplib::to_string(reply.error())));
  }
  return HttpReply{reply->status, reply->body};
}

}  // namespace nines::tools
