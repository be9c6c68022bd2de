// The HTTP server that carries the page: one thread for all connections, a few that work out answers.
//
// It is made for hostile networks. Connections are bounded in all and by address; a new one beyond the bound takes the
// place of the one that has waited longest without a request of its own, so that idle and slow clients never keep
// others out. The head, the body and the answer of a request each have a deadline, whatever bytes arrive. Sizes are
// counted after decoding, and a request that two readers could understand differently is refused.
#pragma once

#include <nines/result.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"
#include "http/tls_context.h"
#include "show/listen_address.h"

namespace nines::tools {

/// The bounds of a server. Tests make them smaller.
struct HttpLimits {
  std::size_t connections = 512;                ///< in all; never more than a quarter of the descriptors
  std::size_t connections_per_address = 128;    ///< from one address; a Unix socket counts as none
  std::size_t event_streams = 128;              ///< of the connections, those that wait for events
  std::size_t waiting_requests = 64;            ///< beyond those being worked on; more are told 503
  std::size_t unsent_bytes = 48U << 20U;        ///< answers in memory; beyond it the slowest readers are let go
  std::chrono::milliseconds head{10'000};       ///< from a request's first byte to the end of its head
  std::chrono::milliseconds body{15'000};       ///< from then to the end of its body
  std::chrono::milliseconds idle{60'000};       ///< without a request
  std::chrono::milliseconds answer{60'000};     ///< from an answer's first byte to its last
  std::chrono::milliseconds heartbeat{15'000};  ///< a comment to event streams, so that proxies keep them
};
inline constexpr std::size_t kMostHeadBytes = 32U << 10U;
inline constexpr std::size_t kMostHeaders = 100;
inline constexpr std::size_t kMostBodyBytes = 64U << 10U;
inline constexpr std::size_t kMostCutBodyBytes = 64U << 20U;  ///< of which kMostBodyBytes are kept
inline constexpr std::size_t kLongestTarget = 8U << 10U;
inline constexpr std::size_t kLongestPath = 2'048;  ///< decoded

/// Who works out an answer.
enum class Lane : std::uint8_t {
  at_once,  ///< the connections' own thread: must not block, however briefly
  urgent,   ///< threads of its own: what must be answered while everything else is saturated
  usual,
};

struct HttpOptions {
  HttpLimits limits;
  std::optional<TlsFiles> tls;                  ///< none: plain HTTP
  std::function<Lane(const WebRequest&)> lane;  ///< none: always usual. Must not block.
  std::function<bool(const WebRequest&)>
      takes_body;  ///< none: POST everywhere. False refuses a body before it is read.
  std::function<bool(const WebRequest&)>
      cuts_body;  ///< none: nowhere. True cuts a body at kMostBodyBytes instead of refusing it.
  /// Asked once a second while somebody waits for events, never twice at a time: a complete server-sent event or
  /// nothing.
  std::function<std::optional<std::string>()> events;
};

class HttpServer {
 public:
  /// Called from several threads at once. What it throws becomes a 500.
  using Handler = std::function<WebResponse(const WebRequest&)>;

  /// Binds and begins to listen. `io` with a sentence when the address is taken or not this machine's; errors of
  /// load_tls().
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const ListenAddress& address, Handler handler,
                                                                 HttpOptions options = {});
  /// Stops and joins; requests under way are finished.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port it listens on; the chosen one when 0 was asked for; 0 for a Unix socket.
  [[nodiscard]] int port() const noexcept;
  /// Connections that come from now on get what the files say now; after an error all stays as it is. Any thread.
  /// Requires: it was started with TLS. Errors of load_tls().
  [[nodiscard]] Result<void> renew_tls(const TlsFiles& files);
  /// Sends `event`, a complete server-sent event, to every connection that waits for events. One that has not taken
  /// the last one yet gets only the newest of what follows. Any thread; does not block.
  void publish(std::string event);
  /// How many connections wait for events.
  [[nodiscard]] std::size_t listeners() const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nines::tools
