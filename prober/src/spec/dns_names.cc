#include "spec/dns_names.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/address.h"
#include "base/host_name.h"
#include "base/text.h"
#include "spec/service_parameters.h"

namespace nines::prober {
namespace {

struct Type {
  std::string_view name;
  int number;
  std::string_view form;
};

// IANA, Domain Name System (DNS) Parameters; the forms are those of RFC 1035, 2782, 3403, 3596, 4034, 4255, 6672, 6698,
// 7344, 7553, 7929, 8162, 8659 and 9460.
constexpr std::array<Type, 23> kTypes{
    {{"A", 1, "a"},        {"NS", 2, "n"},          {"CNAME", 5, "n"},       {"SOA", 6, "nn44444"},
     {"PTR", 12, "n"},     {"MX", 15, "2n"},        {"TXT", 16, "T"},        {"AAAA", 28, "q"},
     {"SRV", 33, "222n"},  {"NAPTR", 35, "22sssn"}, {"DNAME", 39, "n"},      {"DS", 43, "211h"},
     {"SSHFP", 44, "11h"}, {"DNSKEY", 48, "211b"},  {"TLSA", 52, "111h"},    {"SMIMEA", 53, "111h"},
     {"CDS", 59, "211h"},  {"CDNSKEY", 60, "211b"}, {"OPENPGPKEY", 61, "b"}, {"SVCB", 64, "2np"},
     {"HTTPS", 65, "2np"}, {"URI", 256, "22v"},     {"CAA", 257, "1tv"}}};

using Rcode = std::pair<std::string_view, int>;
constexpr std::array<Rcode, 6> kRcodes{
    {{"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4}, {"REFUSED", 5}}};

const Type* find_type(int number) noexcept {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [number](const Type& type) { return type.number == number; });
  return found == kTypes.end() ? nullptr : found;
}

// The next word of `rest`, up to a blank.
std::string_view take_word(std::string_view& rest) noexcept {
  rest = trim(rest);
  const auto word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

// The next character string of `rest`, in quotes with the escapes of RFC 1035, section 5.1, or a bare word.
std::optional<std::string> take_string(std::string_view& rest) {
  rest = trim(rest);
  if (!rest.starts_with('"')) return std::string(take_word(rest));
  std::string text;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return text;
    }
    if (rest[i] != '\\' || i + 1 == rest.size()) {
      text += rest[i];
      continue;
    }
    const auto digits = rest.substr(i + 1, 3);
    int byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte);
    const bool octet = error == std::errc{} && end == digits.data() + 3 && byte >= 0 && byte < 256;
    text += octet ? static_cast<char>(byte) : rest[i + 1];
    i += octet ? 3 : 1;
  }
  return std::nullopt;
}

std::optional<std::string> normal_number(std::string_view word, char bytes) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  if (value >> (8 * (bytes - '0')) != 0) return std::nullopt;
  return std::to_string(value);
}

std::optional<std::string> normal_name(std::string_view word) {
  if (word.empty()) return std::nullopt;
  auto name = ascii_host(word);
  if (name && name->size() > 1 && name->back() == '.') name->pop_back();
  return name;
}

std::optional<std::string> normal_address(std::string_view word, int family) {
  const auto address = parse_address(word, 0);
  if (!address || address->family() != family) return std::nullopt;
  return to_string(*address);
}

// What is left, without the blanks that long values are broken up by.
std::string take_rest(std::string_view& rest) {
  std::string text;
  for (const char c : std::exchange(rest, {})) {
    if (c != ' ' && c != '\t') text += c;
  }
  return text;
}

std::optional<std::string> take_strings(std::string_view& rest) {
  if (!trim(rest).starts_with('"')) return std::string(std::exchange(rest, {}));
  std::string joined;
  for (rest = trim(rest); !rest.empty(); rest = trim(rest)) {
    auto part = take_string(rest);
    if (!part) return std::nullopt;
    joined += *part;
  }
  return joined;
}

std::optional<std::string> normal_piece(char piece, std::string_view& rest) {
  switch (piece) {
    case '1':
    case '2':
    case '4':
      return normal_number(take_word(rest), piece);
    case 'n':
      return normal_name(take_word(rest));
    case 'a':
      return normal_address(take_word(rest), AF_INET);
    case 'q':
      return normal_address(take_word(rest), AF_INET6);
    case 't':
      return to_lower(take_word(rest));
    case 's':
    case 'v':
      return take_string(rest);
    case 'T':
      return take_strings(rest);
    case 'h':
      return to_lower(take_rest(rest));
    case 'p':
      return normal_service_parameters(std::exchange(rest, {}));
    default:
      return take_rest(rest);
  }
}

}  // namespace

std::optional<int> dns_type_number(std::string_view name) noexcept {
  const auto* const found = std::find_if(kTypes.begin(), kTypes.end(),
                                         [name](const Type& type) { return equal_ignoring_case(type.name, name); });
  if (found == kTypes.end()) return std::nullopt;
  return found->number;
}

std::string dns_type_name(int type) {
  const Type* const found = find_type(type);
  return found != nullptr ? std::string(found->name) : "TYPE " + std::to_string(type);
}

std::string dns_type_names() {
  std::string text;
  for (const Type& type : kTypes) text.append(text.empty() ? "" : ", ").append(type.name);
  return text;
}

std::string_view dns_form(int type) noexcept {
  const Type* const found = find_type(type);
  return found != nullptr ? found->form : std::string_view();
}

std::optional<std::string> normal_record(int type, std::string_view text) {
  const std::string_view form = dns_form(type);
  if (form.empty()) return std::nullopt;
  std::string normal;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const auto part = normal_piece(form[i], text);
    if (!part) return std::nullopt;
    if (i > 0 && !part->empty()) normal += ' ';
    normal += *part;
  }
  if (!trim(text).empty()) return std::nullopt;
  return normal;
}

std::optional<int> dns_rcode_number(std::string_view name) noexcept {
  const auto* const found = std::find_if(kRcodes.begin(), kRcodes.end(),
                                         [name](const Rcode& code) { return equal_ignoring_case(code.first, name); });
  if (found == kRcodes.end()) return std::nullopt;
  return found->second;
}

std::string dns_rcode_names() {
  std::string text;
  for (const auto& [name, number] : kRcodes) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

std::string dns_rcode_name(int rcode) {
  for (const auto& [name, value] : kRcodes) {
    if (value == rcode) return std::string(name);
  }
  return "RCODE " + std::to_string(rcode);
}

}  // namespace nines::prober
