#include "alerts/template.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "alerts/message.h"
#include "base/text.h"

namespace nines::prober {
namespace {

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
  }
  return out;
}

std::string xml_text(std::string_view text) {
  constexpr std::array<std::pair<char, std::string_view>, 5> kMarks{
      {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}}};
  std::string out;
  for (const char c : text) {
    const auto* const mark = std::find_if(kMarks.begin(), kMarks.end(), [c](const auto& m) { return m.first == c; });
    if (mark != kMarks.end()) {
      out += mark->second;
    } else if (!is_control(c) || c == '\t' || c == '\n') {  // XML 1.0 has no others
      out += c;
    }
  }
  return out;
}

std::string header_text(std::string text) {
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return text;
}

/// Whether what follows `text` stands inside of a JSON string.
class JsonPlace {
 public:
  void pass(std::string_view text) noexcept {
    for (const char c : text) {
      if (escaped_) {
        escaped_ = false;
      } else if (quoted_ && c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        quoted_ = !quoted_;
      }
    }
  }
  [[nodiscard]] bool quoted() const noexcept { return quoted_; }

 private:
  bool quoted_ = false;
  bool escaped_ = false;
};

std::string written(const AlertField& field, Escape escape, const JsonPlace& place) {
  switch (escape) {
    case Escape::none:
      return field.text;
    case Escape::json: {
      if (!place.quoted()) return field.json;
      // Numbers have no quotes, and null is no text.
      const bool has_quotes = field.json.starts_with('"');
      return has_quotes ? field.json.substr(1, field.json.size() - 2) : field.text;
    }
    case Escape::form:
      return percent_encoded(field.text);
    case Escape::xml:
      return xml_text(field.text);
    case Escape::header:
      return header_text(field.text);
  }
  return {};
}

}  // namespace

Escape escape_of(std::string_view content_type) {
  const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type == "application/json" || type == "text/json" || type.ends_with("+json")) return Escape::json;
  if (type == "application/x-www-form-urlencoded") return Escape::form;
  if (type == "application/xml" || type == "text/xml" || type == "text/html" || type.ends_with("+xml")) {
    return Escape::xml;
  }
  return Escape::none;
}

Result<std::string> fill_template(std::string_view text, const AlertMessage& message, Escape escape) {
  const std::vector<AlertField> fields = alert_fields(message);
  JsonPlace place;
  std::string filled;
  for (;;) {
    const std::size_t open = text.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return filled.append(text);
    const std::string_view name = trim(text.substr(open + 2, close - open - 2));
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; });
    if (found == fields.end()) {
      return fail(ErrorCode::invalid_argument, "there is no field {{" + std::string(name) + "}}");
    }
    place.pass(text.substr(0, open));
    filled.append(text.substr(0, open)).append(written(*found, escape, place));
    text.remove_prefix(close + 2);
  }
}

Result<std::string> read_secret(const SecretText& secret) {
  if (!secret.environment.empty()) {
    const char* const value = std::getenv(secret.environment.c_str());
    if (value == nullptr) {
      return fail(ErrorCode::not_found, "the environment has no variable " + secret.environment);
    }
    return std::string(value);
  }
  if (!secret.file.empty()) {
    std::ifstream file(secret.file, std::ios::binary);
    std::string value{std::istreambuf_iterator<char>(file), {}};
    if (!file) return fail(ErrorCode::io, "cannot read " + secret.file);
    if (value.ends_with('\n')) value.pop_back();
    return value;
  }
  return secret.text;
}

}  // namespace nines::prober
