#include "spec/compile_parts.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/base64.h"
#include "base/curl_url.h"
#include "base/host_name.h"
#include "base/text.h"
#include "spec/check_kind.h"
#include "spec/dns_names.h"

namespace nines::prober {
namespace {

// One expression's program and caches, which grow as they are used; RE2 falls back to an automaton that is a thousand
// times slower rather than exceed it.
constexpr std::int64_t kExpressionMemory = 8 << 20;
// The work that an expression may be at worst, in instructions of its program times bytes: a server chooses the text,
// and while it is looked at no other check goes on. About a second at worst; most texts take a thousandth of it.
constexpr std::size_t kMostWork = std::size_t{1} << 30U;
// A program so small is fine for any text: at most 16 ms a MB in what was tried.
constexpr std::size_t kSmallProgram = 128;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// A suffix match on whole labels; "*" is every host. Ports in entries are not looked at.
bool listed_in_no_proxy(const std::string& list, const std::string& host) {
  for (auto entry : split(list, ',')) {
    entry = trim(entry);
    if (entry == "*") return true;
    while (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.empty() || host.size() < entry.size()) continue;
    const std::string_view tail = std::string_view(host).substr(host.size() - entry.size());
    const bool whole = host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.';
    if (whole && equal_ignoring_case(tail, entry)) return true;
  }
  return false;
}

}  // namespace

Parsed<FixedAddress> parse_fixed_address(const std::string& entry) {
  const auto malformed = wrong("resolve", "\"" + one_line(entry) + "\" is not host:port:address");
  const auto first = entry.find(':');
  if (first == std::string::npos || first == 0) return malformed;
  const auto second = entry.find(':', first + 1);
  if (second == std::string::npos) return malformed;
  const auto port = parse_port(std::string_view(entry).substr(first + 1, second - first - 1));
  if (!port) return malformed;
  const auto address = parse_address(std::string_view(entry).substr(second + 1), *port);
  if (!address) return malformed;
  auto host = ascii_host(std::string_view(entry).substr(0, first));
  if (!host) return malformed;
  return FixedAddress{std::string(without_final_dot(*host)), *port, *address};
}

Parsed<Proxy> parse_proxy(const std::string& url) {
  const CurlUrl parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return wrong("proxy", "not a URL such as http://proxy.example:3128");
  }
  const auto scheme = to_lower(url_part(parsed, CURLUPART_SCHEME, 0).value_or(""));
  if (scheme != "http" && scheme != "https" && scheme != "socks4a" && scheme != "socks5h") {
    return wrong("proxy", "its scheme must be http, https, socks4a or socks5h");
  }
  const auto host = ascii_host(url_part(parsed, CURLUPART_HOST, 0).value_or(""));
  if (!host || host->empty()) return wrong("proxy", "has no valid host");
  Proxy proxy;
  proxy.host = *host;
  curl_url_set(parsed.get(), CURLUPART_HOST, host->c_str(), 0);
  proxy.url = url_part(parsed, CURLUPART_URL, 0).value_or("");
  const auto port = parse_port(url_part(parsed, CURLUPART_PORT, 0).value_or(""));
  // The ports that libcurl takes when none is given.
  proxy.port = port.value_or(static_cast<std::uint16_t>(scheme == "https" ? 443 : 1080));
  proxy.numeric = parse_address(proxy.host, 1).has_value();
  return proxy;
}

Parsed<std::optional<Proxy>> proxy_from_environment(const Target& target) {
  auto no_proxy = environment("no_proxy");
  if (no_proxy.empty()) no_proxy = environment("NO_PROXY");
  if (listed_in_no_proxy(no_proxy, target.host)) return std::nullopt;
  const bool tls = traits(target.kind).has(feature::kTls);
  // HTTP_PROXY in capitals is not read: a CGI host sets it from a request's Proxy header.
  auto url = environment(tls ? "https_proxy" : "http_proxy");
  if (url.empty() && tls) url = environment("HTTPS_PROXY");
  if (url.empty()) url = environment("all_proxy");
  if (url.empty()) url = environment("ALL_PROXY");
  if (url.empty()) return std::nullopt;
  if (url.find("://") == std::string::npos) url = "http://" + url;
  auto proxy = parse_proxy(url);
  if (!proxy) return wrong("proxy-from-environment", proxy.error().why);
  return *std::move(proxy);
}

Parsed<std::string> parse_server(const std::string& text) {
  if (const auto plain = parse_address(text, 53)) return with_port(*plain);
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) {
    const auto port = parse_port(std::string_view(text).substr(colon + 1));
    if (port) {
      if (const auto address = parse_address(std::string_view(text).substr(0, colon), *port)) {
        return with_port(*address);
      }
    }
  }
  return wrong("dns-server", "\"" + one_line(text) + "\" is not an address or address:port");
}

Parsed<Question> parse_question(const Target& target, const CheckSpec& spec) {
  Question question;
  const auto name = ascii_host(std::string_view(target.path).substr(target.path.starts_with('/') ? 1 : 0));
  if (!name) return wrong("url", "the name outside of ASCII cannot be converted");
  question.name = *name;
  // RFC 1035, section 2.3.4: names of up to 255 octets with labels of up to 63.
  if (question.name.empty()) return wrong("url", "names nothing to ask for, as in dns:example.org?type=MX");
  if (question.name.size() > 253) return wrong("url", "the name is longer than 253 bytes");
  std::string type;
  for (const auto pair : split(target.query, ';')) {
    if (equal_ignoring_case(pair.substr(0, 5), "type=")) type = pair.substr(5);
  }
  if (!spec.dns_type.empty()) {
    const bool is_other = !type.empty() && !equal_ignoring_case(type, spec.dns_type);
    if (is_other) return wrong("dns-type", "is not the type that the url names");
    type = spec.dns_type;
  }
  if (type.empty()) type = "A";
  const auto number = dns_type_number(type);
  if (!number) return wrong("url", "type " + one_line(type) + " is not one that can be asked for");
  question.type = *number;
  if (!target.host.empty()) {
    if (!target.numeric) return wrong("url", "the server of a dns check must be an address");
    question.server = with_port(*parse_address(target.host, target.port));
  }
  if (!spec.dns_server.empty()) {
    auto server = parse_server(spec.dns_server);
    if (!server) return tl::unexpected(server.error());
    if (!question.server.empty() && question.server != *server) {
      return wrong("dns-server", "is not the server that the url names");
    }
    question.server = *std::move(server);
  }
  return question;
}

Parsed<std::string> parse_answer(int dns_type, const std::string& text) {
  auto normal = normal_record(dns_type, text);
  if (normal) return *std::move(normal);
  return wrong("expect.dns-answers", "\"" + one_line(text) + "\" is no " + dns_type_name(dns_type) + " record");
}

Parsed<Network> parse_dns_network(int dns_type, const std::string& text) {
  const std::string_view form = dns_form(dns_type);
  if (form != "a" && form != "q") return wrong("expect.dns-networks", "only for the types A and AAAA");
  const auto network = parse_network(text);
  if (!network || (network->base.family() == AF_INET) != (form == "a")) {
    return wrong("expect.dns-networks", "\"" + one_line(text) + "\" is no network of " + dns_type_name(dns_type) +
                                            " addresses, such as " + (form == "a" ? "192.0.2.0/24" : "2001:db8::/32"));
  }
  return *network;
}

Parsed<std::string> parse_key_digest(const std::string& text) {
  constexpr std::size_t kDigestBytes = 32;
  constexpr std::size_t kBase64Bytes = 44;
  std::array<unsigned char, kBase64Bytes> bytes{};
  const std::string_view digest = text.starts_with("sha256//") ? std::string_view(text).substr(8) : text;
  const auto malformed = wrong("expect.public-key-sha256", "\"" + one_line(text) + "\" is no SHA-256 in base64 or hex");
  if (digest.size() == 2 * kDigestBytes) {
    for (std::size_t i = 0; i < kDigestBytes; ++i) {
      const char* const at = digest.data() + 2 * i;
      if (std::from_chars(at, at + 2, bytes[i], 16).ptr != at + 2) return malformed;
    }
  } else {
    const auto* const in = reinterpret_cast<const unsigned char*>(digest.data());
    // One byte of padding is decoded as a zero byte.
    const bool fits = digest.size() == kBase64Bytes && digest.back() == '=' && digest[kBase64Bytes - 2] != '=';
    if (!fits ||
        EVP_DecodeBlock(bytes.data(), in, static_cast<int>(kBase64Bytes)) != static_cast<int>(kDigestBytes + 1)) {
      return malformed;
    }
  }
  return base64({reinterpret_cast<const char*>(bytes.data()), kDigestBytes});
}

std::string usual_method(const std::string& method) {
  for (const char* usual : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    if (equal_ignoring_case(method, usual)) return usual;
  }
  return method;
}

Parsed<std::unique_ptr<const RE2>> compile_expression(const char* field, const std::string& expression,
                                                      std::size_t bytes) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kExpressionMemory);
  auto compiled = std::make_unique<const RE2>(expression, options);
  if (!compiled->ok()) {
    return wrong(field, "\"" + one_line(expression) + "\": " + one_line(compiled->error()));
  }
  const auto size = static_cast<std::size_t>(compiled->ProgramSize());
  const std::size_t most = std::max(kMostWork / std::max<std::size_t>(bytes, 1), kSmallProgram);
  if (size > most) {
    return wrong(field, "\"" + one_line(expression) + "\": its program of " + std::to_string(size) +
                            " instructions could take seconds for " + std::to_string(bytes) + " bytes, where " +
                            std::to_string(most) +
                            " are fine; count less in it, as in {0,50}, or set a smaller body-limit");
  }
  return compiled;
}

}  // namespace nines::prober
