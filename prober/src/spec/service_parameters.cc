#include "spec/service_parameters.h"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <vector>

#include "base/address.h"
#include "base/base64.h"
#include "base/text.h"

namespace nines::prober {
namespace {

/// How a value is written.
enum class Form : std::uint8_t { keys, names, nothing, port, ipv4, ipv6, base64, text };

struct Parameter {
  std::string_view name;
  std::uint16_t key;
  Form form;
};
// RFC 9460, section 14.3.2, and RFC 9461 for dohpath. Any other is written as key123="text".
constexpr std::array<Parameter, 8> kParameters{{{"mandatory", 0, Form::keys},
                                                {"alpn", 1, Form::names},
                                                {"no-default-alpn", 2, Form::nothing},
                                                {"port", 3, Form::port},
                                                {"ipv4hint", 4, Form::ipv4},
                                                {"ech", 5, Form::base64},
                                                {"ipv6hint", 6, Form::ipv6},
                                                {"dohpath", 7, Form::text}}};

Form form_of(std::uint16_t key) noexcept {
  return key < kParameters.size() ? kParameters[key].form : Form::text;
}

std::string name_of(std::uint16_t key) {
  return key < kParameters.size() ? std::string(kParameters[key].name) : "key" + std::to_string(key);
}

std::optional<std::uint16_t> number(std::string_view digits) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> key_of(std::string_view name) {
  for (const Parameter& known : kParameters) {
    if (equal_ignoring_case(known.name, name)) return known.key;
  }
  return to_lower(name).starts_with("key") ? number(name.substr(3)) : std::nullopt;
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8U |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

void append_u16(std::string& bytes, std::uint16_t value) {
  bytes += static_cast<char>(value >> 8U);
  bytes += static_cast<char>(value & 0xffU);
}

using Texts = std::vector<std::string>;

// The pieces of a value that is a list; nothing when its bytes are malformed.
std::optional<Texts> pieces_of(Form form, std::string_view bytes) {
  Texts pieces;
  const std::size_t width = form == Form::ipv4 ? 4 : form == Form::ipv6 ? 16 : 2;
  if (form != Form::names && (bytes.empty() || bytes.size() % width != 0)) return std::nullopt;
  while (!bytes.empty()) {
    if (form == Form::names) {
      const auto length = static_cast<unsigned char>(bytes.front());
      if (length == 0 || bytes.size() < std::size_t{length} + 1) return std::nullopt;
      pieces.emplace_back(bytes.substr(1, length));
      bytes.remove_prefix(std::size_t{length} + 1);
      continue;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (form == Form::keys) {
      pieces.push_back(name_of(u16_at(bytes, 0)));
    } else if (inet_ntop(form == Form::ipv4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size()) != nullptr) {
      pieces.emplace_back(text.data());
    }
    bytes.remove_prefix(width);
  }
  return pieces;
}

std::string joined(const Texts& pieces) {
  std::string text;
  for (const auto& piece : pieces) text.append(text.empty() ? "" : ",").append(piece);
  return text;
}

// "alpn=h3,h2"; in quotes where it would not stay one word.
std::optional<std::string> parameter_text(std::uint16_t key, std::string_view bytes) {
  std::string value;
  switch (const Form form = form_of(key)) {
    case Form::nothing:
      return bytes.empty() ? std::optional(name_of(key)) : std::nullopt;
    case Form::port:
      if (bytes.size() != 2) return std::nullopt;
      value = std::to_string(u16_at(bytes, 0));
      break;
    case Form::base64:
      value = base64(bytes);
      break;
    case Form::text:
      if (bytes.empty()) return name_of(key);
      value = bytes;
      break;
    default: {
      const auto pieces = pieces_of(form, bytes);
      if (!pieces) return std::nullopt;
      value = joined(*pieces);
    }
  }
  const bool plain =
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return c > ' ' && c != '"' && c < 127; });
  return name_of(key) + (plain ? "=" + value : "=\"" + value + "\"");
}

std::optional<std::string> bytes_of_piece(Form form, const std::string& piece) {
  std::string bytes;
  if (form == Form::names) {
    if (piece.empty() || piece.size() > 255) return std::nullopt;
    return bytes + static_cast<char>(piece.size()) + piece;
  }
  if (form == Form::keys) {
    const auto key = key_of(piece);
    if (!key) return std::nullopt;
    append_u16(bytes, *key);
    return bytes;
  }
  bytes.resize(form == Form::ipv4 ? 4 : 16);
  if (inet_pton(form == Form::ipv4 ? AF_INET : AF_INET6, piece.c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

// The bytes of a value as a zone file has it.
std::optional<std::string> parameter_bytes(std::uint16_t key, const std::optional<std::string>& value) {
  const Form form = form_of(key);
  if (form == Form::nothing) return value ? std::nullopt : std::optional(std::string());
  if (form == Form::text) return value.value_or("");
  if (!value || value->empty()) return std::nullopt;
  std::string bytes;
  if (form == Form::port) {
    const auto port = number(*value);
    if (!port) return std::nullopt;
    append_u16(bytes, *port);
    return bytes;
  }
  if (form == Form::base64) {
    std::string decoded(value->size(), '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                        reinterpret_cast<const unsigned char*>(value->data()), static_cast<int>(value->size()));
    if (length < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(std::count(value->begin(), value->end(), '='));
    decoded.resize(static_cast<std::size_t>(length) - std::min<std::size_t>(padding, 2));
    return decoded;
  }
  Texts pieces;
  for (const auto part : split(*value, ',')) pieces.emplace_back(part);
  // The order of a preference counts, that of what is mandatory does not (RFC 9460, section 8).
  for (const auto& piece : pieces) {
    const auto more = bytes_of_piece(form, piece);
    if (!more) return std::nullopt;
    bytes += *more;
  }
  if (form != Form::keys) return bytes;
  std::vector<std::uint16_t> keys;
  for (std::size_t at = 0; at < bytes.size(); at += 2) keys.push_back(u16_at(bytes, at));
  std::sort(keys.begin(), keys.end());
  bytes.clear();
  for (const std::uint16_t one : keys) append_u16(bytes, one);
  return bytes;
}

}  // namespace

std::optional<std::string> service_parameters_text(std::string_view bytes) {
  std::string text;
  int last = -1;
  while (!bytes.empty()) {
    if (bytes.size() < 4) return std::nullopt;
    const std::uint16_t key = u16_at(bytes, 0);
    const std::size_t length = u16_at(bytes, 2);
    // In ascending order, each once (RFC 9460, section 2.2).
    if (bytes.size() < 4 + length || key <= last) return std::nullopt;
    last = key;
    const auto one = parameter_text(key, bytes.substr(4, length));
    if (!one) return std::nullopt;
    text += (text.empty() ? "" : " ") + *one;
    bytes.remove_prefix(4 + length);
  }
  return text;
}

std::optional<std::string> normal_service_parameters(std::string_view text) {
  std::map<std::uint16_t, std::string> values;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const auto end = std::min(text.find_first_of("= \t"), text.size());
    const auto key = key_of(text.substr(0, end));
    if (!key) return std::nullopt;
    text.remove_prefix(end);
    std::optional<std::string> value;
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      const bool quoted = text.starts_with('"');
      if (quoted) text.remove_prefix(1);
      const auto value_end = std::min(text.find_first_of(quoted ? "\"" : " \t"), text.size());
      if (quoted && value_end == text.size()) return std::nullopt;
      value = std::string(text.substr(0, value_end));
      text.remove_prefix(value_end + (quoted ? 1 : 0));
    }
    auto bytes = parameter_bytes(*key, value);
    if (!bytes || !values.emplace(*key, *std::move(bytes)).second) return std::nullopt;
  }
  std::string normal;
  for (const auto& [key, bytes] : values) {
    const auto one = parameter_text(key, bytes);
    if (!one) return std::nullopt;
    normal += (normal.empty() ? "" : " ") + *one;
  }
  return normal;
}

}  // namespace nines::prober
