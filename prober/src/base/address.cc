#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace nines::prober {
namespace {

struct Block {
  std::uint32_t base;
  int bits;
};

constexpr bool within(std::uint32_t ip, Block block) noexcept {
  return ((ip ^ block.base) >> (32 - block.bits)) == 0;
}

// IANA's special-purpose registries (RFC 6890 and its updates).
constexpr Block kLoopback4[] = {{0x7f000000, 8}, {0x00000000, 8}};
constexpr Block kLinkLocal4[] = {{0xa9fe0000, 16}};
constexpr Block kPrivate4[] = {{0x0a000000, 8},  {0xac100000, 12}, {0xc0a80000, 16}, {0x64400000, 10},
                               {0xc0000000, 24}, {0xc6120000, 15}, {0xe0000000, 3}};

template <std::size_t N>
bool in_any(std::uint32_t ip, const Block (&blocks)[N]) noexcept {
  return std::any_of(std::begin(blocks), std::end(blocks), [ip](Block block) { return within(ip, block); });
}

bool refuses_v4(const AddressPolicy& policy, std::uint32_t ip) noexcept {
  return (policy.refuse_loopback && in_any(ip, kLoopback4)) || (policy.refuse_link_local && in_any(ip, kLinkLocal4)) ||
         (policy.refuse_private && in_any(ip, kPrivate4));
}

std::uint32_t big_endian(const std::uint8_t* bytes) noexcept {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

// The IPv4 address that an IPv6 one stands for: mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16).
std::optional<std::uint32_t> embedded_v4(const std::uint8_t* ip) noexcept {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
  if (std::equal(kMapped.begin(), kMapped.end(), ip)) return big_endian(ip + 12);
  if (std::equal(kNat64.begin(), kNat64.end(), ip)) return big_endian(ip + 12);
  if (ip[0] == 0x20 && ip[1] == 0x02) return big_endian(ip + 2);
  return std::nullopt;
}

bool refuses_v6(const AddressPolicy& policy, const in6_addr& address) noexcept {
  const std::uint8_t* ip = address.s6_addr;
  if (const auto v4 = embedded_v4(ip)) return refuses_v4(policy, *v4);
  const bool zeros = std::all_of(ip, ip + 15, [](std::uint8_t byte) { return byte == 0; });
  if (policy.refuse_loopback && zeros && ip[15] <= 1) return true;
  if (policy.refuse_link_local && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) return true;
  const bool unique_local = (ip[0] & 0xfe) == 0xfc;
  return policy.refuse_private && (unique_local || ip[0] == 0xff);
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, std::uint16_t port) noexcept {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.empty() || text.size() >= buffer.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  Address address;
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
      ::inet_pton(AF_INET, buffer.data(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof(sockaddr_in);
    return address;
  }
  if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
      ::inet_pton(AF_INET6, buffer.data(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof(sockaddr_in6);
    return address;
  }
  return std::nullopt;
}

Address make_address(const sockaddr& raw, socklen_t length, std::uint16_t port) noexcept {
  Address address;
  address.length = std::min<socklen_t>(length, sizeof address.storage);
  std::memcpy(&address.storage, &raw, address.length);
  if (raw.sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  }
  return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string to_string(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const void* ip = address.family() == AF_INET6
                       ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr)
                       : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr);
  return ::inet_ntop(address.family(), ip, buffer.data(), buffer.size()) != nullptr ? buffer.data() : "";
}

std::string with_port(const Address& address) {
  const auto port = ntohs(address.family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_port
                                                       : reinterpret_cast<const sockaddr_in*>(address.raw())->sin_port);
  const std::string ip = to_string(address);
  return (address.family() == AF_INET6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

namespace {

std::span<const std::uint8_t> bytes_of(const Address& address) noexcept {
  if (address.family() == AF_INET6) {
    return {reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr.s6_addr, 16};
  }
  return {reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr), 4};
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) noexcept {
  const auto slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash), 0);
  if (!base) return std::nullopt;
  const int most = base->family() == AF_INET6 ? 128 : 32;
  if (slash == std::string_view::npos) return Network{*base, most};
  int bits = 0;
  const auto digits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > most) return std::nullopt;
  return Network{*base, bits};
}

bool contains(const Network& network, const Address& address) noexcept {
  if (network.base.family() != address.family()) return false;
  const auto base = bytes_of(network.base);
  const auto other = bytes_of(address);
  const auto whole = static_cast<std::size_t>(network.bits / 8);
  if (!std::equal(base.begin(), base.begin() + static_cast<std::ptrdiff_t>(whole), other.begin())) return false;
  const int rest = network.bits % 8;
  return rest == 0 || ((base[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

bool refuses(const AddressPolicy& policy, const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    return refuses_v4(policy, ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    return refuses_v6(policy, reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  }
  return is_active(policy);  // no other family is understood, so none is let through
}

bool is_active(const AddressPolicy& policy) noexcept {
  return policy.refuse_loopback || policy.refuse_link_local || policy.refuse_private;
}

}  // namespace nines::prober
