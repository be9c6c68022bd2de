#include "exchange/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii_case.h"
#include "show/text.h"

namespace nines::tools {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::array<std::string_view, 13> kGood{"t",      "true",    "1",          "ok",      "yes", "y",   "up",
                                                 "passed", "success", "successful", "healthy", "on",  "pass"};
constexpr std::array<std::string_view, 13> kFailed{"f",      "false",   "0",         "fail", "no", "n",    "down",
                                                   "failed", "failure", "unhealthy", "off",  "ko", "error"};

void translate_state(RecordTexts& texts, Field field, std::string_view good, std::string_view failed) {
  const std::string_view text = texts[field];
  if (text.empty() || text == good || text == failed) return;
  std::string word = engine::to_lower(text);
  if (std::find(kGood.begin(), kGood.end(), word) != kGood.end()) {
    texts.refer(field, good);
  } else if (std::find(kFailed.begin(), kFailed.end(), word) != kFailed.end()) {
    texts.refer(field, failed);
  } else {
    texts.keep(field, std::move(word));
  }
}

/// Where the zone of a time text begins behind its time of day; npos when it has none.
std::size_t zone_at(std::string_view text) {
  constexpr std::size_t kDate = 10;
  return text.size() <= kDate ? std::string_view::npos : text.find_first_of("+-Zz", kDate);
}

}  // namespace

Result<std::map<std::string, Field, std::less<>>> parse_column_map(std::string_view text) {
  std::map<std::string, Field, std::less<>> columns;
  std::vector<Field> seen;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    const auto equals = entry.find('=');
    const auto field = parse_field(entry.substr(0, equals));
    if (!field) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("there is no field `{}`", printable(entry.substr(0, equals))));
    }
    if (equals == std::string_view::npos || equals + 1 == entry.size()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} needs its column, like {}=name", to_string(*field), to_string(*field)));
    }
    const bool twice = std::find(seen.begin(), seen.end(), *field) != seen.end();
    if (twice || !columns.emplace(entry.substr(equals + 1), *field).second) {
      return fail(ErrorCode::invalid_argument, fmt::format("`{}` is there twice", printable(entry)));
    }
    seen.push_back(*field);
  }
  return columns;
}

Result<std::vector<std::optional<Field>>> read_header(std::span<const std::string_view> names,
                                                      const DialectOptions& options) {
  std::vector<std::optional<Field>> fields;
  const auto has = [&](Field field) { return std::find(fields.begin(), fields.end(), field) != fields.end(); };
  std::size_t mapped = 0;
  for (const std::string_view name : names) {
    const auto given = options.columns.find(name);
    mapped += given != options.columns.end() ? 1 : 0;
    const auto field = given != options.columns.end() ? std::optional(given->second) : parse_field(name);
    if (!field && options.columns.empty()) {
      const std::string_view near = closest_field(name);
      return fail(ErrorCode::invalid_argument,
                  fmt::format("there is no column `{}`{}; --map FIELD={} says what it is", printable(name),
                              near.empty() ? "; columns are server, time, state, latency_us, code, location, "
                                             "interval_s, error, detail"
                                           : fmt::format("; did you mean `{}`?", near),
                              printable(name)));
    }
    if (field && has(*field)) {
      return fail(ErrorCode::invalid_argument, fmt::format("the column `{}` is there twice", printable(name)));
    }
    fields.push_back(field);
  }
  if (mapped < options.columns.size()) {
    return fail(ErrorCode::invalid_argument, "--map names a column that the header has not");
  }
  if (!has(Field::server) || !(has(Field::time) || has(Field::time_ms)) || !(has(Field::state) || has(Field::up))) {
    return fail(ErrorCode::invalid_argument,
                "the header needs the columns server, time (or time_ms) and state (or up)");
  }
  return fields;
}

char delimiter_of(std::string_view line) noexcept {
  constexpr std::string_view kDelimiters = ",;\t|";
  std::array<std::size_t, kDelimiters.size()> counts{};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    const auto which = kDelimiters.find(c);
    if (!quoted && which != std::string_view::npos) ++counts.at(which);
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return kDelimiters[static_cast<std::size_t>(most - counts.begin())];
}

void Dialect::translate(RecordTexts& texts) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    const std::string_view text = texts[field];
    // As PostgreSQL and MySQL write that there is no value.
    if (text == "\\N" || (text == "NULL" && field != Field::server)) texts.refer(field, {});
  }
  translate_state(texts, Field::state, "up", "down");
  translate_state(texts, Field::up, "1", "0");
  if (options_.decimal_comma) {
    for (const Field field : {Field::latency_ms, Field::latency_us, Field::interval_s}) {
      std::string text(texts[field]);
      if (text.find(',') == std::string::npos || text.find('.') != std::string::npos) continue;
      std::replace(text.begin(), text.end(), ',', '.');
      texts.keep(field, std::move(text));
    }
  }
  translate_time(texts);
}

void Dialect::translate_time(RecordTexts& texts) {
  const std::string_view given = texts[Field::time];
  if (given.empty() || given.ends_with('Z')) return;
  if (std::all_of(given.begin(), given.end(), [](char c) { return is_digit(c) || c == '.'; })) {
    return translate_epoch(texts);
  }
  std::string text(given);
  for (const std::string_view utc : {" UTC", " utc"}) {
    if (!text.ends_with(utc)) continue;
    text.resize(text.size() - utc.size());
    if (zone_at(text) == std::string::npos) text += 'Z';
  }
  const std::size_t zone = zone_at(text);
  if (zone == std::string::npos) {
    if (!options_.zone) {
      if (is_digit(text.front())) ++zoneless_;
    } else if (const auto time = parse_time(text, {.now = {}, .zone = *options_.zone}); time) {
      texts.keep(Field::time_ms, std::to_string(to_ms(*time)));
      texts.refer(Field::time, {});
    }
    return;
  }
  // +02 and +0530 of PostgreSQL; RFC 3339 has +02:00.
  constexpr std::size_t kHours = 3;
  constexpr std::size_t kHoursMinutes = 5;
  if (text[zone] == '+' || text[zone] == '-') {
    const std::size_t length = text.size() - zone;
    if (length == kHours) text += ":00";
    if (length == kHoursMinutes && text.find(':', zone) == std::string::npos) text.insert(zone + kHours, ":");
    if (zone > 0 && text[zone - 1] == ' ') text.erase(zone - 1, 1);
  }
  texts.keep(Field::time, std::move(text));
}

void Dialect::translate_epoch(RecordTexts& texts) {
  const std::string_view text = texts[Field::time];
  const std::size_t whole = std::min(text.find('.'), text.size());
  if (whole == 0 || std::count(text.begin(), text.end(), '.') > 1) return;
  // By their size: of the years from 1973 to 5138 each unit has its own number of digits.
  constexpr std::size_t kSecondDigits = 11;
  constexpr std::size_t kDigitsAUnit = 3;
  constexpr std::size_t kMostDigits = kSecondDigits + 3 * kDigitsAUnit;
  if (whole > kMostDigits) return;
  const std::size_t unit = whole <= kSecondDigits ? 0 : (whole - kSecondDigits + kDigitsAUnit - 1) / kDigitsAUnit;
  std::string ms(text.substr(0, whole));
  if (unit == 0) {
    std::string fraction(whole < text.size() ? text.substr(whole + 1, kDigitsAUnit) : "");
    fraction.resize(kDigitsAUnit, '0');
    ms += fraction;
  } else {
    ms.resize(whole - (unit - 1) * kDigitsAUnit);
  }
  ++epochs_.at(unit);
  texts.keep(Field::time_ms, std::move(ms));
  texts.refer(Field::time, {});
}

}  // namespace nines::tools
