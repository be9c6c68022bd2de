// Where a server listens: an address of this machine, or a socket in the file system, which goes with the listener.
//
// Threads: the loop's only, once it runs.
#pragma once

#include <nines/result.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <string>

#include "show/listen_address.h"

namespace nines::tools {

class Listener {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  /// With the addresses of both ends, which a Unix socket has not; IPv4 in IPv6 is the IPv4 address. No socket with an
  /// error.
  using Taken =
      std::function<void(const boost::system::error_code& error, Socket socket, std::string client, std::string local)>;

  explicit Listener(boost::asio::io_context& loop) : loop_(loop) {}
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// `io` with a sentence when the address is taken or not this machine's.
  [[nodiscard]] Result<void> bind(const ListenAddress& address);
  /// Waits for one connection.
  void accept(Taken taken);
  void close();
  /// The chosen one when 0 was asked for; 0 for a Unix socket.
  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  [[nodiscard]] Result<void> bind_tcp(const ListenAddress& address);
  [[nodiscard]] Result<void> bind_unix(const std::string& path);

  boost::asio::io_context& loop_;
  boost::asio::ip::tcp::acceptor tcp_{loop_};
  boost::asio::local::stream_protocol::acceptor unix_{loop_};
  std::string socket_path_;
  int port_ = 0;
};

}  // namespace nines::tools
