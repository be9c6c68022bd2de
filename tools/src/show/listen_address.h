// Where the page listens, as text and as a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

/// A TCP address, or a Unix socket when `socket_path` is not empty. Port 0 takes any free one.
struct ListenAddress {
  std::string host = "127.0.0.1";
  int port = 8080;
  std::string socket_path = {};
};

/// "127.0.0.1:8080", "[::1]:8080", ":8080" (loopback), "*:8080" (every address of the machine), "unix:/run/nines.sock";
/// nothing when malformed.
[[nodiscard]] std::optional<ListenAddress> parse_listen(std::string_view text);

/// Whether only this machine can reach it: a Unix socket, localhost, 127.0.0.0/8 or ::1.
[[nodiscard]] bool is_loopback(const ListenAddress& address);

/// How a person opens it: "http://[::1]:8080/" with `port` for the one that was chosen, "unix:/run/nines.sock";
/// `secure` by TLS.
[[nodiscard]] std::string shown_address(const ListenAddress& address, int port, bool secure = false);

}  // namespace nines::tools
