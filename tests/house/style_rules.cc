// Rules of how the tree is written, of which no compiler and no linter knows.
#include <regex>
#include <sstream>
#include <string>

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

}  // namespace

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
