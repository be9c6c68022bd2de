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

// "90s", "1m30s", "800ms"; at most 31 days, which no bound of a check exceeds.
inline bool read(const Json& json, milliseconds& out) {
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
inline Json write(const StatusRange& value) {
  return value.first == value.last ? std::to_string(value.first)
                                   : std::to_string(value.first) + "-" + std::to_string(value.last);
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

// "PATH OP VALUE"; a path with blanks in it goes up to the last blank before the first operator.
inline bool read(const Json& json, JsonCondition& out) {
  if (!json.is_string()) return false;
  const auto text = json.get<std::string>();
  for (std::size_t begin = text.find(' '); begin != std::string::npos; begin = text.find(' ', begin + 1)) {
    const auto end = text.find(' ', begin + 1);
    if (end == std::string::npos) return false;
    const auto op = parse_json_op(std::string_view(text).substr(begin + 1, end - begin - 1));
    if (!op) continue;
    out.path = text.substr(0, begin);
    out.op = *op;
    out.value = text.substr(end + 1);
    return true;
  }
  return false;
}
inline Json write(const JsonCondition& value) {
  return value.path + " " + std::string(to_string(value.op)) + " " + value.value;
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
