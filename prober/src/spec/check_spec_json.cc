// The JSON form of a CheckSpec: one table of fields that both directions use.
#include <algorithm>
#include <utility>

#include <nines/check_spec.h>

#include "base/text.h"
#include "spec/json_fields.h"

namespace nines {
namespace {

using prober::Json;

// The fields, each with its key and the form that an error message asks for.
template <class Spec, class Visit>
void visit_expectations(Spec& spec, Visit&& visit) {
  visit("status", spec.status, "codes such as 204, \"200-299\" or \"2xx\"");
  visit("headers", spec.header_conditions, "conditions such as \"Server contains nginx\"");
  visit("body-contains", spec.body_contains, "texts");
  visit("body-not-contains", spec.body_not_contains, "texts");
  visit("body-matches", spec.body_matches, "regular expressions");
  visit("json", spec.json, "conditions such as \"status == ok\"");
  visit("dns-answers", spec.dns_answers, "texts");
  visit("dns-rcode", spec.dns_rcode, "a name such as NXDOMAIN");
  visit("certificate-days", spec.certificate_days, "a whole number");
  visit("latency-below", spec.latency_below, "a duration such as \"800ms\"");
}

template <class Timeouts, class Visit>
void visit_timeouts(Timeouts& timeouts, Visit&& visit) {
  constexpr const char* kForm = "a duration such as \"2s\"";
  visit("dns", timeouts.dns, kForm);
  visit("connect", timeouts.connect, kForm);
  visit("tls", timeouts.tls, kForm);
  visit("first-byte", timeouts.first_byte, kForm);
}

template <class Spec, class Visit>
void visit_fields(Spec& spec, Visit&& visit) {
  constexpr const char* kText = "a text";
  constexpr const char* kBool = "true or false";
  visit("url", spec.url, kText);
  visit("method", spec.method, kText);
  visit("headers", spec.headers, "an object of texts");
  visit("body", spec.body, kText);
  visit("http-version", spec.http_version, "any, 1.0, 1.1, 2 or 2-prior-knowledge");
  visit("follow-redirects", spec.follow_redirects, kBool);
  visit("max-redirects", spec.max_redirects, "a whole number");
  visit("compressed", spec.compressed, kBool);
  visit("keep-alive", spec.keep_alive, kBool);
  visit("username", spec.username, kText);
  visit("password", spec.password, kText);
  visit("bearer-token", spec.bearer_token, kText);
  visit("client-certificate", spec.client_certificate, kText);
  visit("client-key", spec.client_key, kText);
  visit("ca-file", spec.ca_file, kText);
  visit("verify-tls", spec.verify_tls, kBool);
  visit("starttls", spec.starttls, kBool);
  visit("proxy", spec.proxy, kText);
  visit("proxy-from-environment", spec.proxy_from_environment, kBool);
  visit("family", spec.family, "any, 4 or 6");
  visit("resolve", spec.resolve, "texts such as \"host:443:192.0.2.1\"");
  visit("refuse-addresses", spec.policy, "a list of loopback, link-local and private");
  visit("send", spec.send, kText);
  visit("dns-type", spec.dns_type, kText);
  visit("dns-server", spec.dns_server, kText);
  visit("timeout", spec.timeouts.total, "a duration such as \"10s\"");
  visit("body-limit", spec.body_limit_bytes, "a number of bytes");
  visit("header-limit", spec.header_limit_bytes, "a number of bytes");
}

// Takes the known keys out of an object and remembers the first thing that is wrong.
class Reader {
 public:
  Reader(const Json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const char* key, T& field, const char* form) {
    const Json* value = take(key);
    if (value == nullptr || !error_.empty()) return;
    field = T{};
    if (!prober::read(*value, field)) error_ = prefix_ + key + ": must be " + form;
  }

  const Json* take(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return nullptr;
    ++taken_;
    known_.emplace_back(key);
    return &*found;
  }

  std::string finish() {
    if (!error_.empty() || taken_ == object_.size()) return error_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        return prefix_ + prober::one_line(prober::shorten(key, 80)) + ": unknown key";
      }
    }
    return prefix_ + "a key occurs twice";
  }

 private:
  const Json& object_;
  const std::string prefix_;
  std::vector<std::string> known_;
  std::size_t taken_ = 0;
  std::string error_;
};

// The written form of the fields that differ from their default.
template <class T, class VisitAll>
Json differences(const T& value, const T& usual, VisitAll visit_all) {
  Json written = Json::object();
  Json defaults = Json::object();
  visit_all(value, [&](const char* key, const auto& field, const char*) { written[key] = prober::write(field); });
  visit_all(usual, [&](const char* key, const auto& field, const char*) { defaults[key] = prober::write(field); });
  Json result = Json::object();
  for (const auto& [key, text] : written.items()) {
    if (text != defaults[key]) result[key] = text;
  }
  return result;
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
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

Result<CheckSpec> check_spec_from_json(std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (object.is_discarded()) return invalid("the check is not valid JSON");
  if (!object.is_object()) return invalid("the check is not a JSON object");
  CheckSpec spec;
  Reader reader(object, "");
  visit_fields(spec, reader);
  const Json* timeouts = reader.take("timeouts");
  const Json* expect = reader.take("expect");
  if (auto error = reader.finish(); !error.empty()) return invalid(std::move(error));
  for (const Json* part : {timeouts, expect}) {
    if (part == nullptr) continue;
    const std::string name = part == timeouts ? "timeouts" : "expect";
    if (!part->is_object()) return invalid(name + ": must be an object");
    Reader inner(*part, name + ".");
    if (part == timeouts) {
      visit_timeouts(spec.timeouts, inner);
    } else {
      visit_expectations(spec, inner);
    }
    if (auto error = inner.finish(); !error.empty()) return invalid(std::move(error));
  }
  return spec;
}

}  // namespace nines
