#include "show/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

namespace nines::tools {
namespace {

constexpr std::string_view kUnix = "unix:";
// sun_path holds a path and its final zero.
constexpr std::size_t kLongestSocketPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty() || path.size() > kLongestSocketPath || path.find('\0') != std::string_view::npos)
      return std::nullopt;
    return ListenAddress{.host = {}, .port = 0, .socket_path = std::string(path)};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port < 0 || port > 65'535) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return std::nullopt;
  } else if (host.find_first_of(": /[]") != std::string_view::npos) {
    return std::nullopt;
  }
  if (host == "*") host = "0.0.0.0";
  return ListenAddress{.host = host.empty() ? "127.0.0.1" : std::string(host), .port = port};
}

bool is_loopback(const ListenAddress& address) {
  if (!address.socket_path.empty() || address.host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, address.host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24U == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, address.host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string shown_address(const ListenAddress& address, int port, bool secure) {
  if (!address.socket_path.empty()) return std::string(kUnix) + address.socket_path;
  const bool six = address.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/", secure ? "https" : "http", six ? "[" : "", address.host, six ? "]" : "", port);
}

}  // namespace nines::tools
