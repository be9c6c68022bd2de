#include "checks/redirect.h"

#include <utility>

#include "base/curl_url.h"
#include "spec/check_kind.h"

namespace nines::prober {
namespace {

// Logins that send their state along reach some kilobytes; a check's header limit bounds it too.
constexpr std::size_t kMaxLocationBytes = 64 << 10;

tl::unexpected<Failure> refuse(std::string why) {
  return tl::unexpected(Failure{ErrorClass::redirect, "redirected to " + std::move(why)});
}

}  // namespace

tl::expected<RedirectTarget, Failure> resolve_redirect(const Target& from, const std::string& location) {
  const CurlUrl url(curl_url());
  constexpr unsigned kLenient = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME;
  if (curl_url_set(url.get(), CURLUPART_URL, from.url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, location.c_str(), kLenient) != CURLUE_OK) {
    return refuse("a malformed place");
  }
  RedirectTarget place;
  place.username = url_part(url, CURLUPART_USER, CURLU_URLDECODE).value_or("");
  place.password = url_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE).value_or("");
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  const std::string text = url_part(url, CURLUPART_URL, 0).value_or("");
  const auto kind = check_kind(text);
  if (!kind || !traits(*kind).has(feature::kRequest)) return refuse("a place that is not http or https");
  auto target = parse_target(text, kMaxLocationBytes);
  if (!target) return refuse("an address that cannot be checked: " + target.error().why);
  place.target = *std::move(target);
  return place;
}

}  // namespace nines::prober
