#include "spec/target.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/curl_url.h"
#include "base/host_name.h"
#include "base/text.h"
#include "spec/check_kind.h"

namespace nines::prober {
namespace {

constexpr std::size_t kMaxShownBytes = 200;

tl::unexpected<FieldError> bad_url(std::string why) {
  return tl::unexpected(FieldError{"url", std::move(why)});
}

bool is_clean(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

// dns:NAME, dns:/NAME and dns://SERVER[:PORT]/NAME, each with ?type=T (RFC 4501).
std::string normal_dns_url(const std::string& url) {
  const std::string rest = url.substr(url.find(':') + 1);
  if (rest.starts_with("//")) return "dns:" + rest;
  return "dns://system/" + rest.substr(rest.starts_with("/") ? 1 : 0);
}

}  // namespace

Parsed<Target> parse_target(const std::string& url, std::size_t max_bytes) {
  if (url.empty()) return bad_url("missing");
  if (url.size() > max_bytes) return bad_url("longer than " + std::to_string(max_bytes) + " bytes");
  if (!is_clean(url)) return bad_url("has a space or control character");
  const auto kind = check_kind(url);
  if (!kind) {
    const std::size_t colon = url.find(':');
    const std::string scheme =
        colon == std::string::npos || colon > kMaxShownBytes ? "" : " `" + url.substr(0, colon) + "`";
    return bad_url("its scheme" + scheme + " is not one that can be checked: " + kinds_with(0));
  }
  Target target;
  target.kind = *kind;
  if (*kind == CheckKind::push) return target;

  const bool system_dns = *kind == CheckKind::dns && !url.substr(0, 6).ends_with("//");
  const CurlUrl parsed(curl_url());
  const std::string text = *kind == CheckKind::dns ? normal_dns_url(url) : url;
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return bad_url("malformed");
  }
  if (url_part(parsed, CURLUPART_USER) || url_part(parsed, CURLUPART_PASSWORD)) {
    return bad_url("has a user or password in it; they belong into `username` and `password`");
  }
  const auto host = url_part(parsed, CURLUPART_HOST);
  if (!host || host->empty()) return bad_url("has no valid host");
  if (const auto zone = url_part(parsed, CURLUPART_ZONEID)) {
    return bad_url("has an address with a zone (%" + *zone + "), and addresses that need one cannot be checked");
  }
  // libcurl would convert a name outside of ASCII by the process's locale, which is the host's to set.
  auto name = ascii_host(*host);
  if (!name) return bad_url("has a host outside of ASCII that cannot be converted");
  target.host = *std::move(name);
  target.port = traits(*kind).port;
  if (const auto port = url_part(parsed, CURLUPART_PORT)) {
    const auto number = parse_port(*port);
    if (!number) return bad_url("the port is not in 1-65535");
    if (!traits(*kind).has(feature::kPort)) return bad_url(std::string(traits(*kind).scheme) + " has no ports");
    target.port = *number;
  } else if (traits(*kind).has(feature::kPort) && target.port == 0) {
    return bad_url(std::string(traits(*kind).scheme) + " needs a port, as in tcp://host:22");
  }
  const unsigned decoded = traits(*kind).has(feature::kQuestion) ? CURLU_URLDECODE : 0U;
  target.path = url_part(parsed, CURLUPART_PATH, decoded).value_or("/");
  target.query = url_part(parsed, CURLUPART_QUERY).value_or("");
  if (system_dns) target.host.clear();
  target.numeric = parse_address(target.host, 1).has_value();
  if (target.numeric && target.host.front() == '[') target.host = target.host.substr(1, target.host.size() - 2);

  const bool v6 = target.numeric && target.host.find(':') != std::string::npos;
  target.url = std::string(traits(*kind).curl_scheme) + "://" + (v6 ? "[" + target.host + "]" : target.host) + ":" +
               std::to_string(target.port) + target.path + (target.query.empty() ? "" : "?" + target.query);
  return target;
}

std::string shown_url(const Target& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  std::string text = std::string(to_string(target.kind)) + "://" + (v6 ? "[" + target.host + "]" : target.host);
  if (target.port != traits(target.kind).port) text += ":" + std::to_string(target.port);
  text += target.path;
  if (text.size() > kMaxShownBytes) text.resize(kMaxShownBytes);
  return text;
}

bool same_origin(const Target& from, const Target& to) noexcept {
  return from.kind == to.kind && from.host == to.host && from.port == to.port;
}

}  // namespace nines::prober
