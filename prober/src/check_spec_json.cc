// The JSON form of a CheckSpec: one table of fields that both directions use.
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include <nines/check_spec.h>

#include "json_value.h"
#include "text.h"

namespace nines {
namespace {

using Json = nlohmann::ordered_json;  // keeps the headers' order
using prober::split;
using prober::trim;
using std::chrono::milliseconds;

constexpr std::array<std::pair<HttpVersion, const char*>, 5> kHttpVersions{
    {{HttpVersion::any, "any"},
     {HttpVersion::v1_0, "1.0"},
     {HttpVersion::v1_1, "1.1"},
     {HttpVersion::v2, "2"},
     {HttpVersion::v2_prior_knowledge, "2-prior-knowledge"}}};
constexpr std::array<std::pair<AddressFamily, const char*>, 3> kFamilies{
    {{AddressFamily::any, "any"}, {AddressFamily::v4, "4"}, {AddressFamily::v6, "6"}}};
using HeaderOp = HeaderCondition::Op;
constexpr std::array<std::pair<HeaderOp, const char*>, 6> kHeaderOps{{{HeaderOp::exists, "exists"},
                                                                      {HeaderOp::absent, "absent"},
                                                                      {HeaderOp::equals, "=="},
                                                                      {HeaderOp::not_equals, "!="},
                                                                      {HeaderOp::contains, "contains"},
                                                                      {HeaderOp::matches, "matches"}}};

template <class T, std::size_t N>
std::optional<T> by_name(const std::array<std::pair<T, const char*>, N>& table, std::string_view name) {
  for (const auto& [value, text] : table) {
    if (name == text) return value;
  }
  return std::nullopt;
}

template <class T, std::size_t N>
const char* name_of(const std::array<std::pair<T, const char*>, N>& table, T wanted) {
  for (const auto& [value, text] : table) {
    if (value == wanted) return text;
  }
  return "";
}

// One direction of a conversion of a field's value. `read` leaves false when the value has the wrong form.
bool read(const Json& json, std::string& out) {
  if (!json.is_string()) return false;
  out = json.get<std::string>();
  return true;
}
Json write(const std::string& value) {
  return value;
}

bool read(const Json& json, bool& out) {
  if (!json.is_boolean()) return false;
  out = json.get<bool>();
  return true;
}
Json write(bool value) {
  return value;
}

template <class Integer>
requires std::integral<Integer>
bool read(const Json& json, Integer& out) {
  if (!json.is_number_integer()) return false;
  if (json.is_number_unsigned()) {
    const auto wide = json.get<std::uint64_t>();
    out = static_cast<Integer>(wide);
    return std::in_range<Integer>(wide);
  }
  const auto wide = json.get<std::int64_t>();
  out = static_cast<Integer>(wide);
  return std::in_range<Integer>(wide);
}
template <class Integer>
requires std::integral<Integer> Json write(Integer value) {
  return value;
}

// "90s", "1m30s", "800ms"; at most 31 days, which no bound of a check exceeds.
bool read(const Json& json, milliseconds& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  const char* at = text.data();
  const char* const end = at + text.size();
  std::int64_t sum = 0;
  if (at == end) return false;
  while (at != end) {
    std::int64_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || number < 0 || number > 31LL * 86'400'000) return false;
    const std::string_view tail(rest, static_cast<std::size_t>(end - rest));
    const auto unit = tail.substr(0, tail.find_first_of("0123456789"));
    const std::int64_t scale = unit == "ms"  ? 1
                               : unit == "s" ? 1000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                               : unit == "d" ? 86'400'000
                                             : 0;
    if (scale == 0) return false;
    sum += number * scale;
    at = rest + unit.size();
  }
  out = milliseconds(sum);
  return sum <= 31LL * 86'400'000;
}
Json write(milliseconds value) {
  const auto ms = value.count();
  if (ms != 0 && ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  if (ms != 0 && ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

bool read(const Json& json, HttpVersion& out) {
  if (!json.is_string()) return false;
  const auto version = by_name(kHttpVersions, json.get<std::string>());
  out = version.value_or(HttpVersion::any);
  return version.has_value();
}
Json write(HttpVersion value) {
  return name_of(kHttpVersions, value);
}

bool read(const Json& json, AddressFamily& out) {
  const auto text = json.is_number_integer() ? json.dump() : json.is_string() ? json.get<std::string>() : "";
  const auto family = by_name(kFamilies, text);
  out = family.value_or(AddressFamily::any);
  return family.has_value();
}
Json write(AddressFamily value) {
  return name_of(kFamilies, value);
}

bool read(const Json& json, AddressPolicy& out) {
  if (!json.is_array()) return false;
  for (const auto& entry : json) {
    if (entry == "loopback") {
      out.refuse_loopback = true;
    } else if (entry == "link-local") {
      out.refuse_link_local = true;
    } else if (entry == "private") {
      out.refuse_private = true;
    } else {
      return false;
    }
  }
  return true;
}
Json write(const AddressPolicy& value) {
  Json list = Json::array();
  if (value.refuse_loopback) list.push_back("loopback");
  if (value.refuse_link_local) list.push_back("link-local");
  if (value.refuse_private) list.push_back("private");
  return list;
}

// 204, "200-299" or "2xx".
bool read(const Json& json, StatusRange& out) {
  const auto text = json.is_number_integer() ? json.dump() : json.is_string() ? json.get<std::string>() : "";
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
    out.first = static_cast<std::uint16_t>((text[0] - '0') * 100);
    out.last = static_cast<std::uint16_t>(out.first + 99);
    return true;
  }
  const auto dash = text.find('-');
  const auto number = [](std::string_view digits, std::uint16_t& value) {
    digits = trim(digits);
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && rest == digits.data() + digits.size();
  };
  if (!number(std::string_view(text).substr(0, dash), out.first)) return false;
  out.last = out.first;
  return dash == std::string::npos || number(std::string_view(text).substr(dash + 1), out.last);
}
Json write(const StatusRange& value) {
  return value.first == value.last ? std::to_string(value.first)
                                   : std::to_string(value.first) + "-" + std::to_string(value.last);
}

// "Name", "Name absent" or "Name OP value".
bool read(const Json& json, HeaderCondition& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  const auto name_end = text.find(' ');
  out.name = text.substr(0, name_end);
  out.op = HeaderOp::exists;
  if (name_end == std::string::npos) return !out.name.empty();
  const auto op_end = text.find(' ', name_end + 1);
  const auto op = by_name(kHeaderOps, std::string_view(text).substr(name_end + 1, op_end - name_end - 1));
  if (!op) return false;
  out.op = *op;
  const bool takes_value = *op != HeaderOp::exists && *op != HeaderOp::absent;
  if (takes_value != (op_end != std::string::npos)) return false;
  if (takes_value) out.value = text.substr(op_end + 1);
  return true;
}
Json write(const HeaderCondition& value) {
  std::string text = value.name + " " + name_of(kHeaderOps, value.op);
  if (value.op != HeaderOp::exists && value.op != HeaderOp::absent) text += " " + value.value;
  return text;
}

// "PATH OP VALUE"; a path with blanks in it goes up to the last blank before the first operator.
bool read(const Json& json, JsonCondition& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  for (std::size_t begin = text.find(' '); begin != std::string::npos; begin = text.find(' ', begin + 1)) {
    const auto end = text.find(' ', begin + 1);
    if (end == std::string::npos) return false;
    const auto op = prober::parse_json_op(std::string_view(text).substr(begin + 1, end - begin - 1));
    if (!op) continue;
    out.path = text.substr(0, begin);
    out.op = *op;
    out.value = text.substr(end + 1);
    return true;
  }
  return false;
}
Json write(const JsonCondition& value) {
  return value.path + " " + std::string(prober::to_string(value.op)) + " " + value.value;
}

// {"Accept": "text/html"}, or ["Accept: a", "Accept: b"] for what an object cannot say.
using HeaderList = std::vector<std::pair<std::string, std::string>>;
bool read(const Json& json, HeaderList& out) {
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      if (!value.is_string()) return false;
      out.emplace_back(name, value.get<std::string>());
    }
    return true;
  }
  if (!json.is_array()) return false;
  for (const auto& entry : json) {
    if (!entry.is_string()) return false;
    const auto line = entry.get<std::string>();
    const auto colon = line.find(':');
    if (colon == std::string::npos) return false;
    out.emplace_back(line.substr(0, colon), trim(std::string_view(line).substr(colon + 1)));
  }
  return true;
}
Json write(const HeaderList& value) {
  Json object = Json::object();
  for (const auto& [name, text] : value) object[name] = text;
  if (object.size() == value.size()) return object;
  Json list = Json::array();
  for (const auto& [name, text] : value) list.push_back(name + ": " + text);
  return list;
}

template <class T>
bool read(const Json& json, std::optional<T>& out) {
  return read(json, out.emplace());
}
template <class T>
Json write(const std::optional<T>& value) {
  return value ? write(*value) : Json();
}

template <class T>
bool read(const Json& json, std::vector<T>& out) {
  if (!json.is_array()) return read(json, out.emplace_back());
  for (const auto& entry : json) {
    if (!read(entry, out.emplace_back())) return false;
  }
  return true;
}
template <class T>
Json write(const std::vector<T>& value) {
  Json list = Json::array();
  for (const auto& entry : value) list.push_back(write(entry));
  return list;
}

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
    if (!read(*value, field)) error_ = prefix_ + key + ": must be " + form;
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
  visit_all(value, [&](const char* key, const auto& field, const char*) { written[key] = write(field); });
  visit_all(usual, [&](const char* key, const auto& field, const char*) { defaults[key] = write(field); });
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
