#include "alerts/template.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

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

std::string entities_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

/// Reads a template once, from its begin to its end.
class Filler {
 public:
  Filler(std::string_view text, const std::vector<AlertField>& fields, Escape escape)
      : rest_(text), fields_(fields), escape_(escape) {}

  Result<std::string> fill() {
    if (auto done = part("", true, 0); !done) return tl::unexpected(done.error());
    return std::move(filled_);
  }

 private:
  /// Up to the end of the part that `{{#name` has opened, or of the text.
  Result<void> part(std::string_view name, bool kept, int depth) {
    constexpr int kDeepest = 8;
    if (depth > kDeepest) return fail(ErrorCode::invalid_argument, "its parts are nested too deeply");
    for (;;) {
      const std::size_t open = rest_.find("{{");
      const std::size_t close = open == std::string_view::npos ? open : rest_.find("}}", open);
      if (close == std::string_view::npos) {
        if (!name.empty()) return fail(ErrorCode::invalid_argument, "{{#" + std::string(name) + "}} is not closed");
        emit(rest_, kept);
        return {};
      }
      emit(rest_.substr(0, open), kept);
      const std::string_view tag = trim(rest_.substr(open + 2, close - open - 2));
      rest_.remove_prefix(close + 2);
      if (tag.starts_with('/')) {
        if (!name.empty() && trim(tag.substr(1)) == name) return {};
        return fail(ErrorCode::invalid_argument, "{{" + std::string(tag) + "}} closes nothing");
      }
      const bool opens = tag.starts_with('#') || tag.starts_with('^');
      if (auto done = opens ? condition(tag, kept, depth) : value(tag, kept); !done) return done;
    }
  }

  Result<void> condition(std::string_view tag, bool kept, int depth) {
    const std::size_t equals = tag.find('=');
    const std::string_view name = trim(tag.substr(1, equals == std::string_view::npos ? equals : equals - 1));
    const AlertField* const field = find(name);
    if (field == nullptr) return unknown(name);
    const bool holds =
        equals == std::string_view::npos ? !field->text.empty() : field->text == trim(tag.substr(equals + 1));
    return part(name, kept && holds == tag.starts_with('#'), depth + 1);
  }

  Result<void> value(std::string_view tag, bool kept) {
    const std::vector<std::string_view> words = split(tag, '|');
    const std::string_view name = trim(words[0]);
    const AlertField* const found = find(name);
    if (found == nullptr) return unknown(name);
    AlertField field = *found;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string_view filter = trim(words[i]);
      std::size_t most = 0;
      const auto [end, error] = std::from_chars(filter.data(), filter.data() + filter.size(), most);
      const bool is_limit = error == std::errc() && end == filter.data() + filter.size() && most > 0;
      if (!is_limit && filter != "entities") {
        return fail(ErrorCode::invalid_argument, "there is no filter |" + std::string(filter));
      }
      field = text_field(field.name, is_limit ? cut_to_units(field.text, most) : entities_text(field.text));
    }
    if (kept) filled_ += written(field, escape_, place_);
    return {};
  }

  void emit(std::string_view text, bool kept) {
    if (!kept) return;
    place_.pass(text);
    filled_ += text;
  }

  [[nodiscard]] const AlertField* find(std::string_view name) const {
    const auto found =
        std::find_if(fields_.begin(), fields_.end(), [&](const AlertField& field) { return field.name == name; });
    return found == fields_.end() ? nullptr : &*found;
  }

  static Result<void> unknown(std::string_view name) {
    return fail(ErrorCode::invalid_argument, "there is no field {{" + std::string(name) + "}}");
  }

  std::string_view rest_;
  const std::vector<AlertField>& fields_;
  const Escape escape_;
  JsonPlace place_;
  std::string filled_;
};

std::string media_type(std::string_view content_type) {
  return to_lower(trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

bool is_json_lines(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
         type == "application/jsonlines" || type == "application/x-jsonlines";
}

Escape escape_of(std::string_view content_type) {
  const std::string type = media_type(content_type);
  if (is_json_lines(content_type)) return Escape::json;
  if (type == "application/json" || type == "text/json" || type.ends_with("+json")) return Escape::json;
  if (type == "application/x-www-form-urlencoded") return Escape::form;
  if (type == "application/xml" || type == "text/xml" || type == "text/html" || type.ends_with("+xml")) {
    return Escape::xml;
  }
  return Escape::none;
}

Result<std::string> fill_template(std::string_view text, const std::vector<AlertField>& fields, Escape escape) {
  return Filler(text, fields, escape).fill();
}

std::string cut_to_units(std::string_view text, std::size_t most) {
  assert(most > 0);
  constexpr std::string_view kEllipsis = "\u2026";  // one unit
  std::size_t units = 0;
  std::size_t end = 0;  // of what fits with the ellipsis behind it
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xc0U) == 0x80U) continue;  // a character's later bytes
    if (units + 1 <= most) end = at;
    units += byte >= 0xf0U ? 2 : 1;
    if (units > most) return std::string(text.substr(0, end)).append(kEllipsis);
  }
  return std::string(text);
}

Result<std::string> read_secret(const SecretText& secret) {
  if (!secret.environment.empty()) {
    const char* const value = std::getenv(secret.environment.c_str());
    if (value == nullptr) {
      return fail(ErrorCode::not_found, "the environment has no variable " + secret.environment);
    }
    if (*value == '\0') return fail(ErrorCode::not_found, "the variable " + secret.environment + " is empty");
    return std::string(value);
  }
  if (!secret.file.empty()) {
    std::ifstream file(secret.file, std::ios::binary);
    std::string value{std::istreambuf_iterator<char>(file), {}};
    if (!file) return fail(ErrorCode::io, "cannot read " + secret.file);
    value.erase(value.find_last_not_of("\r\n") + 1);  // as editors of every system end a file
    // Whoever writes it anew may have emptied it just now.
    if (value.empty()) return fail(ErrorCode::not_found, secret.file + " is empty");
    return value;
  }
  return secret.text;
}

}  // namespace nines::prober
