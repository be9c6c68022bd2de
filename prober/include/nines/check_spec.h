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
#include <span>
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
  ssh,
  push,  ///< not probed: a job reports in
};

/// The scheme's name, e.g. "https".
[[nodiscard]] std::string_view to_string(CheckKind kind) noexcept;
/// The kind that `url`'s scheme (any case) names; nothing when there is no scheme or it is not one of them.
[[nodiscard]] std::optional<CheckKind> check_kind(std::string_view url) noexcept;

/// Status codes from `first` to `last`, both inclusive, within 100-999.
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

/// A condition on one value of a JSON body, or on several.
struct JsonCondition {
  enum class Op : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, contains, exists };
  /// What is compared: the value, its length (items, members or characters), or one of the values that the path reaches
  /// when each step that is no index goes into every item of an array.
  enum class Subject : std::uint8_t { value, length, any };
  std::string path;  ///< a JSON pointer ("/items/0/name") or a path ("items.0.name", "items[0].name", "$['a b']")
  /// < to >= order numbers, or strings by bytes; `contains` looks into texts, arrays and keys. To a number "5" is 5.
  Op op = Op::equal;
  std::string value;  ///< JSON text (`3`, `true`, `"ok"`); what is not JSON is taken as a string
  Subject subject = Subject::value;
  friend bool operator==(const JsonCondition&, const JsonCondition&) = default;
};

/// One step of a conversation with a server.
struct DialogStep {
  enum class Act : std::uint8_t {
    expect,    ///< wait for a match of `text`, an RE2 expression, behind that of the last expectation; \C is any byte
    send,      ///< say `text`, in which {{1}} to {{9}} stand for the groups of the last expectation
    starttls,  ///< go on over TLS
  };
  Act act = Act::expect;
  std::string text;
  friend bool operator==(const DialogStep&, const DialogStep&) = default;
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
  std::string crl_file;                 ///< PEM: revoked certificates; each authority of the chain must have its list
  bool verify_tls = true;               ///< false: any certificate will do; its expiry is still read
  bool starttls = false;                ///< smtp, imap, pop3, ftp, ldap: the connection must be upgraded to TLS
  std::string proxy;                    ///< http, https, socks4a or socks5h URL
  bool proxy_from_environment = false;  ///< http_proxy, https_proxy, all_proxy, no_proxy; by `url`, for redirects too
  AddressFamily family = AddressFamily::any;
  std::optional<int> ttl;            ///< icmp: routers that a request may pass, [1, 255]
  std::string source_address;        ///< icmp: the address of ours that requests come from
  std::vector<std::string> resolve;  ///< "host:port:address", instead of asking the DNS
  AddressPolicy policy;

  // Send and query.
  std::string send;  ///< tcp: bytes sent once connected
  /// tcp, tls: what is said and heard in turn, instead of `send` and conditions on a body: "expect ^220 ", "send
  /// QUIT\r\n", "starttls". Up when all was done. `expect` sees lines that end in LF; ^ and $ are the bounds of a line.
  std::vector<DialogStep> dialog;
  std::string dns_type;    ///< dns: A (default), AAAA, CNAME, MX, NS, TXT, SOA, SRV, PTR, CAA, DS, TLSA, ...
  std::string dns_server;  ///< dns: "address" or "address:port" to ask, instead of the system's

  // What the answer must be. A condition that does not hold makes the check down, unless it says otherwise.
  std::vector<StatusRange> status;  ///< http: empty means 200-299; ws: always 101
  std::vector<HeaderCondition> header_conditions;
  std::vector<std::string> body_contains;      ///< http body, what a tcp peer sent, or what an ssh server calls itself
  std::vector<std::string> body_not_contains;  ///< http only
  std::vector<std::string> body_matches;       ///< RE2, unanchored; of the same
  std::vector<JsonCondition> json;
  /// Every one must be among the answers, e.g. "192.0.2.1" or "10 mx.example". Compared as the DNS does: names without
  /// case and final dot, addresses and numbers by their value, text byte by byte.
  std::vector<std::string> dns_answers;
  bool dns_only = false;                  ///< and no answer but those of dns_answers
  std::vector<std::string> dns_contains;  ///< every one must be part of an answer's text
  std::vector<std::string> dns_networks;  ///< A, AAAA: every address must lie in one of them, e.g. "192.0.2.0/24"
  std::string dns_rcode;                  ///< empty means NOERROR, e.g. NXDOMAIN
  std::optional<int> certificate_days;    ///< degraded when the chain expires sooner than this many days, [1, 3650]
  /// The server's public key must be one of these: SHA-256 of its SubjectPublicKeyInfo in base64 or hexadecimal.
  std::vector<std::string> public_key_sha256;
  std::vector<std::string> certificate_issuer;  ///< one must be part of the issuer's name, e.g. "O=Let's Encrypt"
  bool ocsp_stapling = false;                   ///< the server must show a valid OCSP answer with its certificate
  std::optional<std::chrono::milliseconds> latency_below;  ///< degraded at or above it
  bool strict = false;  ///< where certificate_days and latency_below say degraded it is down

  // Limits.
  CheckTimeouts timeouts;
  bool read_body = true;                     ///< false: the answer's headers are enough, as for a stream without an end
  std::size_t body_limit_bytes = 1'048'576;  ///< as received and, where it is looked at, decoded; [1, 64 MiB]
  std::size_t header_limit_bytes = 65'536;   ///< all headers of an answer; [256, 256 KiB]

  bool upside_down = false;  ///< up when the check fails, down when it does not; unknown stays unknown

  friend bool operator==(const CheckSpec&, const CheckSpec&) = default;
};

/// A mistake in one field of a check.
struct FieldError {
  std::string field;  ///< its key, as in "timeout" or "expect.status"; empty when it is about the check as a whole
  std::string why;
  friend bool operator==(const FieldError&, const FieldError&) = default;
};
/// "timeout: not positive".
[[nodiscard]] std::string to_string(const FieldError& error);

/// Every mistake in a field, also against `interval` (0: not known yet). Reads no file and resolves nothing.
[[nodiscard]] std::vector<FieldError> check_spec_problems(const CheckSpec& spec, std::chrono::milliseconds interval);
/// The same as one `invalid_argument` that names all mistakes, each beginning with its field.
[[nodiscard]] Result<void> validate(const CheckSpec& spec, std::chrono::milliseconds interval);

/// `spec` without what may be secret, fit to be stored and shown: password, token, body, bytes to send, headers that
/// say who is asking, the URL's query (but that of a dns check), and the proxy's login.
[[nodiscard]] CheckSpec without_secrets(CheckSpec spec);

/// A check that is ready to run: immutable, to be shared between threads and runs. Opaque.
class CompiledCheck;

/// Validates and prepares `spec`. A push check is refused: it is not probed.
[[nodiscard]] Result<std::shared_ptr<const CompiledCheck>> compile(const CheckSpec& spec);

/// One JSON object with the configuration's kebab-case keys; fields at their default are left out.
[[nodiscard]] std::string to_json(const CheckSpec& spec);

/// What `read_check_spec` made of a text: the fields that could be read, and what is wrong with the others.
struct CheckSpecReading {
  CheckSpec spec;
  std::vector<FieldError> errors;
};
/// The inverse of to_json. Accepts a single value where a list is meant, "60s"-like durations, "200-299" ranges and
/// conditions as text ("items.0.n >= 3"). Unknown keys and wrong types are errors. Does not validate further.
[[nodiscard]] CheckSpecReading read_check_spec(std::string_view json);
/// The same; all errors as one `invalid_argument`.
[[nodiscard]] Result<CheckSpec> check_spec_from_json(std::string_view json);

/// One key of a check's JSON.
struct CheckSpecKey {
  enum class Type : std::uint8_t { text, number, boolean, list };
  std::string_view section;  ///< "timeouts" or "expect"; empty for keys of the check itself
  std::string_view name;
  Type type;              ///< a list may also be a single value
  std::string_view form;  ///< what the value must be: "a duration such as \"10s\""
  std::string_view help;  ///< what it is, in a few words
  std::string usual;      ///< the default, as JSON
};
/// All keys, in the order of the JSON.
[[nodiscard]] std::span<const CheckSpecKey> check_spec_keys();

}  // namespace nines
