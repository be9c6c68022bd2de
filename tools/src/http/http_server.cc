// This file and request_head are the ones that see Boost.Beast and Asio.
//
// All of a connection's state belongs to one thread, the loop's. A request goes to a work queue as a value and its
// answer comes back by a post to the loop.
#include "http/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "http/request_head.h"
#include "http/response_head.h"
#include "http/work_queue.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Socket = asio::generic::stream_protocol::socket;

/// A body of which the first kMostBodyBytes are kept, however many come.
struct CutBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>& /*head*/, std::string& kept) : kept_(kept) {}
    static void init(const boost::optional<std::uint64_t>& /*length*/, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      const std::size_t came = asio::buffer_size(buffers);
      const std::size_t before = kept_.size();
      const std::size_t taken = std::min(came, kMostBodyBytes - before);
      kept_.resize(before + taken);
      asio::buffer_copy(asio::buffer(kept_.data() + before, taken), buffers);
      return came;
    }
    static void finish(error_code& error) { error = {}; }

   private:
    std::string& kept_;
  };
};

constexpr std::size_t kUsualThreads = 3;
constexpr std::size_t kUrgentThreads = 2;
constexpr int kBacklog = 512;
// How often deadlines are looked at: the precision of all of them.
constexpr std::chrono::milliseconds kSweep{100};
// After an error the client gets this long to read the answer before the connection is cut.
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::seconds kStopPatience{3};
constexpr std::chrono::seconds kEventPace{1};
constexpr std::size_t kReadBlock = 16U << 10U;

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
    if (auto bound = address.socket_path.empty() ? bind_tcp(address) : bind_unix(address.socket_path); !bound)
      return bound;
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
      error_code ignored;
      tcp_.close(ignored);
      unix_.close(ignored);
      closed.set_value();
    });
    closed.get_future().wait();
    usual_.stop();
    urgent_.stop();
    // Answers of the last jobs are on their way to the loop; what is not written soon is cut.
    const auto end = Clock::now() + kStopPatience;
    while (Clock::now() < end) {
      std::promise<bool> busy;
      asio::post(loop_, [&] { busy.set_value(any_answering()); });
      if (!busy.get_future().get()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    loop_.stop();
    thread_.join();
    connections_.clear();
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
  }

  void publish(std::string event) {
    auto shared = std::make_shared<const std::string>(std::move(event));
    asio::post(loop_, [this, shared] {
      for (const auto& connection : connections_) send_event(*connection, shared);
    });
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] std::size_t listeners() const noexcept { return streams_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connection_count_; }

 private:
  // Ascending by how much is lost when such a connection is cut.
  enum class Phase : std::uint8_t {
    lingering,  // the answer is written, the rest is read and thrown away
    idle,       // waits for a request's first byte
    reading,    // in the middle of one
    streaming,  // waits for events
    writing,
    answering,  // the answer is being worked out
  };

  struct Connection {
    explicit Connection(Socket taken) : socket(std::move(taken)) {}
    Socket socket;
    std::string client;
    std::string local;
    boost::beast::flat_buffer buffer{kMostHeadBytes + kReadBlock};
    std::optional<http::request_parser<CutBody>> parser;
    WebRequest request;
    Phase phase = Phase::idle;
    Clock::time_point since = Clock::now();  // when the phase began
    Clock::time_point deadline = Clock::time_point::max();
    bool keep_alive = true;
    bool open = true;
    std::string head;
    std::string body;
    std::size_t unsent = 0;
    std::shared_ptr<const std::string> event;    // being written to an event stream
    std::shared_ptr<const std::string> pending;  // the newest that waits for it
    std::array<char, 4096> thrown_away{};
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  // --- listening

  Result<void> bind_tcp(const ListenAddress& address) {
    const std::string shown = fmt::format("{}:{}", printable(address.host), address.port);
    error_code error;
    asio::ip::tcp::resolver resolver(loop_);
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port),
                         asio::ip::tcp::resolver::passive | asio::ip::tcp::resolver::numeric_service, error);
    if (error) return fail(ErrorCode::io, fmt::format("cannot listen on {}: {}", shown, error.message()));
    for (const auto& entry : found) {
      const auto endpoint = entry.endpoint();
      tcp_ = asio::ip::tcp::acceptor(loop_);
      tcp_.open(endpoint.protocol(), error);
      if (!error) tcp_.set_option(asio::socket_base::reuse_address(true), error);
      if (!error) tcp_.bind(endpoint, error);
      if (!error) tcp_.listen(kBacklog, error);
      if (!error) break;
    }
    if (!error) {
      port_ = tcp_.local_endpoint(error).port();
      return {};
    }
    if (error == asio::error::address_in_use) {
      return fail(ErrorCode::io, fmt::format("cannot listen on {}: another program uses this port; choose another with "
                                             "web.listen or --listen",
                                             shown));
    }
    return fail(ErrorCode::io, fmt::format("cannot listen on {}: {}", shown, error.message()));
  }

  Result<void> bind_unix(const std::string& path) {
    const auto refused = [&](const error_code& error) {
      return fail(ErrorCode::io, fmt::format("cannot listen on unix:{}: {}", printable(path), error.message()));
    };
    error_code error;
    const asio::local::stream_protocol::endpoint endpoint(path);
    struct stat info {};
    if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
      // Left behind by a process that is gone, unless somebody answers on it.
      asio::local::stream_protocol::socket probe(loop_);
      probe.connect(endpoint, error);
      if (!error) return refused(asio::error::address_in_use);
      if (error == asio::error::connection_refused) unlink(path.c_str());
      error.clear();
    }
    unix_.open(endpoint.protocol(), error);
    if (!error) unix_.bind(endpoint, error);
    if (error) return refused(error);
    socket_path_ = path;
    // Who may connect is a matter of the file's permissions: its owner and group.
    constexpr mode_t kOwnerAndGroup = 0660;
    if (chmod(path.c_str(), kOwnerAndGroup) != 0) return refused(error_code(errno, boost::system::system_category()));
    unix_.listen(kBacklog, error);
    if (error) return refused(error);
    return {};
  }

  void accept() {
    if (tcp_.is_open()) {
      tcp_.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
        if (!error) {
          error_code ignored;
          socket.set_option(asio::ip::tcp::no_delay(true), ignored);
          const auto remote = socket.remote_endpoint(ignored).address();
          const auto local = socket.local_endpoint(ignored).address();
          take(Socket(std::move(socket)), plain(remote), plain(local));
        }
        accept_again(error);
      });
    } else if (unix_.is_open()) {
      unix_.async_accept([this](const error_code& error, asio::local::stream_protocol::socket socket) {
        if (!error) take(Socket(std::move(socket)), {}, {});
        accept_again(error);
      });
    }
  }
  void accept_again(const error_code& error) {
    if (stopping_) return;
    if (!error || error == asio::error::connection_aborted) return accept();
    // Out of descriptors or memory: who waits longest makes room, and the next try is a moment later.
    make_room({});
    retry_.expires_after(kSweep);
    retry_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  }
  // IPv4 in IPv6 is the IPv4 address: it is one client.
  static std::string plain(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
  }

  void take(Socket socket, std::string client, std::string local) {
    const HttpLimits& limits = options_.limits;
    if (!client.empty() && per_address_[client] >= limits.connections_per_address) make_room(client);
    if (connections_.size() >= limits.connections) make_room({});
    if (connections_.size() >= limits.connections ||
        (!client.empty() && per_address_[client] >= limits.connections_per_address)) {
      if (!client.empty()) forget_address(client, false);
      return;  // everybody else is being answered; the socket closes
    }
    auto connection = std::make_shared<Connection>(std::move(socket));
    connection->client = std::move(client);
    connection->local = std::move(local);
    if (!connection->client.empty()) ++per_address_[connection->client];
    connections_.insert(connection);
    connection_count_ = connections_.size();
    read(connection);
  }

  // Closes the connection that can best be missed, among those from `client` unless that is empty: who has been idle
  // longest, else who has been at sending a request longest, else the slowest reader, else the oldest event stream.
  void make_room(const std::string& client) {
    ConnectionPtr least;
    for (const ConnectionPtr& each : connections_) {
      if (each->phase == Phase::answering || (!client.empty() && each->client != client)) continue;
      if (!least || std::pair(each->phase, each->since) < std::pair(least->phase, least->since)) least = each;
    }
    if (least) close(least);
  }

  void forget_address(const std::string& client, bool one_less) {
    const auto found = per_address_.find(client);
    if (found == per_address_.end()) return;
    if (one_less) --found->second;
    if (found->second == 0) per_address_.erase(found);
  }

  void close(const ConnectionPtr& connection) {
    if (!connection->open) return;
    connection->open = false;
    if (connection->phase == Phase::streaming) --streams_;
    unsent_ -= connection->unsent;
    connection->unsent = 0;
    error_code ignored;
    connection->socket.close(ignored);
    if (!connection->client.empty()) forget_address(connection->client, true);
    connections_.erase(connection);
    connection_count_ = connections_.size();
  }

  static void enter(Connection& connection, Phase phase, Clock::duration patience) {
    connection.phase = phase;
    connection.since = Clock::now();
    connection.deadline = patience == Clock::duration::max() ? Clock::time_point::max() : connection.since + patience;
  }

  void sweep() {
    const auto now = Clock::now();
    std::vector<ConnectionPtr> late;
    for (const ConnectionPtr& each : connections_) {
      if (each->deadline <= now) late.push_back(each);
    }
    for (const ConnectionPtr& each : late) {
      if (each->phase == Phase::streaming) {
        enter(*each, Phase::streaming, options_.limits.heartbeat);
        static const auto kComment = std::make_shared<const std::string>(": still here\n\n");
        if (!each->event) send_event(*each, kComment);
      } else if (each->phase == Phase::reading) {
        refuse(each, error_response(408, "unavailable", "the request took too long to arrive"));
      } else {
        close(each);
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

  void read(const ConnectionPtr& connection) {
    if (stopping_) return close(connection);
    if (connection->buffer.size() > 0) return read_head(connection);  // pipelined
    enter(*connection, Phase::idle, options_.limits.idle);
    connection->socket.async_wait(Socket::wait_read, [this, connection](const error_code& error) {
      if (!connection->open) return;
      if (error) return close(connection);
      read_head(connection);
    });
  }

  void read_head(const ConnectionPtr& connection) {
    enter(*connection, Phase::reading, options_.limits.head);
    connection->request = {};
    connection->parser.emplace();
    connection->parser->header_limit(kMostHeadBytes);
    connection->parser->body_limit(kMostCutBodyBytes);  // the path, which may say less, comes with the head
    http::async_read_header(connection->socket, connection->buffer, *connection->parser,
                            [this, connection](const error_code& error, std::size_t) {
                              if (!connection->open || connection->phase != Phase::reading) return;
                              if (error) return failed_read(connection, error);
                              took_head(connection);
                            });
  }

  void failed_read(const ConnectionPtr& connection, const error_code& error) {
    if (error == http::error::end_of_stream || error.category() != http::make_error_code(http::error{}).category())
      return close(connection);
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
    if (!same_letters({expect->value().data(), expect->value().size()}, "100-continue"))
      return refuse(connection, error_response(417, "invalid_argument", "the only expectation known is 100-continue"));
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    enter(*connection, Phase::reading, options_.limits.body);
    asio::async_write(connection->socket, asio::buffer(kContinue.data(), kContinue.size()),
                      [this, connection](const error_code& error, std::size_t) {
                        if (!connection->open || connection->phase != Phase::reading) return;
                        if (error) return close(connection);
                        read_body(connection);
                      });
  }

  void read_body(const ConnectionPtr& connection) {
    enter(*connection, Phase::reading, options_.limits.body);
    http::async_read(connection->socket, connection->buffer, *connection->parser,
                     [this, connection](const error_code& error, std::size_t) {
                       if (!connection->open || connection->phase != Phase::reading) return;
                       if (error) return failed_read(connection, error);
                       connection->request.body = std::move(connection->parser->get().body());
                       dispatch(connection);
                     });
  }

  // --- answering

  void dispatch(const ConnectionPtr& connection) {
    enter(*connection, Phase::answering, Clock::duration::max());
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
    if (stream && streams_ >= options_.limits.event_streams) {
      response = error_response(503, "unavailable", "too many event streams are open");
      return write(connection, std::move(response));
    }
    if (stream) connection->keep_alive = false;  // it has no length: it ends with the connection
    enter(*connection, Phase::writing, options_.limits.answer);
    connection->head = response_head(response, connection->keep_alive);
    connection->body = connection->request.method == "HEAD" ? std::string() : std::move(response.body);
    connection->unsent = connection->body.size();
    unsent_ += connection->unsent;
    while (unsent_ > options_.limits.unsent_bytes && close_slowest_reader(connection)) {
    }
    const std::array<asio::const_buffer, 2> parts{asio::buffer(connection->head), asio::buffer(connection->body)};
    asio::async_write(connection->socket, parts, [this, connection, stream](const error_code& error, std::size_t) {
      if (!connection->open) return;
      unsent_ -= connection->unsent;
      connection->unsent = 0;
      std::string().swap(connection->body);
      if (error) return close(connection);
      if (stream) return begin_stream(connection);
      if (connection->keep_alive) return read(connection);
      linger(connection);
    });
  }

  bool close_slowest_reader(const ConnectionPtr& but) {
    ConnectionPtr slowest;
    for (const ConnectionPtr& each : connections_) {
      if (each == but || each->unsent == 0) continue;
      if (!slowest || each->since < slowest->since) slowest = each;
    }
    if (slowest) close(slowest);
    return slowest != nullptr;
  }

  // Closing at once with unread bytes would send a reset, which can overtake the answer (RFC 9112 9.6).
  void linger(const ConnectionPtr& connection) {
    error_code error;
    connection->socket.shutdown(Socket::shutdown_send, error);
    if (error) return close(connection);
    enter(*connection, Phase::lingering, kLinger);
    throw_away(connection);
  }
  void throw_away(const ConnectionPtr& connection) {
    connection->socket.async_read_some(asio::buffer(connection->thrown_away),
                                       [this, connection](const error_code& error, std::size_t) {
                                         if (!connection->open) return;
                                         if (error) return close(connection);
                                         throw_away(connection);
                                       });
  }

  // --- events

  void begin_stream(const ConnectionPtr& connection) {
    enter(*connection, Phase::streaming, options_.limits.heartbeat);
    ++streams_;
    // Nothing more is expected from it; a read tells when it is gone.
    watch_stream(connection);
  }
  void watch_stream(const ConnectionPtr& connection) {
    connection->socket.async_read_some(asio::buffer(connection->thrown_away),
                                       [this, connection](const error_code& error, std::size_t) {
                                         if (!connection->open) return;
                                         if (error) return close(connection);
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
    const auto self = *connections_.find(&connection);
    asio::async_write(connection.socket, asio::buffer(*event), [this, self](const error_code& error, std::size_t) {
      if (!self->open) return;
      if (error) return close(self);
      self->event.reset();
      if (const auto next = std::exchange(self->pending, nullptr)) send_event(*self, next);
    });
  }

  void ask_for_events(Clock::time_point now) {
    if (!options_.events || streams_ == 0 || asking_ || now - asked_ < kEventPace) return;
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

  struct ByAddress {
    using is_transparent = void;
    bool operator()(const ConnectionPtr& a, const ConnectionPtr& b) const { return a.get() < b.get(); }
    bool operator()(const ConnectionPtr& a, const Connection* b) const { return a.get() < b; }
    bool operator()(const Connection* a, const ConnectionPtr& b) const { return a < b.get(); }
  };

  Handler handler_;
  HttpOptions options_;
  asio::io_context loop_{1};
  asio::ip::tcp::acceptor tcp_{loop_};
  asio::local::stream_protocol::acceptor unix_{loop_};
  asio::steady_timer timer_{loop_};
  asio::steady_timer retry_{loop_};
  std::string socket_path_;
  int port_ = 0;
  std::thread thread_;

  // The loop's.
  std::set<ConnectionPtr, ByAddress> connections_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::size_t unsent_ = 0;
  bool stopping_ = false;
  bool asking_ = false;
  Clock::time_point asked_;

  std::atomic<std::size_t> streams_{0};
  std::atomic<std::size_t> connection_count_{0};
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
