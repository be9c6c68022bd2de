// What a check is: the description of how a server is measured, and what its answer must be.
//
// A CheckSpec is a plain value without behaviour. `validate` says what is wrong with one, `compile` turns it into the
// form that a CheckRunner runs (regular expressions, JSON paths and header lists are prepared once). Its JSON form has
// the keys of the configuration file's server entry and is what the catalog keeps in Server::check.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/result.h>

namespace nines {

/// What a URL's scheme means.
enum class CheckKind : std::uint8_t {
  http,
  https,
  tcp,
  tls,
  icmp,
  dns,
  ws,
  wss,
  smtp,
  smtps,
  imap,
  imaps,
  pop3,
  pop3s,
  ftp,
  ftps,
  mqtt,
  ldap,
  ldaps,
  push,  ///< not probed: a job reports in
};

/// The scheme's name, e.g. "https".
[[nodiscard]] std::string_view to_string(CheckKind kind) noexcept;
/// The kind that `url`'s scheme (any case) names; nothing when there is no scheme or it is not one of them.
[[nodiscard]] std::optional<CheckKind> check_kind(std::string_view url) noexcept;

/// Status codes from `first` to `last`, both inclusive, within 100-599.
struct StatusRange {
  std::uint16_t first = 200;
  std::uint16_t last = 299;
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

/// A condition on the answer's headers. Names compare without case; a repeated header holds when one of its values
/// does.
struct HeaderCondition {
  enum class Op : std::uint8_t { exists, absent, equals, not_equals, contains, matches };
  std::string name;
  Op op = Op::exists;
  std::string value;  ///< text, or an RE2 expression for `matches`
  friend bool operator==(const HeaderCondition&, const HeaderCondition&) = default;
};

/// A condition on one value of a JSON body.
struct JsonCondition {
  enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, contains };
  std::string path;  ///< a JSON pointer ("/items/0/name") or a dotted path ("items.0.name")
  Op op =
      Op::equal;  ///< <, <=, >, >= compare numbers, or two strings by bytes; `contains` looks into text, array, keys
  std::string value;  ///< JSON text (`3`, `true`, `"ok"`); what is not JSON is taken as a string
  friend bool operator==(const JsonCondition&, const JsonCondition&) = default;
};

/// Upper bounds of a check's phases. 0 means: bounded by `total` alone.
struct CheckTimeouts {
  std::chrono::milliseconds dns{0};
  std::chrono::milliseconds connect{0};     ///< TCP connection, all addresses together
  std::chrono::milliseconds tls{0};         ///< handshake
  std::chrono::milliseconds first_byte{0};  ///< from the request's end to the answer's first byte
  std::chrono::milliseconds total{10'000};  ///< everything, redirects included; > 0 and below the interval
  friend bool operator==(const CheckTimeouts&, const CheckTimeouts&) = default;
};

/// Addresses that a check may not connect to, whatever a name resolves or redirects to. For targets that come from
/// untrusted input; judged on the address itself, so that a DNS answer cannot get around it.
struct AddressPolicy {
  bool refuse_loopback = false;    ///< 127/8, ::1, 0.0.0.0, ::
  bool refuse_link_local = false;  ///< 169.254/16 (with the metadata address), fe80::/10
  bool refuse_private = false;     ///< RFC 1918, 100.64/10, fc00::/7, multicast and reserved
  friend bool operator==(const AddressPolicy&, const AddressPolicy&) = default;
};

enum class AddressFamily : std::uint8_t { any, v4, v6 };
enum class HttpVersion : std::uint8_t {
  any,  ///< HTTP/2 when TLS negotiates it, else 1.1
  v1_0,
  v1_1,
  v2,                  ///< HTTP/2 or failure
  v2_prior_knowledge,  ///< HTTP/2 in clear text without an upgrade
};

struct CheckSpec {
  std::string url;  ///< the scheme selects the kind; user and password do not belong here

  // The request (http, https, ws, wss).
  std::string method;  ///< empty: GET, or POST when there is a body
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  HttpVersion http_version = HttpVersion::any;
  bool follow_redirects = true;
  int max_redirects = 10;   ///< [0, 10]
  bool compressed = false;  ///< ask for gzip and the like; otherwise identity is asked for
  bool keep_alive = false;  ///< reuse the connection of the last check: quicker, but hides connect and TLS faults

  // Who we are. Never part of a detail.
  std::string username;  ///< basic authentication, or the protocol's login
  std::string password;
  std::string bearer_token;        ///< excludes username
  std::string client_certificate;  ///< path of a PEM file
  std::string client_key;          ///< path of a PEM file

  // The way there.
  std::string ca_file;                  ///< PEM, instead of the system's authorities
  bool verify_tls = true;               ///< false: any certificate will do; its expiry is still read
  bool starttls = false;                ///< smtp, imap, pop3, ftp, ldap: the connection must be upgraded to TLS
  std::string proxy;                    ///< http, https, socks4a or socks5h URL
  bool proxy_from_environment = false;  ///< http_proxy, https_proxy, all_proxy, no_proxy
  AddressFamily family = AddressFamily::any;
  std::vector<std::string> resolve;  ///< "host:port:address", instead of asking the DNS
  AddressPolicy policy;

  // Send and query.
  std::string send;        ///< tcp: bytes sent once connected
  std::string dns_type;    ///< dns: A (default), AAAA, CNAME, MX, NS, TXT, SOA, SRV, PTR, CAA
  std::string dns_server;  ///< dns: "address" or "address:port" to ask, instead of the system's

  // What the answer must be. A condition that does not hold makes the check down, unless it says otherwise.
  std::vector<StatusRange> status;  ///< http: empty means 200-299; ws: always 101
  std::vector<HeaderCondition> header_conditions;
  std::vector<std::string> body_contains;      ///< http body, or what a tcp peer sent
  std::vector<std::string> body_not_contains;  ///< http only
  std::vector<std::string> body_matches;       ///< RE2, unanchored; http body, or what a tcp peer sent
  std::vector<JsonCondition> json;
  std::vector<std::string> dns_answers;  ///< every one must be among the answers, e.g. "192.0.2.1" or "10 mx.example"
  std::string dns_rcode;                 ///< empty means NOERROR, e.g. NXDOMAIN
  std::optional<int> certificate_days;   ///< degraded when the chain expires sooner than this many days, [1, 3650]
  std::optional<std::chrono::milliseconds> latency_below;  ///< degraded at or above it

  // Limits.
  CheckTimeouts timeouts;
  std::size_t body_limit_bytes = 1'048'576;  ///< decoded; [1, 64 MiB]
  std::size_t header_limit_bytes = 65'536;   ///< all headers of an answer; [256, 256 KiB]

  friend bool operator==(const CheckSpec&, const CheckSpec&) = default;
};

/// Checks every field, also against `interval` (0: not known yet). The message begins with the field's name as in the
/// configuration. Reads no file and resolves nothing.
[[nodiscard]] Result<void> validate(const CheckSpec& spec, std::chrono::milliseconds interval);

/// A check that is ready to run: immutable, to be shared between threads and runs. Opaque.
class CompiledCheck;

/// Validates and prepares `spec`. A push check is refused: it is not probed.
[[nodiscard]] Result<std::shared_ptr<const CompiledCheck>> compile(const CheckSpec& spec);

/// One JSON object with the configuration's kebab-case keys; fields at their default are left out.
[[nodiscard]] std::string to_json(const CheckSpec& spec);
/// The inverse. Accepts a single value where a list is meant, "60s"-like durations, "200-299" ranges and conditions
/// as text ("items.0.n >= 3"). An unknown key or a wrong type is an error that names it. Does not validate further.
[[nodiscard]] Result<CheckSpec> check_spec_from_json(std::string_view json);

}  // namespace nines
