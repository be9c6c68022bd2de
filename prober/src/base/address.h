// Numeric network addresses: parsing, printing, and the policy that refuses some of them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nines/check_spec.h>

namespace nines::prober {

/// An IPv4 or IPv6 address with a port, as the socket calls take it.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  [[nodiscard]] const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// `text` is an address without a port, IPv6 with or without brackets; nothing when it is a name.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text, std::uint16_t port) noexcept;
[[nodiscard]] Address make_address(const sockaddr& raw, socklen_t length, std::uint16_t port) noexcept;

/// A decimal port number, 1-65535.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

/// "192.0.2.1" or "2001:db8::1".
[[nodiscard]] std::string to_string(const Address& address);
/// "192.0.2.1:53" or "[2001:db8::1]:53".
[[nodiscard]] std::string with_port(const Address& address);

/// The addresses whose first `bits` bits are those of `base`.
struct Network {
  Address base;
  int bits = 0;
};
/// "192.0.2.0/24" or "2001:db8::/32"; an address alone is a network of one.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text) noexcept;
/// Never for an address of the other family.
[[nodiscard]] bool contains(const Network& network, const Address& address) noexcept;

/// Whether `policy` refuses to connect there. An IPv4 address inside of IPv6 (mapped, NAT64, 6to4) is judged as IPv4.
[[nodiscard]] bool refuses(const AddressPolicy& policy, const sockaddr& address) noexcept;
[[nodiscard]] bool is_active(const AddressPolicy& policy) noexcept;

}  // namespace nines::prober
