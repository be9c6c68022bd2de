// What a CheckSpec may say: every rule of a field, and which fields go with which kind.
#include <re2/re2.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <nines/check_spec.h>

#include "base/address.h"
#include "base/host_name.h"
#include "base/text.h"
#include "spec/check_kind.h"
#include "spec/compile_parts.h"
#include "spec/dialog.h"
#include "spec/dns_names.h"
#include "spec/json_test.h"
#include "spec/target.h"

namespace nines {
namespace {

namespace feature = prober::feature;
using prober::CheckKindTraits;
using prober::Features;
using prober::Parsed;
using std::chrono::milliseconds;

constexpr int kMaxRedirects = 10;
constexpr int kMaxCertificateDays = 3650;
constexpr std::size_t kMaxBodyLimit = 64U << 20;
constexpr std::size_t kMinHeaderLimit = 256;
// libcurl 7.88 gives up by itself at 300 kB of headers.
constexpr std::size_t kMaxHeaderLimit = 256U << 10;
constexpr std::size_t kMaxConditions = 100;
constexpr const char* kTooMany = "more than 100";
constexpr int kMostHops = 255;  // the IP header has a byte for it
// RFC 9110 knows 100-599; some proxies and load balancers answer with codes of three digits above that.
constexpr int kFirstStatus = 100;
constexpr int kLastStatus = 999;
constexpr std::size_t kMaxTextBytes = 64U << 10;

// The rules that do not hold; the first of each field.
class Checklist {
 public:
  void require(bool holds, const char* field, const std::string& why) {
    if (!holds) add({field, why});
  }
  template <class T>
  void require(const Parsed<T>& result) {
    if (!result) add(result.error());
  }
  [[nodiscard]] std::vector<FieldError> take() { return std::move(errors_); }

 private:
  void add(FieldError error) {
    const bool known = std::any_of(errors_.begin(), errors_.end(),
                                   [&error](const FieldError& other) { return other.field == error.field; });
    if (!known) errors_.push_back(std::move(error));
  }

  std::vector<FieldError> errors_;
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

// A field that only some kinds can have, by the feature that it needs.
struct FieldRule {
  const char* field;
  Features needs;
  bool (*is_set)(const CheckSpec& spec);
};
constexpr FieldRule kFieldRules[] = {
    {"method", feature::kRequest, [](const CheckSpec& s) { return !s.method.empty(); }},
    {"body", feature::kRequest, [](const CheckSpec& s) { return !s.body.empty(); }},
    {"headers", feature::kHeaders, [](const CheckSpec& s) { return !s.headers.empty(); }},
    {"http-version", feature::kRequest, [](const CheckSpec& s) { return s.http_version != HttpVersion::any; }},
    {"follow-redirects", feature::kRequest, [](const CheckSpec& s) { return !s.follow_redirects; }},
    {"max-redirects", feature::kRequest, [](const CheckSpec& s) { return s.max_redirects != kMaxRedirects; }},
    {"compressed", feature::kRequest, [](const CheckSpec& s) { return s.compressed; }},
    {"keep-alive", feature::kRequest, [](const CheckSpec& s) { return s.keep_alive; }},
    {"username", feature::kLogin, [](const CheckSpec& s) { return !s.username.empty(); }},
    {"password", feature::kLogin, [](const CheckSpec& s) { return !s.password.empty(); }},
    {"bearer-token", feature::kHeaders, [](const CheckSpec& s) { return !s.bearer_token.empty(); }},
    {"starttls", feature::kStarttls, [](const CheckSpec& s) { return s.starttls; }},
    {"proxy", feature::kProxy, [](const CheckSpec& s) { return !s.proxy.empty(); }},
    {"proxy-from-environment", feature::kProxy, [](const CheckSpec& s) { return s.proxy_from_environment; }},
    {"family", feature::kAddress, [](const CheckSpec& s) { return s.family != AddressFamily::any; }},
    {"ttl", feature::kPacket, [](const CheckSpec& s) { return s.ttl.has_value(); }},
    {"source-address", feature::kPacket, [](const CheckSpec& s) { return !s.source_address.empty(); }},
    {"resolve", feature::kAddress, [](const CheckSpec& s) { return !s.resolve.empty(); }},
    {"send", feature::kSend, [](const CheckSpec& s) { return !s.send.empty(); }},
    {"dialog", feature::kDialog, [](const CheckSpec& s) { return !s.dialog.empty(); }},
    {"dns-type", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_type.empty(); }},
    {"dns-server", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_server.empty(); }},
    {"expect.status", feature::kRequest, [](const CheckSpec& s) { return !s.status.empty(); }},
    {"expect.headers", feature::kHeaders, [](const CheckSpec& s) { return !s.header_conditions.empty(); }},
    {"expect.body-contains", feature::kText, [](const CheckSpec& s) { return !s.body_contains.empty(); }},
    {"expect.body-not-contains", feature::kRequest, [](const CheckSpec& s) { return !s.body_not_contains.empty(); }},
    {"expect.body-matches", feature::kText, [](const CheckSpec& s) { return !s.body_matches.empty(); }},
    {"expect.json", feature::kRequest, [](const CheckSpec& s) { return !s.json.empty(); }},
    {"expect.dns-answers", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_answers.empty(); }},
    {"expect.dns-only", feature::kQuestion, [](const CheckSpec& s) { return s.dns_only; }},
    {"expect.dns-contains", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_contains.empty(); }},
    {"expect.dns-networks", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_networks.empty(); }},
    {"read-body", feature::kRequest, [](const CheckSpec& s) { return !s.read_body; }},
    {"expect.dns-rcode", feature::kQuestion, [](const CheckSpec& s) { return !s.dns_rcode.empty(); }},
};
// Fields that need TLS, from the first byte or after an upgrade, now or after a redirect.
constexpr FieldRule kTlsRules[] = {
    {"client-certificate", 0, [](const CheckSpec& s) { return !s.client_certificate.empty(); }},
    {"ca-file", 0, [](const CheckSpec& s) { return !s.ca_file.empty(); }},
    {"crl-file", 0, [](const CheckSpec& s) { return !s.crl_file.empty(); }},
    {"expect.public-key-sha256", 0, [](const CheckSpec& s) { return !s.public_key_sha256.empty(); }},
    {"expect.certificate-issuer", 0, [](const CheckSpec& s) { return !s.certificate_issuer.empty(); }},
    {"expect.ocsp-stapling", 0, [](const CheckSpec& s) { return s.ocsp_stapling; }},
    {"verify-tls", 0, [](const CheckSpec& s) { return !s.verify_tls; }},
    {"expect.certificate-days", 0, [](const CheckSpec& s) { return s.certificate_days.has_value(); }},
};

bool can_have_tls(const CheckKindTraits& kind, const CheckSpec& spec) noexcept {
  return kind.has(feature::kTls) || spec.starttls || prober::upgrades(spec.dialog) ||
         (kind.has(feature::kRequest) && spec.follow_redirects);
}

void check_fields_of_kind(Checklist& list, const CheckSpec& spec, const CheckKindTraits& kind) {
  for (const auto& rule : kFieldRules) {
    if (kind.has(rule.needs) || !rule.is_set(spec)) continue;
    list.require(false, rule.field, "only for " + prober::kinds_with(rule.needs));
  }
  const bool tls = can_have_tls(kind, spec);
  for (const auto& rule : kTlsRules) list.require(tls || !rule.is_set(spec), rule.field, "only for kinds with TLS");
  list.require(spec.http_version != HttpVersion::v2_prior_knowledge || !kind.has(feature::kTls), "http-version",
               "2-prior-knowledge is for http");
  list.require(spec.http_version != HttpVersion::v2 || kind.has(feature::kTls), "http-version",
               "2 is for https, where TLS negotiates it");
}

void check_dialog(Checklist& list, const CheckSpec& spec, const CheckKindTraits& kind) {
  if (spec.dialog.empty()) return;
  list.require(prober::compile_dialog(spec.dialog, spec.body_limit_bytes));
  list.require(!kind.has(feature::kTls) || !prober::upgrades(spec.dialog), "dialog",
               "starttls means nothing where TLS begins with the first byte");
  constexpr const char* kInside = "belongs into the dialog, as a step";
  list.require(spec.send.empty(), "send", kInside);
  list.require(spec.body_contains.empty(), "expect.body-contains", kInside);
  list.require(spec.body_matches.empty(), "expect.body-matches", kInside);
  const bool proxied = !spec.proxy.empty() || spec.proxy_from_environment;
  list.require(!proxied, "proxy", "a dialog goes through none");
}

// Names of which a request has one value (RFC 9110, 5.3: the others are lists).
constexpr std::string_view kSingleHeaders[] = {"authorization", "content-type", "host", "referer", "user-agent"};
// Names whose value follows from what is sent (RFC 9112, 6): one that differs leaves the server waiting, or reading on.
constexpr std::string_view kFramingHeaders[] = {"content-length", "transfer-encoding"};

void check_headers(Checklist& list, const CheckSpec& spec) {
  list.require(spec.headers.size() <= kMaxConditions, "headers", "more than 100");
  std::vector<std::string> names;
  for (const auto& [name, value] : spec.headers) {
    list.require(is_token(name), "headers", "\"" + prober::one_line(name) + "\" is not a header name");
    list.require(!has_line_break(value), "headers", name + " has a line break in its value");
    names.push_back(prober::to_lower(name));
  }
  for (const std::string_view name : kSingleHeaders) {
    list.require(std::count(names.begin(), names.end(), name) <= 1, "headers", std::string(name) + " comes twice");
  }
  for (const std::string_view name : kFramingHeaders) {
    list.require(std::count(names.begin(), names.end(), name) == 0, "headers",
                 std::string(name) + " follows from the body that is sent");
  }
  const bool own = std::count(names.begin(), names.end(), "authorization") != 0;
  list.require(!own || spec.username.empty(), "username", "cannot be combined with a header Authorization");
  list.require(!own || spec.bearer_token.empty(), "bearer-token", "cannot be combined with a header Authorization");
}

void check_request(Checklist& list, const CheckSpec& spec) {
  list.require(spec.method.empty() || is_token(spec.method), "method", "not a word such as GET");
  check_headers(list, spec);
  list.require(spec.follow_redirects || spec.max_redirects == kMaxRedirects, "max-redirects", "needs follow-redirects");
  list.require(spec.max_redirects >= 0 && spec.max_redirects <= kMaxRedirects, "max-redirects", "not in 0-10");
  list.require(spec.body.size() <= kMaxTextBytes, "body", "longer than 64 KiB");
  list.require(spec.send.size() <= kMaxTextBytes, "send", "longer than 64 KiB");
  list.require(!prober::ends_in_escape(spec.send), "send", prober::kEscapeLeft);
}

void check_identity(Checklist& list, const CheckSpec& spec) {
  const bool login = !spec.username.empty() || !spec.password.empty();
  list.require(spec.password.empty() || !spec.username.empty(), "username", "missing beside the password");
  list.require(spec.username.find(':') == std::string::npos, "username", "has a colon");
  list.require(!has_line_break(spec.username), "username", "has a line break");
  list.require(!has_line_break(spec.password), "password", "has a line break");
  list.require(spec.bearer_token.empty() || !login, "bearer-token", "cannot be combined with username");
  list.require(!has_line_break(spec.bearer_token), "bearer-token", "has a line break");
  list.require(spec.client_key.empty() || !spec.client_certificate.empty(), "client-certificate",
               "missing beside client-key");
}

void check_way(Checklist& list, const CheckSpec& spec) {
  const bool proxied = !spec.proxy.empty() || spec.proxy_from_environment;
  list.require(spec.proxy.empty() || !spec.proxy_from_environment, "proxy",
               "cannot be combined with proxy-from-environment");
  list.require(!proxied || !prober::is_active(spec.policy), "proxy",
               "cannot be combined with refuse-addresses: the proxy would look the name up");
  if (!spec.proxy.empty()) list.require(prober::parse_proxy(spec.proxy));
  list.require(spec.resolve.size() <= kMaxConditions, "resolve", kTooMany);
  for (const auto& entry : spec.resolve) list.require(prober::parse_fixed_address(entry));
}

void check_dns(Checklist& list, const CheckSpec& spec) {
  list.require(spec.dns_type.empty() || prober::dns_type_number(spec.dns_type), "dns-type",
               "not one of " + prober::dns_type_names());
  list.require(spec.dns_rcode.empty() || prober::dns_rcode_number(spec.dns_rcode), "expect.dns-rcode",
               "not one of " + prober::dns_rcode_names());
  list.require(spec.dns_answers.size() <= kMaxConditions, "expect.dns-answers", kTooMany);
  list.require(spec.dns_contains.size() <= kMaxConditions, "expect.dns-contains", kTooMany);
  list.require(spec.dns_networks.size() <= kMaxConditions, "expect.dns-networks", kTooMany);
  list.require(!spec.dns_only || !spec.dns_answers.empty(), "expect.dns-only", "goes with dns-answers");
  // RFC 8020 and 2308: what is refused, or is not there, comes without the records that were asked for.
  const char* const kNone = "cannot be combined with a dns-rcode other than NOERROR: no records come with it";
  const bool records = spec.dns_rcode.empty() || prober::dns_rcode_number(spec.dns_rcode) == 0;
  list.require(records || spec.dns_answers.empty(), "expect.dns-answers", kNone);
  list.require(records || spec.dns_contains.empty(), "expect.dns-contains", kNone);
  list.require(records || spec.dns_networks.empty(), "expect.dns-networks", kNone);
  if (!spec.dns_server.empty()) list.require(prober::parse_server(spec.dns_server));
}

// A question to the DNS, and the answers that are expected to it.
void check_question(Checklist& list, const CheckSpec& spec, const prober::Target& target) {
  const auto question = prober::parse_question(target, spec);
  list.require(question);
  if (!question) return;
  for (const auto& text : spec.dns_answers) list.require(prober::parse_answer(question->type, text));
  for (const auto& text : spec.dns_networks) list.require(prober::parse_dns_network(question->type, text));
  for (const auto& text : spec.dns_answers) {
    const auto address = prober::parse_address(text, 0);
    const bool can_be = spec.dns_networks.empty() || !address ||
                        std::any_of(spec.dns_networks.begin(), spec.dns_networks.end(), [&](const std::string& each) {
                          const auto network = prober::parse_network(each);
                          return !network || prober::contains(*network, *address);
                        });
    list.require(can_be, "expect.dns-answers", "\"" + prober::one_line(text) + "\" is in none of the dns-networks");
  }
  const std::string_view form = prober::dns_form(question->type);
  const char* const letters = form == "a" ? "0123456789." : form == "q" ? "0123456789abcdefABCDEF:." : nullptr;
  for (const auto& text : spec.dns_contains) {
    const bool can_be = letters == nullptr || text.find_first_not_of(letters) == std::string::npos;
    list.require(can_be, "expect.dns-contains",
                 "\"" + prober::shorten(prober::one_line(text), 40) + "\" is part of no " +
                     prober::dns_type_name(question->type) + " record");
  }
}

void check_certificates(Checklist& list, const CheckSpec& spec) {
  list.require(spec.public_key_sha256.size() <= kMaxConditions, "expect.public-key-sha256", kTooMany);
  list.require(spec.certificate_issuer.size() <= kMaxConditions, "expect.certificate-issuer", kTooMany);
  for (const auto& digest : spec.public_key_sha256) list.require(prober::parse_key_digest(digest));
  const char* const kept = "cannot be combined with keep-alive: a kept connection shows no certificate";
  list.require(!spec.keep_alive || spec.public_key_sha256.empty(), "expect.public-key-sha256", kept);
  list.require(!spec.keep_alive || spec.certificate_issuer.empty(), "expect.certificate-issuer", kept);
  list.require(!spec.keep_alive || !spec.ocsp_stapling, "expect.ocsp-stapling", kept);
  list.require(!spec.keep_alive || !spec.certificate_days, "expect.certificate-days", kept);
  list.require(spec.verify_tls || !spec.ocsp_stapling, "expect.ocsp-stapling", "needs verify-tls");
  list.require(spec.verify_tls || spec.crl_file.empty(), "crl-file", "needs verify-tls");
  list.require(spec.verify_tls || spec.ca_file.empty(), "ca-file", "needs verify-tls");
}

// What RFC 9110, section 9.3.2, leaves without a body cannot be judged by one.
void check_body_is_there(Checklist& list, const CheckSpec& spec) {
  const bool head = prober::equal_ignoring_case(spec.method, "HEAD");
  if (!head && spec.read_body) return;
  const char* const why = head ? "the answer to a HEAD has no body" : "cannot be combined with read-body: false";
  list.require(spec.body_contains.empty(), "expect.body-contains", why);
  list.require(spec.body_not_contains.empty(), "expect.body-not-contains", why);
  list.require(spec.body_matches.empty(), "expect.body-matches", why);
  list.require(spec.json.empty(), "expect.json", why);
  list.require(!head || spec.body.empty(), "body", "a HEAD sends none");
}

// An empty text is in whatever comes, so that it says nothing, or never holds.
void check_empty(Checklist& list, const CheckSpec& spec) {
  using Op = HeaderCondition::Op;
  const auto none_empty = [&list](const std::vector<std::string>& texts, const char* field) {
    const bool empty = std::any_of(texts.begin(), texts.end(), [](const std::string& text) { return text.empty(); });
    list.require(!empty, field, "an empty text is part of everything");
  };
  none_empty(spec.body_contains, "expect.body-contains");
  none_empty(spec.body_not_contains, "expect.body-not-contains");
  none_empty(spec.body_matches, "expect.body-matches");
  none_empty(spec.dns_contains, "expect.dns-contains");
  none_empty(spec.certificate_issuer, "expect.certificate-issuer");
  for (const auto& condition : spec.header_conditions) {
    const bool searched = condition.op == Op::contains || condition.op == Op::matches;
    list.require(!searched || !condition.value.empty(), "expect.headers",
                 condition.name + ": an empty text is part of everything; to be there is the name alone");
  }
}

// What no body could be at once.
void check_texts(Checklist& list, const CheckSpec& spec) {
  for (const std::string& text : spec.body_contains) {
    for (const std::string& other : spec.body_not_contains) {
      const bool both = !other.empty() && text.find(other) != std::string::npos;
      list.require(!both, "expect.body-not-contains", "\"" + prober::shorten(other, 40) + "\" is in body-contains too");
    }
    list.require(text.size() <= spec.body_limit_bytes, "expect.body-contains", "a text is longer than body-limit");
  }
  // RFC 9110, 6.4.1.
  const bool bodiless =
      !spec.status.empty() && std::all_of(spec.status.begin(), spec.status.end(), [](const auto& range) {
        return range.last < 200 || (range.first == range.last && (range.first == 204 || range.first == 304));
      });
  const bool judged = !spec.body_contains.empty() || !spec.body_matches.empty() || !spec.json.empty();
  list.require(!bodiless || !judged, "expect.status", "an answer with this status has no body to be judged");
}

void check_expectations(Checklist& list, const CheckSpec& spec) {
  check_empty(list, spec);
  check_texts(list, spec);
  for (const auto& range : spec.status) {
    list.require(range.first >= kFirstStatus && range.first <= range.last && range.last <= kLastStatus, "expect.status",
                 "not a range within 100-999");
  }
  for (const auto& condition : spec.header_conditions) {
    list.require(is_token(condition.name), "expect.headers",
                 "\"" + prober::one_line(condition.name) + "\" is not a header name");
    if (condition.op == HeaderCondition::Op::matches) {
      list.require(prober::compile_expression("expect.headers", condition.value, spec.header_limit_bytes));
    }
  }
  for (const auto& expression : spec.body_matches) {
    list.require(prober::compile_expression("expect.body-matches", expression, spec.body_limit_bytes));
  }
  for (const auto& condition : spec.json) list.require(prober::JsonTest::create(condition));
  list.require(spec.status.size() <= kMaxConditions, "expect.status", kTooMany);
  list.require(spec.header_conditions.size() <= kMaxConditions, "expect.headers", kTooMany);
  list.require(spec.body_contains.size() <= kMaxConditions, "expect.body-contains", kTooMany);
  list.require(spec.body_not_contains.size() <= kMaxConditions, "expect.body-not-contains", kTooMany);
  list.require(spec.body_matches.size() <= kMaxConditions, "expect.body-matches", kTooMany);
  list.require(spec.json.size() <= kMaxConditions, "expect.json", kTooMany);
  list.require(!spec.certificate_days || (*spec.certificate_days >= 1 && *spec.certificate_days <= kMaxCertificateDays),
               "expect.certificate-days", "not in 1-3650");
  list.require(!spec.ttl || (*spec.ttl >= 1 && *spec.ttl <= kMostHops), "ttl", "not in 1-255");
  list.require(spec.source_address.empty() || prober::parse_address(spec.source_address, 0).has_value(),
               "source-address", "not an address");
  list.require(!spec.strict || spec.certificate_days || spec.latency_below, "expect.strict",
               "goes with certificate-days or latency-below");
  list.require(!spec.latency_below || *spec.latency_below > milliseconds(0), "expect.latency-below", "not positive");
  check_certificates(list, spec);
  check_body_is_there(list, spec);
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
  list.require(spec.body_limit_bytes >= 1 && spec.body_limit_bytes <= kMaxBodyLimit, "body-limit",
               "not in 1 byte to 64 MiB");
  list.require(spec.header_limit_bytes >= kMinHeaderLimit && spec.header_limit_bytes <= kMaxHeaderLimit, "header-limit",
               "not in 256 bytes to 256 KiB");
}

// An address that is known before any lookup has to be one that the other fields let through.
void check_address(Checklist& list, const CheckSpec& spec, const prober::Address& address, const std::string& where) {
  const bool v6 = address.family() == AF_INET6;
  list.require(spec.family == AddressFamily::any || v6 == (spec.family == AddressFamily::v6), "family",
               "the address " + where + " is of the other one");
  list.require(!prober::refuses(spec.policy, *address.raw()), "refuse-addresses", "the address " + where + " is one");
  const auto source = prober::parse_address(spec.source_address, 0);
  list.require(!source || source->family() == address.family(), "source-address",
               "the address " + where + " is of the other family");
}

void check_addresses(Checklist& list, const CheckSpec& spec, const prober::Target& target) {
  if (const auto address = prober::parse_address(target.host, 0)) check_address(list, spec, *address, "of the url");
  const bool redirected = prober::traits(target.kind).has(feature::kRequest) && spec.follow_redirects;
  for (const std::string& entry : spec.resolve) {
    const auto fixed = prober::parse_fixed_address(entry);
    if (!fixed) continue;
    const bool leads_there =
        !target.numeric && fixed->host == prober::without_final_dot(target.host) && fixed->port == target.port;
    if (leads_there) check_address(list, spec, fixed->address, "in resolve");
    list.require(
        leads_there || redirected, "resolve",
        "\"" + prober::one_line(entry) + "\" is of another host or port than the url, and nothing leads there");
  }
  const auto source = prober::parse_address(spec.source_address, 0);
  const bool v6 = source && source->family() == AF_INET6;
  list.require(!source || spec.family == AddressFamily::any || v6 == (spec.family == AddressFamily::v6), "family",
               "the source-address is of the other one");
}

void check_target(Checklist& list, const CheckSpec& spec, const prober::Target& target) {
  const CheckKindTraits& kind = prober::traits(target.kind);
  list.require(kind.has(feature::kPath) || (target.path.size() <= 1 && target.query.empty()), "url",
               "a path means nothing to this kind of check");
  check_fields_of_kind(list, spec, kind);
  check_addresses(list, spec, target);
  check_dialog(list, spec, kind);
  if (kind.has(feature::kQuestion)) check_question(list, spec, target);
  // A job that reports by itself may run for longer than a check may wait.
  const bool probed = kind.engine != prober::CheckEngine::none;
  list.require(!probed || !spec.latency_below || *spec.latency_below <= spec.timeouts.total, "expect.latency-below",
               "above the timeout, so that it could never be seen");
}

}  // namespace

std::vector<FieldError> check_spec_problems(const CheckSpec& spec, milliseconds interval) {
  Checklist list;
  const auto target = prober::parse_target(spec.url);
  if (target) {
    check_target(list, spec, *target);
  } else {
    list.require(target);
  }
  check_request(list, spec);
  check_identity(list, spec);
  check_way(list, spec);
  check_dns(list, spec);
  check_expectations(list, spec);
  check_limits(list, spec, interval);
  return list.take();
}

Result<void> validate(const CheckSpec& spec, milliseconds interval) {
  if (const auto problems = check_spec_problems(spec, interval); !problems.empty()) return prober::as_error(problems);
  return {};
}

}  // namespace nines
