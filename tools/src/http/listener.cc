#include "http/listener.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "show/text.h"

namespace nines::tools {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kBacklog = 512;

// IPv4 in IPv6 is the IPv4 address: it is one client.
std::string plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

Listener::~Listener() {
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

Result<void> Listener::bind(const ListenAddress& address) {
  return address.socket_path.empty() ? bind_tcp(address) : bind_unix(address.socket_path);
}

Result<void> Listener::bind_tcp(const ListenAddress& address) {
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

Result<void> Listener::bind_unix(const std::string& path) {
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

void Listener::accept(Taken taken) {
  if (tcp_.is_open()) {
    tcp_.async_accept([taken = std::move(taken), this](const error_code& error, asio::ip::tcp::socket socket) {
      if (error) return taken(error, Socket(loop_), {}, {});
      error_code ignored;
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      const auto remote = socket.remote_endpoint(ignored).address();
      const auto local = socket.local_endpoint(ignored).address();
      taken(error, Socket(std::move(socket)), plain(remote), plain(local));
    });
  } else if (unix_.is_open()) {
    unix_.async_accept(
        [taken = std::move(taken), this](const error_code& error, asio::local::stream_protocol::socket socket) {
          taken(error, error ? Socket(loop_) : Socket(std::move(socket)), {}, {});
        });
  }
}

void Listener::close() {
  error_code ignored;
  tcp_.close(ignored);
  unix_.close(ignored);
}

}  // namespace nines::tools
