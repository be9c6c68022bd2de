#include "spec/secrets.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "spec/check_kind.h"

namespace nines::prober {
namespace {

// The login of a proxy's URL: what stands between "://" and the last '@' before the path; empty when there is none.
std::string_view login_of(std::string_view url) noexcept {
  const auto scheme_end = url.find("://");
  const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const auto at = authority.rfind('@');
  return at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
}

}  // namespace

bool is_secret_header(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kSigns{"auth", "cookie",   "token",   "secret",
                                                          "key",  "password", "session", "credential"};
  const std::string lower = to_lower(name);
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&lower](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

std::vector<std::string> secrets_of(const CompiledCheck& check) {
  const CheckSpec& spec = check.spec;
  std::vector<std::string> secrets;
  const auto add = [&secrets](std::string_view secret) {
    if (!secret.empty()) secrets.emplace_back(secret);
  };
  add(spec.password);
  add(spec.bearer_token);
  for (const auto& [name, value] : spec.headers) {
    if (!is_secret_header(name)) continue;
    add(value);
    if (const auto blank = value.find(' '); blank != std::string::npos) add(std::string_view(value).substr(blank + 1));
  }
  if (traits(check.target.kind).engine != CheckEngine::dns) add(check.target.query);
  if (check.proxy) {
    const auto login = login_of(check.proxy->url);
    add(login);
    if (const auto colon = login.find(':'); colon != std::string_view::npos) add(login.substr(colon + 1));
  }
  std::sort(secrets.begin(), secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return secrets;
}

}  // namespace nines::prober

namespace nines {

CheckSpec without_secrets(CheckSpec spec) {
  spec.password.clear();
  spec.bearer_token.clear();
  spec.body.clear();
  spec.send.clear();
  for (DialogStep& step : spec.dialog) {
    if (step.act == DialogStep::Act::send) step.text.clear();
  }
  std::erase_if(spec.headers, [](const auto& header) { return prober::is_secret_header(header.first); });
  if (check_kind(spec.url) != CheckKind::dns) spec.url.resize(std::min(spec.url.size(), spec.url.find_first_of("?#")));
  if (const auto login = prober::login_of(spec.proxy); !login.empty()) {
    const auto at = static_cast<std::size_t>(login.data() - spec.proxy.data());
    spec.proxy.erase(at, login.size() + 1);
  }
  return spec;
}

}  // namespace nines
