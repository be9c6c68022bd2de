// The only file that sees libsodium.
#include "web/access.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cassert>
#include <utility>

#include "base/ascii_case.h"
#include "http/target.h"
#include "show/text.h"
#include "web/report_path.h"

namespace nines::tools {
namespace {

constexpr std::chrono::minutes kFailureSpan{1};
// Beyond these the maps are emptied of what is oldest: memory stays bounded whoever comes.
constexpr std::size_t kMostAddresses = 4'096;
constexpr std::size_t kMostVerified = 256;
constexpr std::size_t kLongestSecret = 1'024;
constexpr std::string_view kCookie = "nines_session";
constexpr const char* kUnixProxy = "unix";

namespace ip = boost::asio::ip;

void need_sodium() {
  // Safe to call again and from several threads; fails only where the system has no randomness.
  static const bool ready = sodium_init() >= 0;
  assert(ready);
  (void)ready;
}

std::string random_bytes(std::size_t count) {
  need_sodium();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  out.pop_back();
  return out;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string sha256_hex(std::string_view text) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return hex(digest);
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

// The name or address of "host:port", in lower case, an IPv6 address without its brackets.
std::string host_name(std::string_view authority) {
  if (authority.starts_with('['))
    return engine::to_lower(authority.substr(1, std::min(authority.find(']'), authority.size()) - 1));
  std::string name = engine::to_lower(authority.substr(0, authority.rfind(':')));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  return inet_pton(AF_INET, name.c_str(), parsed.data()) == 1 || inet_pton(AF_INET6, name.c_str(), parsed.data()) == 1;
}
bool is_own_name(const std::string& name) {
  return name == "localhost" || name == "::1" || (name.starts_with("127.") && is_address(name));
}

// A page of another site can make a browser call this by a name of the attacker's own that leads here (DNS rebinding);
// an address cannot be such a name.
bool answers_to(const AccessOptions& options, std::string_view host) {
  const std::string name = host_name(host);
  if (is_own_name(name)) return true;
  if (!options.loopback && is_address(name)) return true;
  return std::any_of(options.hosts.begin(), options.hosts.end(),
                     [&](const std::string& known) { return engine::to_lower(known) == name; });
}

// Whether a page of another origin made the browser send it. Programs that are not browsers send neither header.
bool is_foreign(const WebRequest& request, bool by_cookie) {
  if (!request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none") return true;
  if (!request.origin) return by_cookie && request.fetch_site.empty();
  std::string_view origin = *request.origin;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme))
      return engine::to_lower(origin.substr(scheme.size())) != engine::to_lower(request.host);
  }
  return true;  // "null", and schemes of other programs
}

bool may(Role role, Role wanted) {
  return wanted == Role::none || role == Role::admin || role == wanted;
}

// What a request needs. A report is judged by where it goes: its path may hold a secret of its own.
Role wanted_role(const AccessOptions& options, const WebRequest& request) {
  const std::string_view path = request.path;
  // A browser asks without credentials whether it may ask; nothing is said but that.
  if (request.method == "OPTIONS") return Role::none;
  if (request.method != "POST" && is_public(options.status_pages, path)) return Role::none;
  if (path == "/-/healthy" || path == "/-/ready" || path == "/login" || path == "/logout" ||
      path.starts_with("/assets/") || path.starts_with(kPushPath)) {
    return Role::none;
  }
  return request.method == "POST" ? Role::admin : Role::view;
}

bool is_page(const WebRequest& request) {
  return request.method != "POST" &&
         (request.path == "/" || request.path.starts_with("/server/") || request.path.starts_with("/service/"));
}

// The path and its parameters, as they can be asked for again.
std::string address_of(const WebRequest& request) {
  std::string address;
  for (const char c : request.path) address += c == '/' ? "/" : url_encode({&c, 1});
  char before = '?';
  for (const auto& [name, value] : request.query) {
    address += fmt::format("{}{}={}", std::exchange(before, '&'), url_encode(name), url_encode(value));
  }
  return address;
}

std::optional<std::string_view> cookie_value(std::string_view cookies) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('='))
      return pair.substr(kCookie.size() + 1);
  }
  return std::nullopt;
}

// The addresses that a trusted proxy of the configuration may have, one alone being a network of its own; nothing when
// it is neither. IPv4 lies in IPv6 as ::ffff:0:0/96, which is how a socket of both tells it.
std::optional<ip::network_v6> network_of(const std::string& text) {
  constexpr unsigned short kMapped = 96;
  boost::system::error_code error;
  const bool alone = text.find('/') == std::string::npos;
  const auto v4 = ip::make_network_v4(alone ? text + "/32" : text, error);
  if (!error)
    return ip::network_v6(ip::make_address_v6(ip::v4_mapped, v4.address()), kMapped + v4.prefix_length()).canonical();
  const auto v6 = ip::make_network_v6(alone ? text + "/128" : text, error);
  return error ? std::nullopt : std::optional(v6.canonical());
}

bool is_trusted(const AccessOptions& options, const std::string& client) {
  const auto& proxies = options.trusted_proxies;
  if (client.empty()) return std::find(proxies.begin(), proxies.end(), kUnixProxy) != proxies.end();
  const auto address = network_of(client);
  return address && std::any_of(proxies.begin(), proxies.end(), [&](const std::string& proxy) {
           const auto network = network_of(proxy);
           return network && (*network == *address || address->is_subnet_of(*network));
         });
}

// What stands behind the last comma of a list, without blanks; it is taken off the list.
std::string take_last(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  while (last.starts_with(' ')) last.remove_prefix(1);
  while (last.ends_with(' ')) last.remove_suffix(1);
  return std::string(last);
}

// The client behind trusted proxies: the last address that none of them has. What the client has put before it counts
// for nothing.
void unwrap_proxies(const AccessOptions& options, WebRequest& request) {
  if (!is_trusted(options, request.client)) {
    request.forwarded_proto.clear();
    return;
  }
  std::string_view protos = request.forwarded_proto;
  request.forwarded_proto = take_last(protos);
  if (!request.forwarded_proto.empty()) request.secure = request.forwarded_proto == "https";
  std::string_view list = request.forwarded_for;
  while (!list.empty()) {
    std::string last = take_last(list);
    if (!is_address(last)) return;
    request.client = std::move(last);
    if (!is_trusted(options, request.client)) return;
  }
}

WebResponse refusal(int status, std::string_view code, const char* message) {
  WebResponse response = error_response(status, code, message);
  response.cache = "no-store";
  return response;
}

// 401, and how to say who one is.
WebResponse unauthorized(const char* message) {
  WebResponse response = refusal(401, "invalid_argument", message);
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"nines\", charset=\"UTF-8\"");
  return response;
}

void take_base_off(const std::string& base, WebRequest& request) {
  if (base.empty() || !request.path.starts_with(base)) return;
  const std::string_view rest = std::string_view(request.path).substr(base.size());
  if (rest.empty()) {
    request.path = "/";
  } else if (rest.starts_with('/')) {
    request.path = std::string(rest);
  }
}

}  // namespace

Result<void> check_exposure(const AccessOptions& options) {
  if (options.loopback || options.authenticates() || options.insecure) return {};
  return fail(
      ErrorCode::invalid_argument,
      "to listen beyond this machine, name users or tokens under `web:`; without them everybody who reaches the "
      "port could read everything and reload the configuration. `web: {insecure: true}` or --insecure allows it");
}

bool is_proxy(const std::string& text) {
  return text == kUnixProxy || network_of(text);
}

bool is_password_hash(std::string_view text) {
  if (!text.starts_with("$argon2id$") && !text.starts_with("$argon2i$")) return false;
  need_sodium();
  const std::string hash(text);
  // Reads the parameters; -1 is for a text that is not such a hash.
  return crypto_pwhash_str_needs_rehash(hash.c_str(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != -1;
}

bool is_sha256(std::string_view text) {
  return text.size() == 2 * crypto_hash_sha256_BYTES &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Access::Access(AccessOptions options)
    : key_(random_bytes(crypto_generichash_KEYBYTES)), options_(std::make_shared<AccessOptions>(std::move(options))) {}

void Access::set(AccessOptions options) {
  const engine::MutexLock lock(mutex_);
  options_ = std::make_shared<AccessOptions>(std::move(options));
  // A changed password or role ends what the old one allowed.
  verified_.clear();
  const std::vector<AccessOptions::User>& users = options_->users;
  std::erase_if(sessions_, [&users](const auto& entry) {
    return std::find(users.begin(), users.end(), entry.second.user) == users.end();
  });
}

std::shared_ptr<const AccessOptions> Access::options() const {
  const engine::MutexLock lock(mutex_);
  return options_;
}

std::string Access::fingerprint(std::string_view text) const {
  std::string digest(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     reinterpret_cast<const unsigned char*>(key_.data()), key_.size());
  return digest;
}

std::optional<AccessOptions::User> Access::user_of(const AccessOptions& options, std::string_view name,
                                                   std::string_view password) {
  if (options.users.empty() || name.size() > kLongestSecret || password.size() > kLongestSecret) return std::nullopt;
  const auto user = std::find_if(options.users.begin(), options.users.end(),
                                 [&](const AccessOptions::User& each) { return each.name == name; });
  // A name that does not exist takes as long as one that does.
  const std::string& known = user == options.users.end() ? options.users.front().password : user->password;
  // A hash takes its memory on purpose, usually 64 MiB: one at a time.
  const engine::MutexLock one(hash_mutex_);
  const bool right = crypto_pwhash_str_verify(known.c_str(), password.data(), password.size()) == 0;
  if (!right || user == options.users.end()) return std::nullopt;
  return *user;
}

std::optional<Access::Identity> Access::identity_of_header(const AccessOptions& options, std::string_view header) {
  const std::size_t blank = std::min(header.find(' '), header.size());
  const std::string scheme = engine::to_lower(header.substr(0, blank));
  const std::string_view value = header.substr(std::min(blank + 1, header.size()));
  if (value.size() > 2 * kLongestSecret) return std::nullopt;
  if (scheme == "bearer") {
    const std::string digest = sha256_hex(value);
    std::optional<Identity> found;
    for (const AccessOptions::Token& token : options.tokens) {
      if (same_secret(token.sha256, digest)) found = Identity{token.name, token.role};
    }
    return found;
  }
  if (scheme != "basic") return std::nullopt;
  const auto pair = from_base64(value);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  auto user = user_of(options, std::string_view(*pair).substr(0, colon), std::string_view(*pair).substr(colon + 1));
  return user ? std::optional(Identity{std::move(user->name), user->role}) : std::nullopt;
}

std::optional<Access::Identity> Access::identity_of_cookie(std::string_view cookie, Clock::time_point now) {
  const auto value = cookie_value(cookie);
  if (!value) return std::nullopt;
  const std::string print = fingerprint(*value);
  const engine::MutexLock lock(mutex_);
  const auto found = sessions_.find(print);
  if (found == sessions_.end()) return std::nullopt;
  const AccessOptions::User& user = found->second.user;
  if (found->second.expires > now) return Identity{user.name, user.role};
  sessions_.erase(found);
  return std::nullopt;
}

bool Access::must_wait(const std::string& client, Clock::time_point now) {
  const engine::MutexLock lock(mutex_);
  const auto over = [&](const Failures& failures, std::size_t most) {
    return failures.until > now && failures.count >= most;
  };
  const auto found = failures_.find(client);
  return over(all_failures_, kMostFailuresInAll) || (found != failures_.end() && over(found->second, kMostFailures));
}

void Access::count_failure(const std::string& client, Clock::time_point now) {
  const engine::MutexLock lock(mutex_);
  if (failures_.size() >= kMostAddresses && !failures_.contains(client)) {
    std::erase_if(failures_, [&](const auto& entry) { return entry.second.until <= now; });
    if (failures_.size() >= kMostAddresses) {
      failures_.erase(std::min_element(failures_.begin(), failures_.end(),
                                       [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
    }
  }
  for (Failures* const entry : {&failures_[client], &all_failures_}) {
    if (entry->until <= now) *entry = {.count = 0, .until = now + kFailureSpan};
    ++entry->count;
  }
}

std::optional<WebResponse> Access::judge_header(const std::shared_ptr<const AccessOptions>& options,
                                                WebRequest& request, Clock::time_point now) {
  const std::string print = fingerprint(request.authorization);
  {
    const engine::MutexLock lock(mutex_);
    if (const auto found = verified_.find(print); found != verified_.end()) {
      request.role = found->second.role;
      request.user = found->second.name;
      return std::nullopt;
    }
  }
  if (must_wait(request.client, now)) {
    WebResponse response = refusal(429, "unavailable", "too many wrong passwords or tokens; wait a minute");
    response.headers.emplace_back("Retry-After", "60");
    return response;
  }
  const auto identity = identity_of_header(*options, request.authorization);
  if (!identity) {
    count_failure(request.client, now);
    return unauthorized("the password or token is wrong");
  }
  request.role = identity->role;
  request.user = identity->name;
  const engine::MutexLock lock(mutex_);
  // Judged by rules that have been replaced meanwhile: right once, not kept.
  if (options == options_) {
    if (verified_.size() >= kMostVerified) verified_.clear();
    verified_[print] = *identity;
  }
  return std::nullopt;
}

std::optional<WebResponse> Access::judge(WebRequest& request, Clock::time_point now) {
  const auto options = this->options();
  unwrap_proxies(*options, request);
  take_base_off(options->base, request);
  if (const auto translated = translate_report(request); !translated)
    return refusal(400, "invalid_argument", translated.error().message.c_str());
  // Says nothing about anything, and must come through whoever asks.
  if (request.path == "/-/healthy" || request.path == "/-/ready") {
    request.role = Role::none;
    return std::nullopt;
  }
  if (!answers_to(*options, request.host)) {
    return refusal(421, "invalid_argument",
                   "this name is not one that the page answers to; `web: {hosts: [...]}` lists more");
  }
  request.role = options->anonymous.value_or(options->authenticates() ? Role::none : Role::admin);
  bool by_cookie = false;
  if (!request.authorization.empty() && options->authenticates()) {
    if (auto refused = judge_header(options, request, now)) return refused;
  } else if (const auto identity = identity_of_cookie(request.cookie, now)) {
    request.role = identity->role;
    request.user = identity->name;
    by_cookie = true;
  }
  if (request.method == "POST" && is_foreign(request, by_cookie)) {
    return refusal(403, "invalid_argument", "a page of another site may not do this");
  }
  if (may(request.role, wanted_role(*options, request))) return std::nullopt;
  if (request.role != Role::none) {
    return refusal(403, "invalid_argument", "this needs another role");
  }
  if (is_page(request) && !options->users.empty()) {
    WebResponse response = text_response("log in first\n", 303);
    response.cache = "no-store";
    response.headers.emplace_back("Location", options->base + "/login?next=" + url_encode(address_of(request)));
    return response;
  }
  return unauthorized("this needs a password or a token");
}

WebResponse Access::log_in(const WebRequest& request, Clock::time_point now) {
  const auto options = this->options();
  const auto form = parse_form(request.body);
  if (!form) return refusal(400, "invalid_argument", "the form is malformed");
  const auto field = [&](const char* name) {
    const auto found = form->find(name);
    return found == form->end() ? std::string() : found->second;
  };
  if (must_wait(request.client, now)) {
    WebResponse response = refusal(429, "unavailable", "too many wrong passwords; wait a minute");
    response.headers.emplace_back("Retry-After", "60");
    return response;
  }
  auto user = user_of(*options, field("name"), field("password"));
  if (!user) {
    count_failure(request.client, now);
    return refusal(401, "invalid_argument", "the name or the password is wrong");
  }
  const std::string secret = hex(random_bytes(32));
  {
    const engine::MutexLock lock(mutex_);
    if (sessions_.size() >= kMostSessions) {
      sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
        return a.second.expires < b.second.expires;
      }));
    }
    // The rules may have been replaced meanwhile: then who logs in by the old ones is out.
    if (options != options_) return refusal(401, "invalid_argument", "the rules have just changed; log in again");
    sessions_[fingerprint(secret)] = {.user = std::move(*user), .expires = now + kSessionLife};
  }
  WebResponse response = text_response("welcome\n", 303);
  response.cache = "no-store";
  // Only to a path of this site: "//evil.example" and "/\evil.example" are other sites' addresses to a browser.
  std::string next = field("next");
  const bool own = next.starts_with('/') && !next.starts_with("//") && next.find('\\') == std::string::npos &&
                   std::none_of(next.begin(), next.end(), [](unsigned char c) { return c < 0x21 || c > 0x7e; });
  response.headers.emplace_back("Location", options->base + (own ? next : "/"));
  response.headers.emplace_back(
      "Set-Cookie",
      fmt::format("{}={}; Path={}/; Max-Age={}; HttpOnly; SameSite=Strict{}", kCookie, secret, options->base,
                  std::chrono::seconds(kSessionLife).count(), request.secure ? "; Secure" : ""));
  return response;
}

WebResponse Access::log_out(const WebRequest& request) {
  const auto options = this->options();
  if (const auto value = cookie_value(request.cookie)) {
    const std::string print = fingerprint(*value);
    const engine::MutexLock lock(mutex_);
    sessions_.erase(print);
  }
  WebResponse response = text_response("bye\n", 303);
  response.cache = "no-store";
  response.headers.emplace_back("Location", options->base + "/");
  response.headers.emplace_back(
      "Set-Cookie", fmt::format("{}=; Path={}/; Max-Age=0; HttpOnly; SameSite=Strict", kCookie, options->base));
  return response;
}

}  // namespace nines::tools
