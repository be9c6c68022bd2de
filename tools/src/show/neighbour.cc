#include "show/neighbour.h"

#include <fmt/format.h>
#include <nines/types.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>
#include <vector>

#include "show/text.h"

namespace nines::tools {
namespace {

using Words = std::vector<std::string>;

constexpr std::array kWindows{"today",     "yesterday",  "tomorrow",  "this-week",    "this-month", "this-quarter",
                              "this-year", "last-month", "last-week", "last-quarter", "last-year"};

/// The zones that the system knows, by the list that the time zone database comes with; none without it.
Words zones() {
  const char* const folder = std::getenv("TZDIR");
  std::ifstream list(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/tzdata.zi");
  Words names{"UTC"};
  // "Z Europe/Berlin 0:53:28 ..." is a zone, "L Europe/Berlin Europe/Oslo" another name of one.
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    words >> kind >> name;
    if (kind == "L") words >> name;
    if (kind == "Z" || kind == "L") names.push_back(name);
  }
  return names;
}

Words error_classes() {
  Words names;
  for (unsigned number = 1; number <= std::numeric_limits<std::uint8_t>::max(); ++number) {
    const std::string_view name = to_string(static_cast<ErrorClass>(number));
    if (parse_error_class(name) == static_cast<ErrorClass>(number)) names.emplace_back(name);
  }
  return names;
}

/// The words of "a, b or c"; nothing when it holds anything else.
Words choices(std::string_view text) {
  Words words;
  while (!text.empty()) {
    std::size_t end = text.size();
    std::size_t skipped = end;
    for (const std::string_view between : {", ", " or ", " and "}) {
      const std::size_t at = text.find(between);
      if (at >= end) continue;
      end = at;
      skipped = at + between.size();
    }
    const std::string_view word = text.substr(0, end);
    if (word.empty() || word.find(' ') != std::string_view::npos) return {};
    words.emplace_back(word);
    text.remove_prefix(skipped);
  }
  return words;
}

/// The last word of `text`, without what stands around it.
std::string_view last_word(std::string_view text) {
  constexpr std::string_view kAround = " `\":";
  const std::size_t end = text.find_last_not_of(kAround);
  if (end == std::string_view::npos) return {};
  const std::size_t begin = text.find_last_of(kAround, end);
  return text.substr(begin + 1, end - begin);
}

/// What stands between the first two of `quote`.
std::string_view quoted(std::string_view text, char quote) {
  const std::size_t begin = text.find(quote);
  const std::size_t end = begin == std::string_view::npos ? begin : text.find(quote, begin + 1);
  return end == std::string_view::npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

struct Choice {
  std::string_view given;
  Words words;
};

Choice choice_of(std::string_view message) {
  if (message.find("unknown time zone ") != std::string_view::npos) return {quoted(message, '"'), zones()};
  if (message.ends_with("is not an error class")) return {quoted(message, '`'), error_classes()};
  if (message.find("the window \"") != std::string_view::npos) {
    return {quoted(message, '"'), {kWindows.begin(), kWindows.end()}};
  }
  for (const std::string_view before :
       {": it takes ", "; it is ", " is not one of ", " is not one that can be checked: "}) {
    const std::size_t at = message.find(before);
    if (at == std::string_view::npos) continue;
    std::string_view list = message.substr(at + before.size());
    return {last_word(message.substr(0, at)), choices(list.substr(0, list.find(';')))};
  }
  return {};
}

}  // namespace

std::string with_neighbour(std::string message) {
  if (message.find("did you mean") != std::string::npos || message.find('\n') != std::string::npos) return message;
  const Choice choice = choice_of(message);
  const std::vector<std::string_view> words(choice.words.begin(), choice.words.end());
  const std::string_view near = choice.given.empty() ? std::string_view() : closest(choice.given, words);
  if (near.empty() || near == choice.given) return message;
  return fmt::format("{}; did you mean `{}`?", message, near);
}

}  // namespace nines::tools
