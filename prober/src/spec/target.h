// Where a URL leads: kind, host, port and path, and forms of it that are safe to show.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nines/check_spec.h>

#include "spec/field_error.h"

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

/// What a configured URL may have; more is a mistake. Redirects may lead to longer ones.
inline constexpr std::size_t kMaxUrlBytes = 2048;

/// Fails with the field "url". Does no I/O.
[[nodiscard]] Parsed<Target> parse_target(const std::string& url, std::size_t max_bytes = kMaxUrlBytes);

/// "https://host:port/path": without user, query and fragment, which may hold secrets. At most 200 bytes.
[[nodiscard]] std::string shown_url(const Target& target);

/// Whether credentials for `from` may be sent to `to`: same scheme, host and port.
[[nodiscard]] bool same_origin(const Target& from, const Target& to) noexcept;

}  // namespace nines::prober
