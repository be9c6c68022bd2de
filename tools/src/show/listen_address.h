// Where the page listens, as the configuration and the command line write it. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

/// Port 0 takes any free one.
struct ListenAddress {
  std::string host = "127.0.0.1";
  int port = 8080;
};

/// "127.0.0.1:8080", "[::1]:8080", ":8080" (all addresses); nothing when malformed.
[[nodiscard]] std::optional<ListenAddress> parse_listen(std::string_view text);

}  // namespace nines::tools
