// This file, channel, connection, connection_table, listener, request_head and tls_context are the ones that see
// Boost.Beast and Asio.
//
// All of a connection's state belongs to one thread, the loop's. A request goes to a work queue as a value and its
// answer comes back by a post to the loop.
#include "http/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cassert>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "base/ascii_case.h"
#include "http/connection.h"
#include "http/connection_table.h"
#include "http/listener.h"
#include "http/request_head.h"
#include "http/response_head.h"
#include "http/work_queue.h"

namespace nines::tools {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = Connection::Clock;
using Socket = Connection::Socket;
using Phase = Connection::Phase;

constexpr std::size_t kUsualThreads = 3;
constexpr std::size_t kUrgentThreads = 2;
// How often deadlines are looked at: the precision of all of them.
constexpr std::chrono::milliseconds kSweep{100};
// After an error the client gets this long to read the answer before the connection is cut.
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::seconds kStopTimeout{3};
constexpr std::chrono::seconds kEventPace{1};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Handler handler, HttpOptions options)
      : handler_(std::move(handler)),
        options_(std::move(options)),
        usual_(kUsualThreads, options_.limits.waiting_requests),
        urgent_(kUrgentThreads, options_.limits.waiting_requests) {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
      // The rest of the descriptors is for the checks and the store.
      options_.limits.connections =
          std::min<std::size_t>(options_.limits.connections, std::max<rlim_t>(files.rlim_cur / 4, 8));
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start(const ListenAddress& address) {
    if (options_.tls) {
      auto tls = load_tls(*options_.tls);
      if (!tls) return tl::unexpected(tls.error());
      tls_ = *std::move(tls);
    }
    if (auto bound = listener_.bind(address); !bound) return bound;
    asio::post(loop_, [this] {
      accept();
      sweep();
    });
    thread_ = std::thread([this] { loop_.run(); });
    return {};
  }

  void stop() {
    std::promise<void> closed;
    asio::post(loop_, [&] {
      stopping_ = true;
      listener_.close();
      closed.set_value();
    });
    closed.get_future().wait();
    usual_.stop();
    urgent_.stop();
    // Answers of the last jobs are on their way to the loop; what is not written soon is cut.
    const auto end = Clock::now() + kStopTimeout;
    while (Clock::now() < end) {
      std::promise<bool> busy;
      asio::post(loop_, [&] { busy.set_value(any_answering()); });
      if (!busy.get_future().get()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    loop_.stop();
    thread_.join();
    connections_.clear();
  }

  Result<void> renew_tls(const TlsFiles& files) {
    auto tls = load_tls(files);
    if (!tls) return tl::unexpected(tls.error());
    asio::post(loop_, [this, tls = *std::move(tls)] { tls_ = tls; });
    return {};
  }

  void publish(std::string event) {
    auto shared = std::make_shared<const std::string>(std::move(event));
    asio::post(loop_, [this, shared] {
      for (const auto& connection : connections_) send_event(*connection, shared);
    });
  }

  [[nodiscard]] bool is_secure() const noexcept { return options_.tls.has_value(); }
  [[nodiscard]] int port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::size_t listeners() const noexcept { return connections_.streams(); }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

 private:
  // --- connections

  void accept() {
    listener_.accept([this](const error_code& error, Socket socket, std::string client, std::string local) {
      if (!error) {
        if (const auto connection = connections_.admit(std::move(socket), tls_, std::move(client), std::move(local)))
          begin(connection);
      }
      accept_again(error);
    });
  }
  void accept_again(const error_code& error) {
    if (stopping_) return;
    if (!error || error == asio::error::connection_aborted) return accept();
    // Out of descriptors or memory: who waits longest makes room, and the next try is a moment later.
    connections_.make_room({});
    retry_.expires_after(kSweep);
    retry_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  }
  void sweep() {
    const auto now = Clock::now();
    std::vector<ConnectionPtr> late;
    for (const ConnectionPtr& each : connections_) {
      if (each->deadline <= now) late.push_back(each);
    }
    for (const ConnectionPtr& each : late) {
      if (each->phase == Phase::streaming) {
        each->enter(Phase::streaming, options_.limits.heartbeat);
        static const auto kComment = std::make_shared<const std::string>(": still here\n\n");
        if (!each->event) send_event(*each, kComment);
      } else if (each->phase == Phase::reading) {
        refuse(each, error_response(408, "unavailable", "the request took too long to arrive"));
      } else {
        connections_.close(each);
      }
    }
    ask_for_events(now);
    timer_.expires_after(kSweep);
    timer_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) sweep();
    });
  }

  [[nodiscard]] bool any_answering() const {
    return std::any_of(connections_.begin(), connections_.end(), [](const ConnectionPtr& each) {
      return each->phase == Phase::answering || each->phase == Phase::writing;
    });
  }

  // --- reading

  void begin(const ConnectionPtr& connection) {
    if (!connection->channel.is_secure()) return read(connection);
    connection->enter(Phase::idle, options_.limits.head);
    connection->channel.async_handshake([this, connection](const error_code& error) {
      if (!connection->open) return;
      if (error) return connections_.close(connection);
      read(connection);
    });
  }

  void read(const ConnectionPtr& connection) {
    if (stopping_) return connections_.close(connection);
    if (connection->buffer.size() > 0) return read_head(connection);  // pipelined
    connection->enter(Phase::idle, options_.limits.idle);
    // What TLS holds back is not seen by waiting for the socket.
    if (connection->channel.is_secure()) {
      connection->channel.async_read_some(connection->buffer.prepare(Connection::kReadBlock),
                                          [this, connection](const error_code& error, std::size_t bytes) {
                                            if (!connection->open) return;
                                            if (error) return connections_.close(connection);
                                            connection->buffer.commit(bytes);
                                            read_head(connection);
                                          });
      return;
    }
    connection->channel.socket().async_wait(Socket::wait_read, [this, connection](const error_code& error) {
      if (!connection->open) return;
      if (error) return connections_.close(connection);
      read_head(connection);
    });
  }

  void read_head(const ConnectionPtr& connection) {
    connection->enter(Phase::reading, options_.limits.head);
    connection->request = {};
    connection->parser.emplace();
    connection->parser->header_limit(kMostHeadBytes);
    connection->parser->body_limit(kMostCutBodyBytes);  // the path, which may say less, comes with the head
    http::async_read_header(connection->channel, connection->buffer, *connection->parser,
                            [this, connection](const error_code& error, std::size_t) {
                              if (!connection->open || connection->phase != Phase::reading) return;
                              if (error) return failed_read(connection, error);
                              took_head(connection);
                            });
  }

  void failed_read(const ConnectionPtr& connection, const error_code& error) {
    if (error == http::error::end_of_stream || error.category() != http::make_error_code(http::error{}).category())
      return connections_.close(connection);
    if (error == http::error::body_limit) {
      // Beyond every limit it is noticed with the head, before that was taken.
      if (connection->request.path.empty()) (void)take_head(*connection);
      return refuse(connection, error_response(413, "invalid_argument",
                                               fmt::format("a body may have {} bytes", most_bytes(*connection))));
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      // The target is known once the request line has been read.
      if (connection->parser->get().target().empty())
        return refuse(connection, error_response(414, "invalid_argument", "the request line is too long"));
      return refuse(connection, error_response(431, "invalid_argument", "the headers are too large"));
    }
    refuse(connection, error_response(400, "invalid_argument", "this is not an HTTP request"));
  }

  [[nodiscard]] std::size_t most_bytes(const Connection& connection) const {
    return options_.cuts_body && options_.cuts_body(connection.request) ? kMostCutBodyBytes : kMostBodyBytes;
  }

  // Fills the request from its head; an answer when the head is refused.
  static std::optional<WebResponse> take_head(Connection& connection) {
    const auto& message = connection.parser->get();
    connection.keep_alive = message.keep_alive();
    connection.request = {};
    connection.request.client = connection.client;
    connection.request.local = connection.local;
    connection.request.secure = connection.channel.is_secure();
    return read_request_head(message, connection.request);
  }

  void took_head(const ConnectionPtr& connection) {
    if (auto refused = take_head(*connection)) return refuse(connection, std::move(*refused));
    auto& parser = *connection->parser;
    if (parser.is_done()) return dispatch(connection);
    const std::size_t most = most_bytes(*connection);
    parser.body_limit(most);
    if (const auto length = parser.content_length(); length && *length > most)
      return failed_read(connection, http::error::body_limit);
    if (connection->request.method == "POST" && options_.takes_body && !options_.takes_body(connection->request))
      return refuse(connection, error_response(404, "not_found", "there is nothing to POST to at this path"));
    const auto expect = parser.get().find(http::field::expect);
    if (expect == parser.get().end()) return read_body(connection);
    if (!engine::equal_ignoring_case({expect->value().data(), expect->value().size()}, "100-continue"))
      return refuse(connection, error_response(417, "invalid_argument", "the only expectation known is 100-continue"));
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    connection->enter(Phase::reading, options_.limits.body);
    asio::async_write(connection->channel, asio::buffer(kContinue.data(), kContinue.size()),
                      [this, connection](const error_code& error, std::size_t) {
                        if (!connection->open || connection->phase != Phase::reading) return;
                        if (error) return connections_.close(connection);
                        read_body(connection);
                      });
  }

  void read_body(const ConnectionPtr& connection) {
    connection->enter(Phase::reading, options_.limits.body);
    http::async_read(connection->channel, connection->buffer, *connection->parser,
                     [this, connection](const error_code& error, std::size_t) {
                       if (!connection->open || connection->phase != Phase::reading) return;
                       if (error) return failed_read(connection, error);
                       connection->request.body = std::move(connection->parser->get().body());
                       dispatch(connection);
                     });
  }

  // --- answering

  void dispatch(const ConnectionPtr& connection) {
    connection->enter(Phase::answering, Clock::duration::max());
    const Lane lane = options_.lane ? options_.lane(connection->request) : Lane::usual;
    if (lane == Lane::at_once) return write(connection, answer(connection->request));
    WorkQueue& queue = lane == Lane::urgent ? urgent_ : usual_;
    const bool taken = queue.submit([this, connection, request = connection->request] {
      auto response = std::make_shared<WebResponse>(answer(request));
      asio::post(loop_, [this, connection, response] { write(connection, std::move(*response)); });
    });
    if (taken) return;
    WebResponse busy = error_response(503, "unavailable", "too many requests are waiting; try again");
    busy.headers.emplace_back("Retry-After", "1");
    write(connection, std::move(busy));
  }

  WebResponse answer(const WebRequest& request) noexcept {
    try {
      WebResponse response = handler_(request);
      finish_response(request, response);
      compress(request.accept_encoding, response);
      return response;
    } catch (const std::bad_alloc&) {
      return error_response(503, "unavailable", "out of memory");
    } catch (const std::exception&) {
      return error_response(500, "internal", "the request could not be answered");
    }
  }

  // Answers without having understood where the request ends: the connection cannot go on.
  void refuse(const ConnectionPtr& connection, WebResponse response) {
    connection->keep_alive = false;
    write(connection, std::move(response));
  }

  void write(const ConnectionPtr& connection, WebResponse response) {
    if (!connection->open) return;
    if (stopping_) connection->keep_alive = false;
    const bool stream = response.events && connection->request.method != "HEAD";
    if (stream && connections_.streams() >= options_.limits.event_streams) {
      response = error_response(503, "unavailable", "too many event streams are open");
      return write(connection, std::move(response));
    }
    if (stream) connection->keep_alive = false;  // it has no length: it ends with the connection
    connection->enter(Phase::writing, options_.limits.answer);
    connection->head = response_head(response, connection->keep_alive);
    connection->body = connection->request.method == "HEAD" ? std::string() : std::move(response.body);
    connections_.begin_sending(connection);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(connection->head), asio::buffer(connection->body)};
    asio::async_write(connection->channel, parts, [this, connection, stream](const error_code& error, std::size_t) {
      if (!connection->open) return;
      connections_.end_sending(*connection);
      if (error) return connections_.close(connection);
      if (stream) return begin_stream(connection);
      if (connection->keep_alive) return read(connection);
      linger(connection);
    });
  }

  // Closing at once with unread bytes would send a reset, which can overtake the answer (RFC 9112 9.6).
  void linger(const ConnectionPtr& connection) {
    if (connection->channel.is_secure()) {
      connection->enter(Phase::lingering, kLinger);
      connection->channel.async_shutdown(
          [this, connection](const error_code& /*either way*/) { connections_.close(connection); });
      return;
    }
    error_code error;
    connection->channel.socket().shutdown(Socket::shutdown_send, error);
    if (error) return connections_.close(connection);
    connection->enter(Phase::lingering, kLinger);
    throw_away(connection);
  }
  void throw_away(const ConnectionPtr& connection) {
    connection->channel.async_read_some(asio::buffer(connection->thrown_away),
                                        [this, connection](const error_code& error, std::size_t) {
                                          if (!connection->open) return;
                                          if (error) return connections_.close(connection);
                                          throw_away(connection);
                                        });
  }

  // --- events

  void begin_stream(const ConnectionPtr& connection) {
    connections_.begin_stream(*connection);
    // Nothing more is expected from it; a read tells when it is gone.
    watch_stream(connection);
  }
  void watch_stream(const ConnectionPtr& connection) {
    connection->channel.async_read_some(asio::buffer(connection->thrown_away),
                                        [this, connection](const error_code& error, std::size_t) {
                                          if (!connection->open) return;
                                          if (error) return connections_.close(connection);
                                          watch_stream(connection);
                                        });
  }
  void send_event(Connection& connection, const std::shared_ptr<const std::string>& event) {
    if (connection.phase != Phase::streaming || !connection.open) return;
    if (connection.event) {
      connection.pending = event;
      return;
    }
    connection.event = event;
    const auto self = connections_.shared(connection);
    asio::async_write(connection.channel, asio::buffer(*event), [this, self](const error_code& error, std::size_t) {
      if (!self->open) return;
      if (error) return connections_.close(self);
      self->event.reset();
      if (const auto next = std::exchange(self->pending, nullptr)) send_event(*self, next);
    });
  }

  void ask_for_events(Clock::time_point now) {
    if (!options_.events || connections_.streams() == 0 || asking_ || now - asked_ < kEventPace) return;
    asked_ = now;
    asking_ = urgent_.submit([this] {
      std::optional<std::string> event;
      try {
        event = options_.events();
      } catch (const std::exception&) {
        event.reset();  // the next second tries again
      }
      if (event) publish(std::move(*event));
      asio::post(loop_, [this] { asking_ = false; });
    });
  }

  Handler handler_;
  HttpOptions options_;
  asio::io_context loop_{1};
  Listener listener_{loop_};
  asio::steady_timer timer_{loop_};
  asio::steady_timer retry_{loop_};
  std::thread thread_;

  // The loop's.
  ConnectionTable connections_{options_.limits};
  std::shared_ptr<Channel::TlsContext> tls_;  // none: plain HTTP
  bool stopping_ = false;
  bool asking_ = false;
  Clock::time_point asked_;

  WorkQueue usual_;
  WorkQueue urgent_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  impl_->stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ListenAddress& address, Handler handler,
                                                      HttpOptions options) {
  auto impl = std::make_unique<Impl>(std::move(handler), std::move(options));
  if (auto started = impl->start(address); !started) return tl::unexpected(started.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const noexcept {
  return impl_->port();
}
Result<void> HttpServer::renew_tls(const TlsFiles& files) {
  assert(impl_->is_secure());
  return impl_->renew_tls(files);
}
void HttpServer::publish(std::string event) {
  impl_->publish(std::move(event));
}
std::size_t HttpServer::listeners() const noexcept {
  return impl_->listeners();
}
std::size_t HttpServer::connections() const noexcept {
  return impl_->connections();
}

}  // namespace nines::tools
