#include "exchange/json_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// The text of a JSON value as CSV would have it; nothing for an array or object.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_number()) return dump(value);
  return std::nullopt;
}

std::optional<std::string> read_any(std::string_view line, RecordTexts& texts) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return "it is not a JSON object";
  texts.clear();
  for (const auto& [name, value] : object.items()) {
    const auto field = parse_field(name);
    if (!field) return fmt::format("there is no field `{}`", printable(fit(name, 60)));
    auto text = text_of(value);
    if (!text) return fmt::format("{} must be a single value", name);
    texts.keep(*field, std::move(*text));
  }
  return std::nullopt;
}

/// A character that stands for itself in a JSON text, and is a byte.
bool is_simple(char c) {
  constexpr char kFirstPrintable = 0x20;
  return static_cast<signed char>(c) >= kFirstPrintable && c != '"' && c != '\\';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

/// Reads a line from its beginning. Where something is not plain `is_plain` becomes false, and the rest means nothing.
class PlainJson {
 public:
  explicit PlainJson(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

  [[nodiscard]] bool is_plain() const noexcept { return plain_; }
  [[nodiscard]] bool at_end() {
    skip_spaces();
    return at_ == end_;
  }
  /// Takes `c`, with spaces before it.
  bool take(char c) {
    skip_spaces();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void need(char c) { plain_ = take(c) && plain_; }

  /// `name` and the quote behind it, if they come next.
  bool take_name(std::string_view name) {
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    if (rest.size() <= name.size() || rest[name.size()] != '"' || !rest.starts_with(name)) return false;
    at_ += name.size() + 1;
    return true;
  }
  /// A text without escapes, behind its opening quote.
  std::string_view text() {
    const char* const begin = at_;
    const char* at = begin;
    while (true) {
      while (at != end_ && is_simple(*at)) ++at;
      if (at == end_) return refuse();
      if (*at == '"') break;
      const std::size_t length = engine::utf8_length({at, static_cast<std::size_t>(end_ - at)});
      if (length < 2) return refuse();
      at += length;
    }
    at_ = at + 1;
    return {begin, static_cast<std::size_t>(at - begin)};
  }

  std::string_view value() {
    skip_spaces();
    switch (at_ != end_ ? *at_ : '\0') {
      case '"':
        ++at_;
        return text();
      case 'n':
        return word("null", "");
      case 't':
        return word("true", "1");
      case 'f':
        return word("false", "0");
      default:
        return at_ != end_ && is_digit(*at_) ? number() : refuse();
    }
  }

 private:
  void skip_spaces() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  std::string_view word(std::string_view written, std::string_view meaning) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(written)) return refuse();
    at_ += written.size();
    return meaning;
  }
  std::string_view refuse() {
    plain_ = false;
    at_ = end_;
    return {};
  }
  /// One of which a double holds every digit, without an exponent and without zeros before it.
  std::string_view number() {
    constexpr std::ptrdiff_t kDigits = 15;
    const char* const begin = at_;
    at_ = std::find_if_not(at_, end_, is_digit);
    const bool padded = *begin == '0' && at_ - begin > 1;
    if (at_ != end_ && *at_ == '.') {
      const char* const decimals = ++at_;
      at_ = std::find_if_not(at_, end_, is_digit);
      if (at_ == decimals) return refuse();
    }
    const bool has_exponent = at_ != end_ && (*at_ == 'e' || *at_ == 'E');
    if (padded || has_exponent || at_ - begin > kDigits) return refuse();
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  const char* at_;
  const char* end_;
  bool plain_ = true;
};

std::optional<std::string> JsonLine::read(std::string_view line, RecordTexts& texts) {
  if (read_plain(line, texts)) return std::nullopt;
  return read_any(line, texts);
}

std::optional<Field> JsonLine::field_at(std::size_t position, PlainJson& reader) {
  if (position < before_.size() && reader.take_name(before_[position].first)) return before_[position].second;
  const std::string_view name = reader.text();
  const auto field = parse_field(name);
  if (!field || position >= kFieldCount) return std::nullopt;
  before_.resize(std::max(before_.size(), position + 1));
  before_[position] = {std::string(name), *field};
  return field;
}

bool JsonLine::read_plain(std::string_view line, RecordTexts& texts) {
  texts.clear();
  PlainJson reader(line);
  reader.need('{');
  bool more = !reader.take('}');
  for (std::size_t position = 0; more && reader.is_plain(); ++position) {
    reader.need('"');
    if (!reader.is_plain()) return false;
    const auto field = field_at(position, reader);
    if (!field) return false;
    reader.need(':');
    texts.refer(*field, reader.value());
    more = reader.take(',');
    if (!more) reader.need('}');
  }
  return reader.is_plain() && reader.at_end();
}

}  // namespace nines::tools
