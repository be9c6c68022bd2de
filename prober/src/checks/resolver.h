// Asking the DNS through c-ares on the event loop, without threads.
//
// Why not libcurl's own resolver: the one in Debian's build makes a thread a lookup and, when a transfer is removed
// before the answer came, joins that thread. With a silent name server curl_multi_remove_handle was measured to block
// for 9.7 s, and with it every other check. Here a lookup is given up by forgetting it; a name costs some 12 us of
// processor time more than an address. What getaddrinfo knows beyond /etc/hosts and the DNS (mDNS, NSS modules) is
// not asked.
//
// Threads: the loop's only.
#pragma once

#include <ares.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <nines/result.h>

#include "base/address.h"
#include "base/event_loop.h"

namespace nines::prober {

/// The addresses of a name; `status` is ARES_SUCCESS or why there are none.
struct HostAnswer {
  int status = ARES_SUCCESS;
  std::vector<Address> addresses;  ///< in the order to try them (RFC 6724), port 0
};

/// The DNS message that answered a query, empty when none came.
struct RawAnswer {
  int status = ARES_SUCCESS;
  std::string message;
};

struct DnsOptions {
  std::vector<std::string> servers;  ///< "address:port"; empty means the system's, followed when resolv.conf changes
  bool keep_errors = false;          ///< hand SERVFAIL, NOTIMP and REFUSED out instead of asking on
};

class DnsChannel;

/// Lookups in flight and the c-ares channels that carry them.
class Resolver {
 public:
  enum class Id : std::uint64_t {};

  [[nodiscard]] static Result<std::unique_ptr<Resolver>> create(EventLoop& loop, DnsOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The callback may come inside of this call (a name in /etc/hosts). c-ares itself gives up after about 15 s.
  Id lookup(const std::string& host, AddressFamily family, std::function<void(HostAnswer)> done);
  Id query(const std::string& name, int type, std::function<void(RawAnswer)> done);
  /// Forgets a question: its callback is destroyed without being called.
  void cancel(Id id) noexcept;

 private:
  friend class DnsChannel;
  struct Waiting {
    std::function<void(HostAnswer)> host;
    std::function<void(RawAnswer)> raw;
  };

  Resolver(EventLoop& loop, DnsOptions options);
  [[nodiscard]] Result<std::unique_ptr<DnsChannel>> open_channel();
  DnsChannel& channel();
  void deliver(std::uint64_t id, HostAnswer answer);
  void deliver(std::uint64_t id, RawAnswer answer);

  EventLoop& loop_;
  const DnsOptions options_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::unique_ptr<DnsChannel> current_;
  std::vector<std::unique_ptr<DnsChannel>> retired_;  // of an older resolv.conf, until their last answer
  EventLoop::Clock::time_point next_look_{};
  timespec configured_{};  // resolv.conf's time of change when `current_` was opened
};

}  // namespace nines::prober
