// The kinds of check: one row a kind, and whatever depends on the kind is read from its row.
//
// A new kind is a value of CheckKind, a row here, and for a new engine its class in checks/.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <nines/check_spec.h>

namespace nines::prober {

/// Who measures a kind; checks/ binds each to its class.
enum class CheckEngine : std::uint8_t { curl, tcp, icmp, dns, none };

/// How a server that speaks first must begin, so that a stranger is told from the protocol.
enum class Greeting : std::uint8_t {
  none,        ///< the server waits for us
  reply_code,  ///< three digits: SMTP, FTP
  imap,        ///< "* "
  pop3,        ///< "+OK" or "-ERR"
};

/// What a kind of check can have, as bits. Fields of a CheckSpec that need a feature are refused for other kinds.
using Features = std::uint32_t;
namespace feature {
inline constexpr Features kPort = 1U << 0;       ///< the URL may name a port; it must where the kind has no usual one
inline constexpr Features kPath = 1U << 1;       ///< the URL's path and query mean something
inline constexpr Features kRequest = 1U << 2;    ///< method, body, redirects, and an answer with a status and a body
inline constexpr Features kHeaders = 1U << 3;    ///< headers of HTTP in both directions
inline constexpr Features kUpgrade = 1U << 4;    ///< the WebSocket handshake
inline constexpr Features kProxy = 1U << 5;      ///< can be reached through a proxy
inline constexpr Features kLogin = 1U << 6;      ///< user and password
inline constexpr Features kTls = 1U << 7;        ///< TLS from the first byte
inline constexpr Features kStarttls = 1U << 8;   ///< can be upgraded to TLS
inline constexpr Features kSend = 1U << 9;       ///< bytes of the user's are sent
inline constexpr Features kText = 1U << 10;      ///< what comes back can be searched
inline constexpr Features kQuestion = 1U << 11;  ///< a question to the DNS
inline constexpr Features kAddress = 1U << 12;   ///< the host's name is looked up
inline constexpr Features kDialog = 1U << 13;    ///< steps of the user's are said and heard
inline constexpr Features kPacket = 1U << 14;    ///< its own packets, of which the IP header can be chosen
}  // namespace feature

struct CheckKindTraits {
  CheckKind kind;
  const char* scheme;
  std::uint16_t port;  ///< the scheme's own; 0: none
  CheckEngine engine;
  const char* curl_scheme;  ///< by which libcurl knows what the kind needs of it; empty for other engines
  Features features;
  Greeting greeting;

  [[nodiscard]] constexpr bool has(Features wanted) const noexcept { return (features & wanted) == wanted; }
};

namespace rows {
using namespace feature;
inline constexpr Features kHost = kPort | kAddress;
inline constexpr Features kHttp = kHost | kPath | kRequest | kHeaders | kProxy | kLogin | kText;
inline constexpr Features kWebSocket = kHost | kPath | kHeaders | kUpgrade | kProxy | kLogin;
inline constexpr Features kSession = kHost | kLogin;
}  // namespace rows

// clang-format off
inline constexpr std::array<CheckKindTraits, 21> kCheckKinds{{
    {CheckKind::http,  "http",  80,   CheckEngine::curl, "http",  rows::kHttp,                              Greeting::none},
    {CheckKind::https, "https", 443,  CheckEngine::curl, "https", rows::kHttp | feature::kTls,              Greeting::none},
    {CheckKind::tcp,   "tcp",   0,    CheckEngine::tcp,  "",      rows::kHost | feature::kSend | feature::kText | feature::kDialog,
                                                                                                            Greeting::none},
    {CheckKind::tls,   "tls",   443,  CheckEngine::curl, "https", rows::kHost | feature::kTls | feature::kProxy | feature::kDialog,
                                                                                                            Greeting::none},
    {CheckKind::icmp,  "icmp",  0,    CheckEngine::icmp, "",      feature::kAddress | feature::kPacket,     Greeting::none},
    {CheckKind::dns,   "dns",   53,   CheckEngine::dns,  "",      feature::kPort | feature::kPath | feature::kQuestion,
                                                                                                            Greeting::none},
    {CheckKind::ws,    "ws",    80,   CheckEngine::curl, "http",  rows::kWebSocket,                         Greeting::none},
    {CheckKind::wss,   "wss",   443,  CheckEngine::curl, "https", rows::kWebSocket | feature::kTls,         Greeting::none},
    {CheckKind::smtp,  "smtp",  25,   CheckEngine::curl, "smtp",  rows::kSession | feature::kStarttls,      Greeting::reply_code},
    {CheckKind::smtps, "smtps", 465,  CheckEngine::curl, "smtps", rows::kSession | feature::kTls,           Greeting::reply_code},
    {CheckKind::imap,  "imap",  143,  CheckEngine::curl, "imap",  rows::kSession | feature::kStarttls,      Greeting::imap},
    {CheckKind::imaps, "imaps", 993,  CheckEngine::curl, "imaps", rows::kSession | feature::kTls,           Greeting::imap},
    {CheckKind::pop3,  "pop3",  110,  CheckEngine::curl, "pop3",  rows::kSession | feature::kStarttls,      Greeting::pop3},
    {CheckKind::pop3s, "pop3s", 995,  CheckEngine::curl, "pop3s", rows::kSession | feature::kTls,           Greeting::pop3},
    {CheckKind::ftp,   "ftp",   21,   CheckEngine::curl, "ftp",   rows::kSession | feature::kStarttls,      Greeting::reply_code},
    {CheckKind::ftps,  "ftps",  990,  CheckEngine::curl, "ftps",  rows::kSession | feature::kTls,           Greeting::reply_code},
    {CheckKind::mqtt,  "mqtt",  1883, CheckEngine::tcp,  "",      rows::kSession,                           Greeting::none},
    {CheckKind::ldap,  "ldap",  389,  CheckEngine::curl, "ldap",  rows::kSession | feature::kPath | feature::kStarttls,
                                                                                                            Greeting::none},
    {CheckKind::ldaps, "ldaps", 636,  CheckEngine::curl, "ldaps", rows::kSession | feature::kPath | feature::kTls,
                                                                                                            Greeting::none},
    {CheckKind::ssh,   "ssh",   22,   CheckEngine::tcp,  "",      rows::kHost | feature::kText,             Greeting::none},
    {CheckKind::push,  "push",  0,    CheckEngine::none, "",      feature::kPath,                           Greeting::none},
}};
// clang-format on

/// The row of `kind`.
[[nodiscard]] constexpr const CheckKindTraits& traits(CheckKind kind) noexcept {
  return kCheckKinds[static_cast<std::size_t>(kind)];
}

/// The kinds that have all of `wanted`, as text: "http, https and tcp".
[[nodiscard]] std::string kinds_with(Features wanted);

/// Whether `line` can be the first thing that a server with this greeting says. libcurl skips other lines and waits on.
[[nodiscard]] bool greets(Greeting greeting, std::string_view line) noexcept;

}  // namespace nines::prober
