// What an HTTP connection is carried by: a socket, or TLS over one. An asynchronous stream as Asio and Beast take it.
//
// Threads: the loop's only.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cassert>
#include <memory>
#include <optional>
#include <utility>

namespace nines::tools {

class Channel {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using TlsContext = boost::asio::ssl::context;
  using executor_type = Socket::executor_type;

  /// Without a context as plain bytes.
  Channel(Socket socket, std::shared_ptr<TlsContext> context)
      : context_(std::move(context)), socket_(std::move(socket)) {
    if (context_) tls_.emplace(socket_, *context_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] bool is_secure() const noexcept { return tls_.has_value(); }
  [[nodiscard]] Socket& socket() noexcept { return socket_; }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }
  /// Requires: is_secure().
  template <class Handler>
  void async_handshake(Handler&& handler) {
    assert(tls_);
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  /// Says that nothing more comes, and waits for the other end to say the same. Requires: is_secure().
  template <class Handler>
  void async_shutdown(Handler&& handler) {
    assert(tls_);
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

 private:
  std::shared_ptr<TlsContext> context_;  // a newer certificate leaves it to the connections that have it
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace nines::tools
