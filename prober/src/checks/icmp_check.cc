// icmp: one echo request, asked again each second until an answer comes, because a single lost packet is not an outage.
//
// Over an unprivileged datagram socket; where the system gives none (Linux: net.ipv4.ping_group_range) over a raw one,
// which takes CAP_NET_RAW. A raw socket hears what others' pings bring back too, so that an answer must name this
// check.
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <span>
#include <utility>

#include "base/address.h"
#include "base/unique_fd.h"
#include "checks/error_mapping.h"
#include "checks/running_check.h"

namespace nines::prober {
namespace {

// As ping does by default.
constexpr std::size_t kPayloadBytes = 56;
constexpr auto kAskAgain = std::chrono::seconds(1);
constexpr std::size_t kMaxPacketBytes = 2048;

using Packet = std::array<char, sizeof(icmphdr) + kPayloadBytes>;
static_assert(sizeof(icmphdr) == sizeof(icmp6_hdr));

// RFC 1071, of an even number of bytes.
std::uint16_t internet_checksum(const Packet& packet) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < packet.size(); i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, packet.data() + i, sizeof word);
    sum += word;
  }
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

// Both families share the layout: type, code, checksum, identifier, sequence; then our token. The kernel fills in the
// identifier of a datagram socket, and every checksum but that of a raw IPv4 socket.
Packet echo_request(int family, std::uint64_t token, std::uint16_t sequence) {
  Packet packet{};
  icmphdr header{};
  header.type = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  header.un.echo.id = static_cast<std::uint16_t>(token);
  header.un.echo.sequence = htons(sequence);
  std::memcpy(packet.data(), &header, sizeof header);
  std::memcpy(packet.data() + sizeof header, &token, sizeof token);
  if (family == AF_INET) {
    header.checksum = internet_checksum(packet);
    std::memcpy(packet.data(), &header, sizeof header);
  }
  return packet;
}

// The sequence number that a packet answers; 0 when it is no answer to `token`.
std::size_t answered_sequence(int family, std::span<const char> packet, std::uint64_t token) {
  icmphdr header{};
  std::uint64_t echoed = 0;
  if (packet.size() < sizeof header + sizeof echoed) return 0;
  std::memcpy(&header, packet.data(), sizeof header);
  std::memcpy(&echoed, packet.data() + sizeof header, sizeof echoed);
  const int reply = family == AF_INET6 ? static_cast<int>(ICMP6_ECHO_REPLY) : static_cast<int>(ICMP_ECHOREPLY);
  return header.type == reply && echoed == token ? ntohs(header.un.echo.sequence) : 0;
}

// A raw IPv4 socket hands the IP header out too, whose length is told in words of four bytes.
std::span<const char> without_ip_header(std::span<const char> packet) {
  if (packet.empty()) return packet;
  const std::size_t length = std::size_t{4} * (static_cast<unsigned char>(packet.front()) & 0x0fU);
  return packet.subspan(std::min(length, packet.size()));
}

std::uint64_t random_token() {
  std::random_device random;
  return std::uint64_t{random()} << 32U | random();
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
    return {ErrorClass::timeout, "no echo reply from " + outcome.address + " in time"};
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
    open_socket();
    if (!fd_ && (errno == EACCES || errno == EPERM)) {
      fail({ErrorClass::internal, "this system does not let us ping; widen sysctl net.ipv4.ping_group_range"});
      return;
    }
    if (fd_ && !choose_header()) return;
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

  void open_socket() {
    const int protocol = family_ == AF_INET6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
    fd_.reset(::socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    raw_ = !fd_ && (errno == EACCES || errno == EPERM);
    if (raw_) fd_.reset(::socket(family_, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  }

  // What the IP header is to say. False when the check has failed because it cannot.
  bool choose_header() {
    const CheckSpec& spec = check().spec;
    if (spec.ttl) {
      const int hops = *spec.ttl;
      const bool six = family_ == AF_INET6;
      if (::setsockopt(fd_.get(), six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_UNICAST_HOPS : IP_TTL, &hops,
                       sizeof hops) != 0) {
        fail({ErrorClass::internal, std::string("the ttl cannot be set: ") + std::strerror(errno)});
        return false;
      }
    }
    if (spec.source_address.empty()) return true;
    const auto source = parse_address(spec.source_address, 0);
    if (source && ::bind(fd_.get(), source->raw(), source->length) == 0) return true;
    fail({ErrorClass::internal, "echo requests cannot come from " + spec.source_address + ", which is none of ours"});
    return false;
  }

  void ask() {
    const auto now = Clock::now();
    sent_at_.push_back(now);
    const auto packet = echo_request(family_, token_, static_cast<std::uint16_t>(sent_at_.size()));
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
    std::span<const char> heard(packet.data(), static_cast<std::size_t>(got));
    if (raw_ && family_ == AF_INET) heard = without_ip_header(heard);
    const std::size_t sequence = answered_sequence(family_, heard, token_);
    if (sequence == 0 || sequence > sent_at_.size()) return;
    // The round trip of the request that was answered; earlier ones were lost.
    const auto trip = clamp_us(Clock::now() - sent_at_[sequence - 1]);
    outcome.phases.first_byte_us = trip;
    outcome.latency_us = trip;
    outcome.body_bytes = heard.size() - sizeof(icmphdr);
    succeed();
  }

  UniqueFd fd_;
  bool raw_ = false;
  int family_ = AF_INET;
  const std::uint64_t token_ = random_token();
  TimerId repeat_{};
  std::vector<Clock::time_point> sent_at_;  // by sequence number - 1
};

}  // namespace

std::unique_ptr<RunningCheck> make_icmp_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                              CheckRunner::Done done) {
  return std::make_unique<IcmpCheck>(services, std::move(check), std::move(done));
}

}  // namespace nines::prober
