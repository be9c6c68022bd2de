// What a CheckSpec may say: every rule of a field, and which fields go with which kind.
#include <re2/re2.h>

#include <algorithm>
#include <string>

#include <nines/check_spec.h>

#include "base/address.h"
#include "base/text.h"
#include "spec/compile_parts.h"
#include "spec/dns_names.h"
#include "spec/json_test.h"
#include "spec/target.h"

namespace nines {
namespace {

using std::chrono::milliseconds;

constexpr int kMaxRedirects = 10;
constexpr int kMaxCertificateDays = 3650;
constexpr std::size_t kMaxBodyLimit = 64U << 20;
constexpr std::size_t kMinHeaderLimit = 256;
// libcurl 7.88 gives up by itself at 300 kB of headers.
constexpr std::size_t kMaxHeaderLimit = 256U << 10;
constexpr std::size_t kMaxConditions = 100;
constexpr std::size_t kMaxTextBytes = 64U << 10;

// The first rule that does not hold becomes the error.
class Checklist {
 public:
  void require(bool holds, const char* field, const std::string& why) {
    if (!holds && message_.empty()) message_ = std::string(field) + ": " + why;
  }
  template <class T>
  void require(const Result<T>& result) {
    if (!result && message_.empty()) message_ = result.error().message;
  }
  [[nodiscard]] Result<void> result() const {
    if (message_.empty()) return {};
    return fail(ErrorCode::invalid_argument, message_);
  }

 private:
  std::string message_;
};

bool has_line_break(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_http(CheckKind kind) noexcept {
  return kind == CheckKind::http || kind == CheckKind::https;
}
bool is_web(CheckKind kind) noexcept {
  return is_http(kind) || kind == CheckKind::ws || kind == CheckKind::wss;
}
bool has_login(CheckKind kind) noexcept {
  return kind != CheckKind::tcp && kind != CheckKind::tls && kind != CheckKind::icmp && kind != CheckKind::dns &&
         kind != CheckKind::push;
}
bool can_starttls(CheckKind kind) noexcept {
  return kind == CheckKind::smtp || kind == CheckKind::imap || kind == CheckKind::pop3 || kind == CheckKind::ftp ||
         kind == CheckKind::ldap;
}
// Kinds whose URL's path means something; elsewhere one would be passed over in silence.
bool has_path(CheckKind kind) noexcept {
  return is_web(kind) || kind == CheckKind::dns || kind == CheckKind::ldap || kind == CheckKind::ldaps ||
         kind == CheckKind::push;
}
bool has_tls(CheckKind kind, const CheckSpec& spec) noexcept {
  return kind == CheckKind::https || kind == CheckKind::wss || kind == CheckKind::tls || kind == CheckKind::smtps ||
         kind == CheckKind::imaps || kind == CheckKind::pop3s || kind == CheckKind::ftps || kind == CheckKind::ldaps ||
         spec.starttls || (kind == CheckKind::http && spec.follow_redirects);  // it may lead to https
}

void check_request(Checklist& list, const CheckSpec& spec, CheckKind kind) {
  list.require(spec.method.empty() || is_token(spec.method), "method", "not a word such as GET");
  const bool plain = spec.method.empty() && spec.body.empty();
  list.require(plain || is_http(kind), spec.method.empty() ? "body" : "method", "only for http and https");
  list.require(spec.headers.empty() || is_web(kind), "headers", "only for http, https, ws and wss");
  list.require(spec.headers.size() <= kMaxConditions, "headers", "more than 100");
  for (const auto& [name, value] : spec.headers) {
    list.require(is_token(name), "headers", "\"" + prober::one_line(name) + "\" is not a header name");
    list.require(!has_line_break(value), "headers", name + " has a line break in its value");
  }
  list.require(spec.http_version == HttpVersion::any || is_http(kind), "http-version", "only for http and https");
  list.require(spec.http_version != HttpVersion::v2_prior_knowledge || kind == CheckKind::http, "http-version",
               "2-prior-knowledge is for http");
  list.require(spec.http_version != HttpVersion::v2 || kind == CheckKind::https, "http-version",
               "2 is for https, where TLS negotiates it");
  list.require(spec.max_redirects >= 0 && spec.max_redirects <= kMaxRedirects, "max-redirects", "not in 0-10");
  list.require(!spec.keep_alive || is_http(kind), "keep-alive", "only for http and https");
  list.require(!spec.compressed || is_http(kind), "compressed", "only for http and https");
  list.require(spec.body.size() <= kMaxTextBytes, "body", "longer than 64 KiB");
}

void check_identity(Checklist& list, const CheckSpec& spec, CheckKind kind) {
  const bool login = !spec.username.empty() || !spec.password.empty();
  list.require(!login || has_login(kind), "username", "this kind of check has no login");
  list.require(spec.password.empty() || !spec.username.empty(), "username", "missing beside the password");
  list.require(spec.username.find(':') == std::string::npos, "username", "has a colon");
  list.require(!has_line_break(spec.username), "username", "has a line break");
  list.require(!has_line_break(spec.password), "password", "has a line break");
  list.require(spec.bearer_token.empty() || is_web(kind), "bearer-token", "only for http, https, ws and wss");
  list.require(spec.bearer_token.empty() || !login, "bearer-token", "cannot be combined with username");
  list.require(!has_line_break(spec.bearer_token), "bearer-token", "has a line break");
  const bool tls = has_tls(kind, spec);
  list.require(spec.client_certificate.empty() || tls, "client-certificate", "only for kinds with TLS");
  list.require(spec.client_key.empty() || !spec.client_certificate.empty(), "client-certificate",
               "missing beside client-key");
  list.require(spec.ca_file.empty() || tls, "ca-file", "only for kinds with TLS");
  list.require(spec.verify_tls || tls, "verify-tls", "only for kinds with TLS");
  list.require(!spec.starttls || can_starttls(kind), "starttls", "only for smtp, imap, pop3, ftp and ldap");
}

void check_way(Checklist& list, const CheckSpec& spec, CheckKind kind) {
  const bool proxied = !spec.proxy.empty() || spec.proxy_from_environment;
  list.require(!proxied || is_web(kind) || kind == CheckKind::tls, "proxy", "only for http, https, ws, wss and tls");
  list.require(spec.proxy.empty() || !spec.proxy_from_environment, "proxy",
               "cannot be combined with proxy-from-environment");
  list.require(!proxied || !prober::is_active(spec.policy), "proxy",
               "cannot be combined with refuse-addresses: the proxy would look the name up");
  if (!spec.proxy.empty()) list.require(prober::parse_proxy(spec.proxy));
  for (const auto& entry : spec.resolve) list.require(prober::parse_fixed_address(entry));
}

void check_dns(Checklist& list, const CheckSpec& spec, CheckKind kind) {
  const bool dns = kind == CheckKind::dns;
  list.require(spec.dns_type.empty() || dns, "dns-type", "only for dns");
  list.require(spec.dns_server.empty() || dns, "dns-server", "only for dns");
  list.require(spec.dns_answers.empty() || dns, "expect.dns-answers", "only for dns");
  list.require(spec.dns_rcode.empty() || dns, "expect.dns-rcode", "only for dns");
  list.require(spec.dns_type.empty() || prober::dns_type_number(spec.dns_type), "dns-type",
               "not one of A, AAAA, CNAME, MX, NS, TXT, SOA, SRV, PTR, CAA");
  list.require(spec.dns_rcode.empty() || prober::dns_rcode_number(spec.dns_rcode), "expect.dns-rcode",
               "not one of NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED");
  if (!spec.dns_server.empty()) list.require(prober::parse_server(spec.dns_server));
}

void check_expectations(Checklist& list, const CheckSpec& spec, CheckKind kind) {
  list.require(spec.status.empty() || is_http(kind), "expect.status", "only for http and https");
  for (const auto& range : spec.status) {
    list.require(range.first >= 100 && range.first <= range.last && range.last <= 599, "expect.status",
                 "not a range within 100-599");
  }
  list.require(spec.header_conditions.empty() || is_web(kind), "expect.headers", "only for http, https, ws and wss");
  for (const auto& condition : spec.header_conditions) {
    list.require(is_token(condition.name), "expect.headers",
                 "\"" + prober::one_line(condition.name) + "\" is not a header name");
    if (condition.op == HeaderCondition::Op::matches) {
      list.require(prober::compile_expression("expect.headers", condition.value));
    }
  }
  const bool text = is_http(kind) || kind == CheckKind::tcp;
  list.require(spec.body_contains.empty() || text, "expect.body-contains", "only for http, https and tcp");
  list.require(spec.body_matches.empty() || text, "expect.body-matches", "only for http, https and tcp");
  list.require(spec.body_not_contains.empty() || is_http(kind), "expect.body-not-contains", "only for http and https");
  for (const auto& expression : spec.body_matches) {
    list.require(prober::compile_expression("expect.body-matches", expression));
  }
  list.require(spec.json.empty() || is_http(kind), "expect.json", "only for http and https");
  for (const auto& condition : spec.json) list.require(prober::JsonTest::create(condition));
  const auto most = std::max({spec.status.size(), spec.header_conditions.size(), spec.body_contains.size(),
                              spec.body_not_contains.size(), spec.body_matches.size(), spec.json.size(),
                              spec.dns_answers.size(), spec.resolve.size()});
  list.require(most <= kMaxConditions, "expect", "more than 100 conditions of one sort");
  if (spec.certificate_days) {
    list.require(has_tls(kind, spec), "expect.certificate-days", "only for kinds with TLS");
    list.require(*spec.certificate_days >= 1 && *spec.certificate_days <= kMaxCertificateDays,
                 "expect.certificate-days", "not in 1-3650");
  }
  list.require(!spec.latency_below || *spec.latency_below > milliseconds(0), "expect.latency-below", "not positive");
  list.require(spec.send.empty() || kind == CheckKind::tcp, "send", "only for tcp");
  list.require(spec.send.size() <= kMaxTextBytes, "send", "longer than 64 KiB");
}

void check_limits(Checklist& list, const CheckSpec& spec, milliseconds interval) {
  const auto& timeouts = spec.timeouts;
  const auto shown = [](milliseconds time) { return std::to_string(time.count()) + " ms"; };
  list.require(timeouts.total > milliseconds(0), "timeout", "not positive");
  list.require(timeouts.total <= std::chrono::hours(1), "timeout", "longer than an hour");
  list.require(interval <= milliseconds(0) || timeouts.total < interval, "timeout",
               shown(timeouts.total) + " is not below the interval of " + shown(interval));
  const std::pair<const char*, milliseconds> phases[] = {{"timeouts.dns", timeouts.dns},
                                                         {"timeouts.connect", timeouts.connect},
                                                         {"timeouts.tls", timeouts.tls},
                                                         {"timeouts.first-byte", timeouts.first_byte}};
  for (const auto& [field, time] : phases) {
    list.require(time >= milliseconds(0), field, "negative");
    list.require(time <= timeouts.total, field, shown(time) + " is above the timeout of " + shown(timeouts.total));
  }
  list.require(!spec.latency_below || *spec.latency_below <= timeouts.total, "expect.latency-below",
               "above the timeout, so that it could never be seen");
  list.require(spec.body_limit_bytes >= 1 && spec.body_limit_bytes <= kMaxBodyLimit, "body-limit",
               "not in 1 byte to 64 MiB");
  list.require(spec.header_limit_bytes >= kMinHeaderLimit && spec.header_limit_bytes <= kMaxHeaderLimit, "header-limit",
               "not in 256 bytes to 256 KiB");
}

}  // namespace

Result<void> validate(const CheckSpec& spec, milliseconds interval) {
  const auto target = prober::parse_target(spec.url);
  if (!target) return tl::unexpected(target.error());
  Checklist list;
  list.require(has_path(target->kind) || (target->path.size() <= 1 && target->query.empty()), "url",
               "a path means nothing to this kind of check");
  check_request(list, spec, target->kind);
  check_identity(list, spec, target->kind);
  check_way(list, spec, target->kind);
  check_dns(list, spec, target->kind);
  if (target->kind == CheckKind::dns) list.require(prober::parse_question(*target, spec));
  check_expectations(list, spec, target->kind);
  check_limits(list, spec, interval);
  return list.result();
}

}  // namespace nines
