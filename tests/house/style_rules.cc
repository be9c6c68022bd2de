// Rules of how the tree is written, of which no compiler and no linter knows.
#include <cstddef>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "house/rules.h"

namespace nines::house {
namespace {

bool is_source_of(const std::string& path, const std::regex& folders) {
  return (path.ends_with(".h") || path.ends_with(".cc")) && std::regex_search(path, folders);
}

template <class Judge>
Findings judge_lines(const Tree& tree, const std::regex& folders, Judge&& judge) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!is_source_of(path, folders)) continue;
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (std::string what = judge(path, line); !what.empty()) findings.push_back({path, number, std::move(what)});
    }
  }
  return findings;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

/// Whether a statement may go on in the line behind this one.
bool is_open(const std::string& line) {
  static const std::regex kAside(R"(^\s*(?://|#).*)");
  const std::size_t last = line.find_last_not_of(' ');
  return last != std::string::npos && std::string_view(";{}:").find(line[last]) == std::string_view::npos &&
         !std::regex_match(line, kAside);
}

/// Whether what opens a brace is a function: no type, no control flow, no table.
bool is_function_head(const std::string& head) {
  static const std::regex kOther(
      R"(^\s*(?:\}|//|#|(?:inline\s+)?(?:namespace|class|struct|enum|union|extern|if|for|while|switch|else|do|return|case|default|try)\b).*)");
  static const std::regex kOperator(R"(operator[<>=!+\-*/&|]+)");
  const std::string before = std::regex_replace(head.substr(0, head.find('(')), kOperator, "");
  return head.find('(') != std::string::npos && before.find('=') == std::string::npos &&
         !std::regex_match(head, kOther);
}

}  // namespace

Findings check_function_lengths(const Tree& tree) {
  static const std::regex kFolders(R"(^(engine|prober|query|tools)/(src|include)/)");
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!is_source_of(path, kFolders)) continue;
    const auto lines = lines_of(text);
    for (std::size_t brace = 0; brace < lines.size(); ++brace) {
      if (!lines[brace].ends_with('{')) continue;
      std::size_t first = brace;
      while (first > 0 && is_open(lines[first - 1])) --first;
      std::string head;
      for (std::size_t i = first; i <= brace; ++i) head += lines[i] + ' ';
      if (!is_function_head(head)) continue;
      const std::string end = lines[first].substr(0, lines[first].find_first_not_of(' ')) + '}';
      std::size_t last = brace + 1;
      while (last < lines.size() && !lines[last].starts_with(end)) ++last;
      if (const std::size_t length = last - first + 1; length > kMaxFunctionLines) {
        findings.push_back({path, static_cast<int>(first) + 1,
                            "a function of " + std::to_string(length) + " lines: name the steps in it"});
      }
      brace = last;
    }
  }
  return findings;
}

Findings check_locale(const Tree& tree) {
  static const std::regex kFolders(R"(^(engine|prober|query|tools)/(src|include)/)");
  static const std::regex kFunction(
      R"((?:std::|[^\w:.>])((?:is(?:alnum|alpha|digit|xdigit|space|upper|lower|print|punct|cntrl|graph)|to(?:upper|lower)"
      R"()|str(?:n?casecmp|tod|tof|ftime|coll)|sto[df]|atof|setlocale)\())");
  return judge_lines(tree, kFolders, [&](const std::string& path, const std::string& line) -> std::string {
    std::smatch match;
    const std::string code = " " + line.substr(0, line.find("//"));
    if (code.find('(') == std::string::npos || !std::regex_search(code, match, kFunction)) return "";
    // The command is a host, and asks the locale whether the terminal speaks UTF-8.
    if (path == "tools/src/cli/main.cc" && match[1] == "setlocale(") return "";
    return match[1].str() + ") goes by the locale, which is the host's to set";
  });
}

Findings check_suite_names(const Tree& tree) {
  static const std::regex kFolders("^tests/");
  static const std::regex kSuite(R"(^\s*(?:TYPED_)?TEST(?:_F|_P|_SUITE)?\(\s*(\w+Tests?)\b)");
  return judge_lines(tree, kFolders, [&](const std::string&, const std::string& line) -> std::string {
    std::smatch match;
    if (!std::regex_search(line, match, kSuite)) return "";
    return match[1].str() + " says Test: a suite is named after what it tests";
  });
}

}  // namespace nines::house
