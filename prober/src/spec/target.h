// Where a URL leads: kind, host, port and path, and forms of it that are safe to show.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nines/check_spec.h>
#include <nines/result.h>

namespace nines::prober {

struct Target {
  CheckKind kind = CheckKind::http;
  std::string host;        ///< ASCII, lower case, IPv6 without brackets; empty for dns without a server
  std::uint16_t port = 0;  ///< the scheme's own unless the URL has one; 0 for icmp
  bool numeric = false;    ///< the host is an address
  std::string url;         ///< for libcurl: ws is http, tls is https, no fragment
  std::string path;        ///< without query; for dns the name that is asked for
  std::string query;
};

/// Fails with a sentence that begins with "url:". Does no I/O.
[[nodiscard]] Result<Target> parse_target(const std::string& url);

/// "https://host:port/path": without user, query and fragment, which may hold secrets. At most 200 bytes.
[[nodiscard]] std::string shown_url(const Target& target);

/// Whether credentials for `from` may be sent to `to`: same scheme, host and port.
[[nodiscard]] bool same_origin(const Target& from, const Target& to) noexcept;

}  // namespace nines::prober
