#include "spec/target.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

#include "base/address.h"

namespace nines::prober {
namespace {

struct Scheme {
  CheckKind kind;
  std::string_view name;
  std::uint16_t port;  // 0: the URL must say it, or there is none
};

constexpr std::array<Scheme, 20> kSchemes{{
    {CheckKind::http, "http", 80},    {CheckKind::https, "https", 443}, {CheckKind::tcp, "tcp", 0},
    {CheckKind::tls, "tls", 443},     {CheckKind::icmp, "icmp", 0},     {CheckKind::dns, "dns", 53},
    {CheckKind::ws, "ws", 80},        {CheckKind::wss, "wss", 443},     {CheckKind::smtp, "smtp", 25},
    {CheckKind::smtps, "smtps", 465}, {CheckKind::imap, "imap", 143},   {CheckKind::imaps, "imaps", 993},
    {CheckKind::pop3, "pop3", 110},   {CheckKind::pop3s, "pop3s", 995}, {CheckKind::ftp, "ftp", 21},
    {CheckKind::ftps, "ftps", 990},   {CheckKind::mqtt, "mqtt", 1883},  {CheckKind::ldap, "ldap", 389},
    {CheckKind::ldaps, "ldaps", 636}, {CheckKind::push, "push", 0},
}};

constexpr std::size_t kMaxUrlBytes = 2048;
constexpr std::size_t kMaxShownBytes = 200;

const Scheme& scheme_of(CheckKind kind) noexcept {
  return *std::find_if(kSchemes.begin(), kSchemes.end(), [kind](const Scheme& s) { return s.kind == kind; });
}

struct CurlUrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK || text == nullptr) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

tl::unexpected<Error> bad_url(const std::string& why) {
  return fail(ErrorCode::invalid_argument, "url: " + why);
}

bool is_clean(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The scheme by which libcurl knows what the kind needs of it. `tls` is https that stops after the handshake.
std::string_view curl_scheme(CheckKind kind) noexcept {
  switch (kind) {
    case CheckKind::ws:
      return "http";
    case CheckKind::wss:
    case CheckKind::tls:
      return "https";
    default:
      return to_string(kind);
  }
}

// dns:NAME, dns:/NAME and dns://SERVER[:PORT]/NAME, each with ?type=T (RFC 4501).
Result<std::string> normal_dns_url(const std::string& url) {
  const std::string rest = url.substr(url.find(':') + 1);
  if (rest.starts_with("//")) return "dns:" + rest;
  return "dns://system/" + rest.substr(rest.starts_with("/") ? 1 : 0);
}

}  // namespace

Result<Target> parse_target(const std::string& url) {
  if (url.empty()) return bad_url("missing");
  if (url.size() > kMaxUrlBytes) return bad_url("longer than " + std::to_string(kMaxUrlBytes) + " bytes");
  if (!is_clean(url)) return bad_url("has a space or control character");
  const auto kind = check_kind(url);
  if (!kind) return bad_url("its scheme is not one that can be checked (http, https, tcp, tls, icmp, dns, ...)");
  Target target;
  target.kind = *kind;
  if (*kind == CheckKind::push) return target;

  const bool system_dns = *kind == CheckKind::dns && !lower(url.substr(0, 6)).ends_with("//");
  const CurlUrl parsed(curl_url());
  const std::string text = *kind == CheckKind::dns ? *normal_dns_url(url) : url;
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return bad_url("malformed");
  }
  if (part(parsed.get(), CURLUPART_USER) || part(parsed.get(), CURLUPART_PASSWORD)) {
    return bad_url("has a user or password in it; they belong into `username` and `password`");
  }
  const auto host = part(parsed.get(), CURLUPART_HOST);
  if (!host || host->empty()) return bad_url("has no valid host");
  // libcurl would convert such a name by the process's locale, which is the host's to set and may say anything.
  if (!is_ascii(*host)) return bad_url("has a host outside of ASCII; write it in its xn-- form");
  target.host = lower(*host);
  const std::uint16_t usual = scheme_of(*kind).port;
  target.port = usual;
  if (const auto port = part(parsed.get(), CURLUPART_PORT)) {
    const auto number = parse_port(*port);
    if (!number) return bad_url("the port is not in 1-65535");
    if (*kind == CheckKind::icmp) return bad_url("icmp has no ports");
    target.port = *number;
  } else if (*kind == CheckKind::tcp) {
    return bad_url("tcp needs a port, as in tcp://host:22");
  }
  target.path = part(parsed.get(), CURLUPART_PATH).value_or("/");
  target.query = part(parsed.get(), CURLUPART_QUERY).value_or("");
  if (system_dns) target.host.clear();
  target.numeric = parse_address(target.host, 1).has_value();
  if (target.numeric && target.host.front() == '[') target.host = target.host.substr(1, target.host.size() - 2);

  const bool v6 = target.numeric && target.host.find(':') != std::string::npos;
  target.url = std::string(curl_scheme(*kind)) + "://" + (v6 ? "[" + target.host + "]" : target.host) + ":" +
               std::to_string(target.port) + target.path + (target.query.empty() ? "" : "?" + target.query);
  return target;
}

std::string shown_url(const Target& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  std::string text = std::string(to_string(target.kind)) + "://" + (v6 ? "[" + target.host + "]" : target.host);
  if (target.port != scheme_of(target.kind).port) text += ":" + std::to_string(target.port);
  text += target.path;
  if (text.size() > kMaxShownBytes) text.resize(kMaxShownBytes);
  return text;
}

bool same_origin(const Target& from, const Target& to) noexcept {
  return from.kind == to.kind && from.host == to.host && from.port == to.port;
}

}  // namespace nines::prober

namespace nines {

std::string_view to_string(CheckKind kind) noexcept {
  return prober::scheme_of(kind).name;
}

std::optional<CheckKind> check_kind(std::string_view url) noexcept {
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view name = url.substr(0, colon);
  const auto same = [name](const prober::Scheme& scheme) {
    return std::equal(name.begin(), name.end(), scheme.name.begin(), scheme.name.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == static_cast<unsigned char>(b);
    });
  };
  const auto* found = std::find_if(prober::kSchemes.begin(), prober::kSchemes.end(), same);
  if (found == prober::kSchemes.end()) return std::nullopt;
  return found->kind;
}

}  // namespace nines
