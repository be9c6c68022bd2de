// The values of a check's JSON form: for each type of field a `read`, which leaves false when the JSON has the wrong
// form, and a `write`, its inverse. Only check_spec_json.cc includes this.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/check_spec.h>

#include "base/text.h"
#include "spec/json_test.h"

namespace nines::prober {

using Json = nlohmann::ordered_json;  // keeps the headers' order
using std::chrono::milliseconds;

inline constexpr std::array<std::pair<HttpVersion, const char*>, 5> kHttpVersions{
    {{HttpVersion::any, "any"},
     {HttpVersion::v1_0, "1.0"},
     {HttpVersion::v1_1, "1.1"},
     {HttpVersion::v2, "2"},
     {HttpVersion::v2_prior_knowledge, "2-prior-knowledge"}}};
inline constexpr std::array<std::pair<AddressFamily, const char*>, 3> kFamilies{
    {{AddressFamily::any, "any"}, {AddressFamily::v4, "4"}, {AddressFamily::v6, "6"}}};
using HeaderOp = HeaderCondition::Op;
inline constexpr std::array<std::pair<HeaderOp, const char*>, 6> kHeaderOps{{{HeaderOp::exists, "exists"},
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

inline bool read(const Json& json, std::string& out) {
  if (!json.is_string()) return false;
  out = json.get<std::string>();
  return true;
}
inline Json write(const std::string& value) {
  return value;
}

inline bool read(const Json& json, bool& out) {
  if (!json.is_boolean()) return false;
  out = json.get<bool>();
  return true;
}
inline Json write(bool value) {
  return value;
}

template <class Integer>
requires std::integral<Integer>
inline bool read(const Json& json, Integer& out) {
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

struct DurationUnit {
  std::string_view name;
  std::int64_t ms;
};
inline constexpr std::array<DurationUnit, 6> kDurationUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
// No bound of a check exceeds it.
inline constexpr std::int64_t kMaxDurationMs = 31LL * 86'400'000;

// Takes "90s" or "1.5h" off the front of `text`; nothing when it is no whole number of milliseconds.
inline std::optional<std::int64_t> take_duration(std::string_view& text) {
  const auto digits = [&text](std::int64_t& number) {
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto length = static_cast<std::size_t>(rest - text.data());
    const bool plain = error == std::errc{} && text.front() != '-' && number <= kMaxDurationMs;
    text.remove_prefix(length);
    return plain ? length : 0;
  };
  std::int64_t whole = 0;
  std::int64_t part = 0;
  std::int64_t divisor = 1;
  if (text.empty() || digits(whole) == 0) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    const std::size_t places = digits(part);
    if (places == 0 || places > 9) return std::nullopt;
    for (std::size_t i = 0; i < places; ++i) divisor *= 10;
  }
  const auto name = text.substr(0, text.find_first_of("0123456789."));
  text.remove_prefix(name.size());
  for (const auto& unit : kDurationUnits) {
    if (unit.name != name) continue;
    if (part * unit.ms % divisor != 0) return std::nullopt;
    return whole * unit.ms + part * unit.ms / divisor;
  }
  return std::nullopt;
}

// "90s", "1m30s", "1.5s", "800ms".
inline bool read(const Json& json, milliseconds& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  std::string_view rest = text;
  std::int64_t sum = 0;
  if (rest.empty()) return false;
  while (!rest.empty()) {
    const auto ms = take_duration(rest);
    if (!ms) return false;
    sum += *ms;
    if (sum > kMaxDurationMs) return false;
  }
  out = milliseconds(sum);
  return true;
}
inline Json write(milliseconds value) {
  const auto ms = value.count();
  if (ms != 0 && ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  if (ms != 0 && ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

inline bool read(const Json& json, HttpVersion& out) {
  if (!json.is_string()) return false;
  const auto version = by_name(kHttpVersions, json.get<std::string>());
  out = version.value_or(HttpVersion::any);
  return version.has_value();
}
inline Json write(HttpVersion value) {
  return name_of(kHttpVersions, value);
}

inline bool read(const Json& json, AddressFamily& out) {
  const auto text = json.is_number_integer() ? json.dump() : json.is_string() ? json.get<std::string>() : "";
  const auto family = by_name(kFamilies, text);
  out = family.value_or(AddressFamily::any);
  return family.has_value();
}
inline Json write(AddressFamily value) {
  return name_of(kFamilies, value);
}

inline bool read(const Json& json, AddressPolicy& out) {
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
inline Json write(const AddressPolicy& value) {
  Json list = Json::array();
  if (value.refuse_loopback) list.push_back("loopback");
  if (value.refuse_link_local) list.push_back("link-local");
  if (value.refuse_private) list.push_back("private");
  return list;
}

// 204, "200-299" or "2xx".
inline bool read(const Json& json, StatusRange& out) {
  const auto text = json.is_number_integer() ? json.dump() : json.is_string() ? json.get<std::string>() : "";
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '9') {
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
inline Json write(const StatusRange& value) {
  return value.first == value.last ? std::to_string(value.first)
                                   : std::to_string(value.first) + "-" + std::to_string(value.last);
}

// "expect EXPRESSION", "send TEXT" or "starttls"; "send" alone where the text was taken out as a secret.
inline constexpr std::array<std::pair<DialogStep::Act, const char*>, 3> kDialogActs{
    {{DialogStep::Act::expect, "expect"}, {DialogStep::Act::send, "send"}, {DialogStep::Act::starttls, "starttls"}}};
inline bool read(const Json& json, DialogStep& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  const auto word_end = text.find(' ');
  const auto act = by_name(kDialogActs, std::string_view(text).substr(0, word_end));
  if (!act || (*act == DialogStep::Act::starttls && word_end != std::string::npos)) return false;
  out.act = *act;
  if (word_end != std::string::npos) out.text = text.substr(word_end + 1);
  return true;
}
inline Json write(const DialogStep& value) {
  return name_of(kDialogActs, value.act) + (value.text.empty() ? "" : " " + value.text);
}

// "Name", "Name absent" or "Name OP value".
inline bool read(const Json& json, HeaderCondition& out) {
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
inline Json write(const HeaderCondition& value) {
  std::string text = value.name + " " + name_of(kHeaderOps, value.op);
  if (value.op != HeaderOp::exists && value.op != HeaderOp::absent) text += " " + value.value;
  return text;
}

inline constexpr std::array<std::pair<JsonCondition::Subject, const char*>, 2> kJsonSubjects{
    {{JsonCondition::Subject::length, "len"}, {JsonCondition::Subject::any, "any"}}};

// The path of "len(PATH)".
inline std::optional<std::string> inside_call(std::string_view text, std::string_view name) {
  const bool is_call = text.starts_with(name) && text.substr(name.size()).starts_with('(') && text.ends_with(')');
  if (!is_call) return std::nullopt;
  return std::string(text.substr(name.size() + 1, text.size() - name.size() - 2));
}

// "PATH OP VALUE", "len(PATH) OP VALUE", "any(PATH) OP VALUE" or "has(PATH)". A path with blanks in it goes up to the
// last blank before the first operator.
inline bool read(const Json& json, JsonCondition& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  if (auto path = inside_call(text, "has")) {
    out.path = *std::move(path);
    out.op = JsonCondition::Op::exists;
    return true;
  }
  for (std::size_t begin = text.find(' '); begin != std::string::npos; begin = text.find(' ', begin + 1)) {
    const auto end = text.find(' ', begin + 1);
    if (end == std::string::npos) return false;
    const auto op = parse_json_op(std::string_view(text).substr(begin + 1, end - begin - 1));
    if (!op) continue;
    out.path = text.substr(0, begin);
    out.op = *op;
    out.value = text.substr(end + 1);
    for (const auto& [subject, name] : kJsonSubjects) {
      if (auto path = inside_call(out.path, name)) {
        out.path = *std::move(path);
        out.subject = subject;
        break;
      }
    }
    return true;
  }
  return false;
}
inline Json write(const JsonCondition& value) {
  if (value.op == JsonCondition::Op::exists) return "has(" + value.path + ")";
  std::string path = value.path;
  for (const auto& [subject, name] : kJsonSubjects) {
    if (value.subject == subject) path = std::string(name) + "(" + path + ")";
  }
  return path + " " + std::string(to_string(value.op)) + " " + value.value;
}

// {"Accept": "text/html"}, or ["Accept: a", "Accept: b"] for what an object cannot say.
using HeaderList = std::vector<std::pair<std::string, std::string>>;
inline bool read(const Json& json, HeaderList& out) {
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
inline Json write(const HeaderList& value) {
  Json object = Json::object();
  for (const auto& [name, text] : value) object[name] = text;
  if (object.size() == value.size()) return object;
  Json list = Json::array();
  for (const auto& [name, text] : value) {
    std::string line = name;
    line.append(": ").append(text);
    list.push_back(std::move(line));
  }
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

}  // namespace nines::prober
