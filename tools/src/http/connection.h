// One connection of the HTTP server: its socket, and how far its request or answer has come.
//
// It belongs to the server's loop, and lives as long as an operation on it is under way.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/channel.h"
#include "http/http_server.h"
#include "http/message.h"

namespace nines::tools {

/// A body of which the first kMostBodyBytes are kept, however many come.
struct CutBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>& /*head*/, std::string& kept) : kept_(kept) {}
    static void init(const boost::optional<std::uint64_t>& /*length*/, boost::system::error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      const std::size_t came = boost::asio::buffer_size(buffers);
      const std::size_t before = kept_.size();
      const std::size_t taken = std::min(came, kMostBodyBytes - before);
      kept_.resize(before + taken);
      boost::asio::buffer_copy(boost::asio::buffer(kept_.data() + before, taken), buffers);
      return came;
    }
    static void finish(boost::system::error_code& error) { error = {}; }

   private:
    std::string& kept_;
  };
};

struct Connection {
  using Clock = std::chrono::steady_clock;
  using Socket = Channel::Socket;

  // Ascending by how much is lost when such a connection is cut.
  enum class Phase : std::uint8_t {
    lingering,  // the answer is written, the rest is read and thrown away
    idle,       // waits for a request's first byte, or for TLS to begin
    reading,    // in the middle of one
    streaming,  // waits for events
    writing,
    answering,  // the answer is being worked out
  };

  Connection(Socket taken, std::shared_ptr<Channel::TlsContext> tls) : channel(std::move(taken), std::move(tls)) {}

  void enter(Phase next, Clock::duration patience) {
    phase = next;
    since = Clock::now();
    deadline = patience == Clock::duration::max() ? Clock::time_point::max() : since + patience;
  }

  static constexpr std::size_t kReadBlock = 16U << 10U;

  Channel channel;
  std::string client;  ///< its address; empty for a Unix socket
  std::string local;
  boost::beast::flat_buffer buffer{kMostHeadBytes + kReadBlock};
  std::optional<boost::beast::http::request_parser<CutBody>> parser;
  WebRequest request;
  Phase phase = Phase::idle;
  Clock::time_point since = Clock::now();  ///< when the phase began
  Clock::time_point deadline = Clock::time_point::max();
  bool keep_alive = true;
  bool open = true;
  std::string head;
  std::string body;
  std::size_t unsent = 0;                      ///< of the body; ConnectionTable's
  std::shared_ptr<const std::string> event;    ///< being written to an event stream
  std::shared_ptr<const std::string> pending;  ///< the newest that waits for it
  std::array<char, 4096> thrown_away{};
};
using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace nines::tools
