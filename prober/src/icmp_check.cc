// icmp: one echo request over an unprivileged datagram socket (Linux: net.ipv4.ping_group_range), asked again each
// second until an answer comes, because a single lost packet is not an outage.
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "error_mapping.h"
#include "running_check.h"
#include "unique_fd.h"

namespace nines::prober {
namespace {

// As ping does by default.
constexpr std::size_t kPayloadBytes = 56;
constexpr auto kAskAgain = std::chrono::seconds(1);
constexpr std::size_t kMaxPacketBytes = 2048;

using Packet = std::array<char, sizeof(icmphdr) + kPayloadBytes>;
static_assert(sizeof(icmphdr) == sizeof(icmp6_hdr));

// Both families share the layout: type, code, checksum, identifier, sequence. The kernel fills in the identifier and
// the checksum of a datagram socket, and hands back only the answers to our own identifier.
Packet echo_request(int family, std::uint16_t sequence) {
  Packet packet{};
  icmphdr header{};
  header.type = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  header.un.echo.sequence = htons(sequence);
  std::memcpy(packet.data(), &header, sizeof header);
  return packet;
}

class IcmpCheck final : public RunningCheck, public FdWatcher {
 public:
  using RunningCheck::RunningCheck;

  void on_fd(int /*fd*/, std::uint32_t /*events*/) override { receive(); }

 protected:
  void begin() override {
    lookup(check().target.host, 0, [this](std::vector<Address> addresses) { open(addresses.front()); });
  }
  Failure overdue() override {
    if (!fd_) return dns_failure(ARES_ETIMEOUT, check().target.host);
    return {ErrorClass::timeout, "no echo reply from " + outcome.address + " in time", true};
  }
  void release() override {
    loop().cancel(repeat_);
    if (!fd_) return;
    loop().unwatch(fd_.get());
    fd_.reset();
  }

 private:
  void open(const Address& address) {
    outcome.address = to_string(address);
    family_ = address.family();
    const int protocol = family_ == AF_INET6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
    fd_.reset(::socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!fd_ && (errno == EACCES || errno == EPERM)) {
      fail({ErrorClass::internal, "this system does not let us ping; widen sysctl net.ipv4.ping_group_range"});
      return;
    }
    if (!fd_ || ::connect(fd_.get(), address.raw(), address.length) != 0) {
      fail(connect_failure(errno, outcome.address));
      return;
    }
    if (!loop().watch(fd_.get(), EPOLLIN, *this)) {
      fail({ErrorClass::internal, "the socket cannot be watched"});
      return;
    }
    ask();
  }

  void ask() {
    const auto now = Clock::now();
    sent_at_.push_back(now);
    const auto packet = echo_request(family_, static_cast<std::uint16_t>(sent_at_.size()));
    if (::send(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
      fail(connect_failure(errno, outcome.address));
      return;
    }
    repeat_ = loop().call_at(now + kAskAgain, [this] { ask(); });
  }

  void receive() {
    std::array<char, kMaxPacketBytes> packet;
    const auto got = ::recv(fd_.get(), packet.data(), packet.size(), 0);
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(connect_failure(errno, outcome.address));
      return;
    }
    icmphdr header{};
    if (static_cast<std::size_t>(got) < sizeof header) return;
    std::memcpy(&header, packet.data(), sizeof header);
    const int reply = family_ == AF_INET6 ? static_cast<int>(ICMP6_ECHO_REPLY) : static_cast<int>(ICMP_ECHOREPLY);
    const std::size_t sequence = ntohs(header.un.echo.sequence);
    if (header.type != reply || sequence == 0 || sequence > sent_at_.size()) return;
    // The round trip of the request that was answered; earlier ones were lost.
    const auto trip = clamp_us(Clock::now() - sent_at_[sequence - 1]);
    outcome.phases.first_byte_us = trip;
    outcome.latency_us = trip;
    outcome.body_bytes = static_cast<std::uint64_t>(got) - sizeof header;
    succeed();
  }

  UniqueFd fd_;
  int family_ = AF_INET;
  TimerId repeat_{};
  std::vector<Clock::time_point> sent_at_;  // by sequence number - 1
};

}  // namespace

std::unique_ptr<RunningCheck> make_icmp_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                              CheckRunner::Done done) {
  return std::make_unique<IcmpCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
