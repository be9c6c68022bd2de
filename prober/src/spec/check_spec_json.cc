// The JSON form of a CheckSpec: one table of fields that both directions use.
#include <algorithm>
#include <type_traits>
#include <utility>

#include <nines/check_spec.h>

#include "base/text.h"
#include "spec/check_kind.h"
#include "spec/field_error.h"
#include "spec/json_fields.h"

namespace nines {
namespace {

using prober::Json;

// The fields, each with its key, the form that an error message asks for, and what it is.
template <class Spec, class Visit>
void visit_expectations(Spec& spec, Visit&& visit) {
  visit("status", spec.status, "codes such as 204, \"200-299\" or \"2xx\"", "expected status codes");
  visit("headers", spec.header_conditions, "conditions such as \"Server contains nginx\"", "conditions on headers");
  visit("body-contains", spec.body_contains, "texts", "texts that must be there");
  visit("body-not-contains", spec.body_not_contains, "texts", "texts that must not be there");
  visit("body-matches", spec.body_matches, "regular expressions", "regular expressions (RE2) that must match");
  visit("json", spec.json, "conditions such as \"status == ok\"", "conditions on a JSON body");
  visit("dns-answers", spec.dns_answers, "texts", "answers that must be there");
  visit("dns-rcode", spec.dns_rcode, "a name such as NXDOMAIN", "expected response code");
  visit("dns-only", spec.dns_only, "true or false", "no other answers than dns-answers");
  visit("dns-contains", spec.dns_contains, "texts", "texts that must be part of an answer");
  visit("dns-networks", spec.dns_networks, "networks such as 192.0.2.0/24", "networks that all addresses must lie in");
  visit("public-key-sha256", spec.public_key_sha256, "digests in base64 or hexadecimal", "public keys to accept");
  visit("certificate-issuer", spec.certificate_issuer, "texts", "one must be part of the issuer's name");
  visit("ocsp-stapling", spec.ocsp_stapling, "true or false", "require a valid stapled OCSP answer");
  visit("certificate-days", spec.certificate_days, "a whole number", "degraded when the chain expires sooner");
  visit("latency-below", spec.latency_below, "a duration such as \"800ms\"", "degraded from this on");
  visit("strict", spec.strict, "true or false", "beyond certificate-days and latency-below it is down");
}

template <class Timeouts, class Visit>
void visit_timeouts(Timeouts& timeouts, Visit&& visit) {
  constexpr const char* kForm = "a duration such as \"2s\"";
  visit("dns", timeouts.dns, kForm, "of the name's lookup");
  visit("connect", timeouts.connect, kForm, "of the connection, all addresses together");
  visit("tls", timeouts.tls, kForm, "of the handshake");
  visit("first-byte", timeouts.first_byte, kForm, "from the request to the answer's first byte");
}

template <class Spec, class Visit>
void visit_fields(Spec& spec, Visit&& visit) {
  constexpr const char* kText = "a text";
  constexpr const char* kBool = "true or false";
  static const std::string kUrl = "what is checked; the scheme selects the kind: " + prober::kinds_with(0);
  visit("url", spec.url, kText, kUrl.c_str());
  visit("method", spec.method, kText, "GET, HEAD, POST ...");
  visit("headers", spec.headers, "an object of texts", "headers to send");
  visit("body", spec.body, kText, "body to send");
  visit("http-version", spec.http_version, "any, 1.0, 1.1, 2 or 2-prior-knowledge", "version of HTTP to speak");
  visit("follow-redirects", spec.follow_redirects, kBool, "follow redirects");
  visit("max-redirects", spec.max_redirects, "a whole number", "redirects to follow, 0-10");
  visit("compressed", spec.compressed, kBool, "ask for a compressed answer");
  visit("keep-alive", spec.keep_alive, kBool, "reuse the connection of the last check");
  visit("username", spec.username, kText, "user to log in as");
  visit("password", spec.password, kText, "the user's password");
  visit("bearer-token", spec.bearer_token, kText, "token to authorise with");
  visit("client-certificate", spec.client_certificate, kText, "our certificate, a PEM file");
  visit("client-key", spec.client_key, kText, "its key, a PEM file");
  visit("ca-file", spec.ca_file, kText, "authorities to trust instead of the system's, a PEM file");
  visit("crl-file", spec.crl_file, kText, "revoked certificates, a PEM file");
  visit("verify-tls", spec.verify_tls, kBool, "verify certificates");
  visit("starttls", spec.starttls, kBool, "require the upgrade to TLS");
  visit("proxy", spec.proxy, kText, "URL of a proxy");
  visit("proxy-from-environment", spec.proxy_from_environment, kBool, "use the proxy that the environment names");
  visit("family", spec.family, "any, 4 or 6", "version of IP");
  visit("ttl", spec.ttl, "a whole number", "routers that an echo request may pass, 1-255");
  visit("source-address", spec.source_address, kText, "address that echo requests come from");
  visit("resolve", spec.resolve, "texts such as \"host:443:192.0.2.1\"", "addresses to use instead of asking the DNS");
  visit("refuse-addresses", spec.policy, "a list of loopback, link-local and private", "addresses not to connect to");
  visit("send", spec.send, kText, "bytes to send once connected");
  visit("dialog", spec.dialog, "steps such as \"expect ^220 \", \"send QUIT\\r\\n\" or \"starttls\"",
        "what is said and heard in turn");
  visit("dns-type", spec.dns_type, kText, "record type to ask for");
  visit("dns-server", spec.dns_server, kText, "address of the name server to ask");
  visit("timeout", spec.timeouts.total, "a duration such as \"10s\"", "of the whole check");
  visit("read-body", spec.read_body, kBool, "read the body that follows the headers");
  visit("body-limit", spec.body_limit_bytes, "a number of bytes", "most bytes of a body");
  visit("header-limit", spec.header_limit_bytes, "a number of bytes", "most bytes of all headers");
  visit("upside-down", spec.upside_down, kBool, "up when the check fails, and down when it does not");
}

// Takes the known keys out of an object and collects what is wrong with their values.
class Reader {
 public:
  Reader(const Json& object, std::string prefix, std::vector<FieldError>& errors)
      : object_(object), prefix_(std::move(prefix)), errors_(errors) {}

  template <class T>
  void operator()(const char* key, T& field, const char* form, const char* /*help*/) {
    const Json* value = take(key);
    if (value == nullptr) return;
    T read{};
    if (prober::read(*value, read)) {
      field = std::move(read);
    } else {
      errors_.push_back({prefix_ + key, std::string("must be ") + form});
    }
  }

  const Json* take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return nullptr;
    known_.emplace_back(key);
    return &*found;
  }

  // Adds the keys that nobody took.
  void finish() {
    if (known_.size() == object_.size()) return;
    const std::size_t before = errors_.size();
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        errors_.push_back({prefix_ + prober::one_line(prober::shorten(key, 80)), "unknown key"});
      }
    }
    if (errors_.size() == before) errors_.push_back({prefix_, "a key occurs twice"});
  }

 private:
  const Json& object_;
  const std::string prefix_;
  std::vector<FieldError>& errors_;
  std::vector<std::string> known_;
};

// The written form of the fields that differ from their default.
template <class T, class VisitAll>
Json differences(const T& value, const T& usual, VisitAll visit_all) {
  Json written = Json::object();
  Json defaults = Json::object();
  visit_all(value, [&](const char* key, const auto& field, const auto&...) { written[key] = prober::write(field); });
  visit_all(usual, [&](const char* key, const auto& field, const auto&...) { defaults[key] = prober::write(field); });
  Json result = Json::object();
  for (const auto& [key, text] : written.items()) {
    if (text != defaults[key]) result[key] = text;
  }
  return result;
}

// Reads the object `key`, if it is there, field by field.
template <class VisitAll>
void read_section(Reader& reader, const char* key, std::vector<FieldError>& errors, VisitAll visit_all) {
  const Json* const part = reader.take(key);
  if (part == nullptr) return;
  if (!part->is_object()) {
    errors.push_back({key, "must be an object"});
    return;
  }
  Reader inner(*part, std::string(key) + ".", errors);
  visit_all(inner);
  inner.finish();
}

using Type = CheckSpecKey::Type;
template <class T>
constexpr Type kTypeOf = std::is_same_v<T, bool> ? Type::boolean
                         : std::is_integral_v<T> ? Type::number
                                                 : Type::text;
template <class T>
constexpr Type kTypeOf<std::optional<T>> = kTypeOf<T>;
template <class T>
constexpr Type kTypeOf<std::vector<T>> = Type::list;
template <>
constexpr Type kTypeOf<AddressPolicy> = Type::list;

std::vector<CheckSpecKey> make_keys() {
  std::vector<CheckSpecKey> keys;
  const auto add_to = [&keys](std::string_view section) {
    return [&keys, section](const char* key, const auto& field, const char* form, const char* help) {
      keys.push_back({section, key, kTypeOf<std::decay_t<decltype(field)>>, form, help, prober::write(field).dump()});
    };
  };
  const CheckSpec spec;
  visit_fields(spec, add_to(""));
  visit_timeouts(spec.timeouts, add_to("timeouts"));
  visit_expectations(spec, add_to("expect"));
  return keys;
}

}  // namespace

std::string to_json(const CheckSpec& spec) {
  const CheckSpec usual;
  Json object = differences(spec, usual, [](auto& s, auto visit) { visit_fields(s, visit); });
  Json timeouts = differences(spec.timeouts, usual.timeouts, [](auto& t, auto visit) { visit_timeouts(t, visit); });
  Json expect = differences(spec, usual, [](auto& s, auto visit) { visit_expectations(s, visit); });
  if (!timeouts.empty()) object["timeouts"] = std::move(timeouts);
  if (!expect.empty()) object["expect"] = std::move(expect);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

CheckSpecReading read_check_spec(std::string_view json) {
  CheckSpecReading reading;
  auto& [spec, errors] = reading;
  // A deep document is walked by recursion when it is copied into a message; none is meant that deep.
  const Json object = prober::json_depth(json) > prober::kMaxJsonDepth ? Json(Json::value_t::discarded)
                                                                       : Json::parse(json, nullptr, false);
  if (!object.is_object()) {
    errors.push_back({"", object.is_discarded() ? "the check is not valid JSON" : "the check is not a JSON object"});
    return reading;
  }
  Reader reader(object, "", errors);
  visit_fields(spec, reader);
  read_section(reader, "timeouts", errors, [&spec = spec](Reader& inner) { visit_timeouts(spec.timeouts, inner); });
  read_section(reader, "expect", errors, [&spec = spec](Reader& inner) { visit_expectations(spec, inner); });
  reader.finish();
  return reading;
}

Result<CheckSpec> check_spec_from_json(std::string_view json) {
  auto reading = read_check_spec(json);
  if (!reading.errors.empty()) return prober::as_error(reading.errors);
  return std::move(reading.spec);
}

std::span<const CheckSpecKey> check_spec_keys() {
  static const std::vector<CheckSpecKey> keys = make_keys();
  return keys;
}

}  // namespace nines
