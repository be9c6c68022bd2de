#include "config/reader.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <tuple>

#include "show/neighbour.h"
#include "show/number.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr int kDeepestJson = 8;  // a check's description nests three levels
constexpr std::size_t kMostJsonNodes = 10'000;

bool is_name_character(char c, bool first) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}

// Replaces ${NAME}, ${NAME:-what stands for a variable that is not set or empty} and $$. A lone dollar stays: it is
// common in bodies and expressions.
std::optional<std::string> expand(const YAML::Node& node, const std::string& text, Problems& problems) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] != '$' || (next != '$' && next != '{')) {
      out += text[at];
    } else if (next == '$') {
      out += '$';
      ++at;
    } else {
      std::size_t end = at + 2;
      while (end < text.size() && is_name_character(text[end], end == at + 2)) ++end;
      const std::string name = text.substr(at + 2, end - at - 2);
      const bool has_default = !name.empty() && text.compare(end, 2, ":-") == 0;
      const std::size_t close = has_default ? text.find('}', end) : end;
      if (name.empty() || close >= text.size() || text[close] != '}') {
        problems.add(node, "`${` needs a variable's name and `}`; write `$${` for the text itself");
        return std::nullopt;
      }
      const char* const value = std::getenv(name.c_str());
      if (value != nullptr && !(has_default && *value == '\0')) {
        out += value;
      } else if (has_default) {
        out += text.substr(end + 2, close - end - 2);
      } else {
        problems.add(node, fmt::format("the environment variable {} is not set", name));
        return std::nullopt;
      }
      at = close;
    }
  }
  return out;
}

std::optional<Json> plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null") return Json(nullptr);
  if (text == "true" || text == "false") return Json(text == "true");
  const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  if (!numeric) return std::nullopt;
  Json number = Json::parse(text, nullptr, false);
  if (number.is_number()) return number;
  return std::nullopt;
}

struct JsonReading {
  bool typed = false;
  std::size_t nodes = 0;
};

/// Adds what `<<` brings into a mapping, but for keys that are there.
class Merger {
 public:
  Merger(std::vector<std::pair<YAML::Node, YAML::Node>>& entries, Problems& problems)
      : entries_(entries), problems_(problems) {}

  void merge(const YAML::Node& from, int depth = 0) {
    if (from.IsSequence() && depth == 0) {
      for (const auto& each : from) merge(each, depth + 1);
      return;
    }
    // An anchor may stand within itself, and a few lines may stand for millions.
    if (!from.IsMap() || depth > kDeepest || ++merged_ > kMost) {
      problems_.add(from, "`<<` takes a mapping or a list of mappings, merged a few times at most");
      return;
    }
    for (const auto& item : from) {
      if (is_merge(item.first)) continue;
      const bool there = std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
        return entry.first.IsScalar() && item.first.IsScalar() && entry.first.Scalar() == item.first.Scalar();
      });
      if (!there) entries_.emplace_back(item.first, item.second);
    }
    for (const auto& item : from) {
      if (!is_merge(item.first)) continue;
      if (item.second.IsSequence()) {
        for (const auto& each : item.second) merge(each, depth + 1);
      } else {
        merge(item.second, depth + 1);
      }
    }
  }

  static bool is_merge(const YAML::Node& key) { return key.IsScalar() && key.Scalar() == "<<" && key.Tag() != "!"; }

 private:
  static constexpr int kDeepest = 16;
  static constexpr int kMost = 1'000;

  std::vector<std::pair<YAML::Node, YAML::Node>>& entries_;
  Problems& problems_;
  int merged_ = 0;
};

std::optional<Json> json_of(const YAML::Node& node, std::string_view what, int depth, JsonReading& reading,
                            Problems& problems) {
  if (depth > kDeepestJson || ++reading.nodes > kMostJsonNodes) {
    problems.add(node, fmt::format("{} is nested too deeply or too large", what));
    return std::nullopt;
  }
  if (node.IsNull()) return Json(nullptr);
  if (node.IsScalar()) {
    const auto text = read_text(node, what, problems);
    if (!text) return std::nullopt;
    const bool quoted = node.Tag() == "!";
    if (reading.typed && !quoted && *text == node.Scalar()) {
      if (auto plain = plain_scalar(*text)) return plain;
    }
    return Json(*text);
  }
  bool good = true;
  Json out = node.IsMap() ? Json::object() : Json::array();
  if (node.IsSequence()) {
    for (const auto& item : node) {
      auto value = json_of(item, what, depth + 1, reading, problems);
      good = good && value;
      if (value) out.push_back(std::move(*value));
    }
  } else {
    for (const auto& [name, child] : entries_of(node, problems)) {
      const auto key = read_text(name, fmt::format("a key of {}", what), problems);
      if (!key) return std::nullopt;
      auto value = json_of(child, *key, depth + 1, reading, problems);
      good = good && value;
      if (!value) continue;
      if (out.contains(*key)) {
        problems.add(name, fmt::format("`{}` is given twice", printable(*key)));
        good = false;
      } else {
        out[*key] = std::move(*value);
      }
    }
  }
  if (!good) return std::nullopt;
  return out;
}

}  // namespace

void Problems::add(const YAML::Mark& mark, std::string message) {
  problems_.push_back(
      {mark.is_null() ? 0 : mark.line + 1, mark.is_null() ? 0 : mark.column + 1, with_neighbour(std::move(message))});
}

std::string Problems::text() const {
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string out;
  for (const Problem& problem : sorted) {
    if (!out.empty()) out += '\n';
    out += problem.line == 0
               ? fmt::format("{}: {}", printable(file_), problem.message)
               : fmt::format("{}:{}:{}: {}", printable(file_), problem.line, problem.column, problem.message);
  }
  return out;
}

std::optional<std::string> read_text(const YAML::Node& node, std::string_view what, Problems& problems) {
  if (!node.IsScalar()) {
    problems.add(node, fmt::format("{} must be a single value", what));
    return std::nullopt;
  }
  return expand(node, node.Scalar(), problems);
}

std::optional<std::chrono::milliseconds> read_duration(const YAML::Node& node, std::string_view what,
                                                       std::chrono::milliseconds least, std::chrono::milliseconds most,
                                                       Problems& problems) {
  const auto text = read_text(node, what, problems);
  if (!text) return std::nullopt;
  const auto duration = parse_duration(*text);
  if (!duration) {
    problems.add(node, fmt::format("{} `{}` is not a duration like 90s, 5m or 24h, in whole milliseconds", what,
                                   printable(*text)));
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    problems.add(node, fmt::format("{} is {}; it must be from {} to {}", what, printable(*text), format_duration(least),
                                   format_duration(most)));
    return std::nullopt;
  }
  return *duration;
}

namespace {

// Bytes of a whole number of KiB to TiB; nothing when it is none.
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return std::nullopt;
  std::uint64_t scale = 1024;
  for (const std::string_view unit : {"KiB", "MiB", "GiB", "TiB"}) {
    if (text.ends_with(unit)) return parse_decimal(text.substr(0, text.size() - unit.size()), scale, INT64_MAX);
    scale *= 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> read_bytes(const YAML::Node& node, std::string_view what, Problems& problems) {
  const auto text = read_text(node, what, problems);
  if (!text) return std::nullopt;
  const auto bytes = parse_bytes(*text);
  if (!bytes || *bytes == 0) {
    problems.add(node, fmt::format("{} `{}` is not a size like 64MiB or 20GiB", what, printable(*text)));
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::int64_t> read_integer(const YAML::Node& node, std::string_view what, std::int64_t least,
                                         std::int64_t most, Problems& problems) {
  const auto text = read_text(node, what, problems);
  if (!text) return std::nullopt;
  const auto number =
      text->find('.') == std::string::npos ? parse_decimal(*text, 1, static_cast<std::uint64_t>(most)) : std::nullopt;
  if (!number || static_cast<std::int64_t>(*number) < least) {
    problems.add(
        node, fmt::format("{} is `{}`; it must be a whole number from {} to {}", what, printable(*text), least, most));
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::vector<std::string> read_texts(const YAML::Node& node, std::string_view what, Problems& problems) {
  std::vector<std::string> texts;
  if (!node.IsSequence()) {
    if (auto text = read_text(node, what, problems)) texts.push_back(std::move(*text));
    return texts;
  }
  for (const auto& item : node) {
    if (auto text = read_text(item, fmt::format("an entry of {}", what), problems)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<Json> read_json(const YAML::Node& node, std::string_view what, bool typed, Problems& problems) {
  JsonReading reading{typed};
  return json_of(node, what, 0, reading, problems);
}

std::optional<bool> read_bool(const YAML::Node& node, std::string_view what, Problems& problems) {
  const auto text = read_text(node, what, problems);
  if (!text) return std::nullopt;
  if (*text != "true" && *text != "false") {
    problems.add(node, fmt::format("{} must be true or false", what));
    return std::nullopt;
  }
  return *text == "true";
}

std::vector<std::pair<YAML::Node, YAML::Node>> entries_of(const YAML::Node& node, Problems& problems) {
  assert(node.IsMap());
  std::vector<std::pair<YAML::Node, YAML::Node>> entries;
  for (const auto& item : node) {
    if (!Merger::is_merge(item.first)) entries.emplace_back(item.first, item.second);
  }
  Merger merger(entries, problems);
  for (const auto& item : node) {
    if (Merger::is_merge(item.first)) merger.merge(item.second);
  }
  return entries;
}

MapReader::MapReader(const YAML::Node& node, std::string what, std::span<const std::string_view> known,
                     Problems& problems)
    : node_(node) {
  if (!node.IsMap()) {
    problems.add(node, fmt::format("{} must be a mapping of keys to values", what));
    return;
  }
  const bool has_free = std::find(known.begin(), known.end(), "x-*") != known.end();
  for (const auto& item : entries_of(node, problems)) {
    const std::string key = item.first.IsScalar() ? item.first.Scalar() : std::string();
    if (has_free && key.starts_with("x-")) continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string_view near = closest(key, known);
      problems.add(item.first, fmt::format("{} has no key `{}`{}", what, printable(key),
                                           near.empty() ? fmt::format("; it has {}", fmt::join(known, ", "))
                                                        : fmt::format("; did you mean `{}`?", near)));
      continue;
    }
    const bool twice = std::any_of(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
    if (twice) {
      problems.add(item.first, fmt::format("`{}` is given twice in {}", key, what));
      continue;
    }
    entries_.emplace_back(key, item.second);
  }
}

std::optional<YAML::Node> MapReader::get(std::string_view key) const {
  for (const auto& [name, value] : entries_) {
    if (name == key && !value.IsNull()) return value;
  }
  return std::nullopt;
}

std::optional<double> read_ratio(const YAML::Node& node, std::string_view what, Problems& problems) {
  const auto text = read_text(node, what, problems);
  if (!text) return std::nullopt;
  auto ratio = parse_objective(*text);
  if (!ratio) {
    problems.add(node, fmt::format("{} `{}` must lie between 0 and 1, like 99.9% or 0.999", what, printable(*text)));
  }
  return ratio;
}

}  // namespace nines::tools
