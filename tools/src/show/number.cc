#include "show/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace nines::tools {

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t scale, std::uint64_t limit) {
  // Most numbers are short and whole.
  constexpr std::size_t kShort = 9;
  std::uint64_t short_number = 0;
  const bool is_short = !text.empty() && text.size() <= kShort && std::all_of(text.begin(), text.end(), [&](char c) {
    short_number = short_number * 10 + static_cast<std::uint64_t>(c - '0');
    return c >= '0' && c <= '9';
  });
  if (is_short) return short_number <= limit / scale ? std::optional(short_number * scale) : std::nullopt;
  const std::size_t point = text.find('.');
  const std::string_view whole_text = text.substr(0, point);
  std::uint64_t whole = 0;
  const auto [end, error] = std::from_chars(whole_text.data(), whole_text.data() + whole_text.size(), whole);
  if (error != std::errc{} || end != whole_text.data() + whole_text.size() || whole > limit / scale)
    return std::nullopt;
  std::uint64_t value = whole * scale;
  if (point != std::string_view::npos) {
    const std::string_view decimals = text.substr(point + 1);
    if (decimals.empty()) return std::nullopt;
    std::uint64_t unit = scale;
    for (const char c : decimals) {
      if (c < '0' || c > '9') return std::nullopt;
      unit /= 10;  // decimals beyond the unit are dropped
      value += unit * static_cast<std::uint64_t>(c - '0');
    }
  }
  if (value > limit) return std::nullopt;
  return value;
}

std::string format_decimal(std::uint64_t value, std::uint64_t scale) {
  std::string text = fmt::to_string(value / scale);
  std::uint64_t rest = value % scale;
  if (rest == 0) return text;
  text += '.';
  for (std::uint64_t unit = scale / 10; rest > 0; unit /= 10) {
    text += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return text;
}

std::optional<double> parse_objective(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" %");
  if (end == std::string::npos) return std::nullopt;
  const std::string_view suffix = std::string_view(text).substr(end + 1);
  if (!suffix.empty() && suffix != "%" && suffix != " %") return std::nullopt;
  std::string number = text.substr(0, end + 1);
  if (!suffix.empty()) number += "e-2";  // exact where a division would not be: 99.9 % is 0.999
  double value = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || rest != number.data() + number.size()) return std::nullopt;
  return value > 0 && value < 1 ? std::optional(value) : std::nullopt;
}

}  // namespace nines::tools
