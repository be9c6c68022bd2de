// The rule of preconditions: what a header of a room says behind "Requires:" is asserted where the function stands, or
// is named here with the reason why no body can see it.
#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "house/rules.h"

namespace nines::house {
namespace {

constexpr std::string_view kWord = "Requires:";

/// A precondition that nothing in the body could look at.
struct Unseen {
  std::string_view header;
  std::string_view function;
  std::string_view why;
};

constexpr std::array kUnseen = {
    Unseen{"engine/src/kv/kv.h", "move_to", "a view does not keep whose it is"},
    Unseen{"engine/src/kv/kv.h", "range", "likewise"},
    Unseen{"engine/src/kv/kv.h", "holding_log", "only a caller knows of the others"},
    Unseen{"engine/src/kv/rocksdb/rocksdb_kv.h", "drop_recent", "only a caller knows of the others"},
    Unseen{"engine/src/kv/rocksdb/view.h", "end_all", "it speaks of what comes later"},
    Unseen{"engine/src/store/kv_handle.h", "make_writable", "no lock says that its holder is this thread"},
    Unseen{"engine/src/store/kv_handle.h", "check_room", "likewise"},
    Unseen{"engine/src/store/write_lane.h", "LaneChange", "it speaks of what comes later"},
    Unseen{"engine/src/store/write_lane.h", "enter", "no lock says that its holder is this thread"},
    Unseen{"query/src/figures/latency_question.h", "answer", "a reader does not keep whom it has fed"},
};

/// What a header declares behind "Requires:".
struct Precondition {
  int line = 0;            ///< of the word
  std::string type;        ///< the class that it is a member of; empty for a free function
  std::string function;    ///< its name
  bool analysed = false;   ///< clang's thread-safety analysis sees to it
  bool interface = false;  ///< pure virtual: those who implement it owe the assertion
};

bool is_comment(const std::string& line) {
  const auto first = line.find_first_not_of(' ');
  return first != std::string::npos && line.compare(first, 2, "//") == 0;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The preconditions that `text`, a header, declares.
std::vector<Precondition> preconditions_of(const std::string& text) {
  static const std::regex kClass(R"(^(\s*)(?:class|struct)\s+(?:NINES_\w+\([^)]*\)+\s+)?(\w+)[^;]*\{$)");
  static const std::regex kFunction(R"((?:^|[\s*&])(operator\S+|(?!NINES_)\w+)\()");
  const std::vector<std::string> lines = lines_of(text);
  std::vector<Precondition> found;
  std::vector<std::pair<std::string, std::string>> types;  // indent and name, the innermost last
  int said = 0;                                            // the line of the word that no declaration has followed yet
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (is_comment(line)) {
      if (line.find(kWord) != std::string::npos) said = static_cast<int>(i) + 1;
      continue;
    }
    std::smatch match;
    if (std::regex_match(line, match, kClass)) types.emplace_back(match[1].str(), match[2].str());
    if (!types.empty() && line.starts_with(types.back().first + "};")) types.pop_back();
    if (said == 0) continue;
    Precondition wanted{.line = said,
                        .type = types.empty() ? "" : types.back().second,
                        .function = {},
                        .analysed = false,
                        .interface = false};
    said = 0;
    std::string declaration;
    for (std::size_t at = i; at < lines.size(); ++at) {
      declaration += lines[at] + "\n";
      if (lines[at].find_first_of(";{") != std::string::npos) break;
    }
    if (std::regex_search(declaration, match, kFunction)) wanted.function = match[1].str();
    wanted.analysed = declaration.find("NINES_REQUIRES") != std::string::npos;
    wanted.interface = declaration.find("= 0;") != std::string::npos;
    found.push_back(std::move(wanted));
  }
  return found;
}

/// The end of the brackets that open at `at`, behind the closing one; npos when they stay open.
std::size_t behind_brackets(const std::string& text, std::size_t at) {
  const char open = text[at];
  const char close = open == '(' ? ')' : '}';
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    if (text[at] == close && --depth == 0) return at + 1;
  }
  return std::string::npos;
}

/// The bodies in `text` of functions whose name, as they are defined, matches `name`.
std::vector<std::string> bodies(const std::string& text, const std::regex& name) {
  static const std::regex kBehind(
      R"(^(?:\s|const|noexcept|override|final|NINES_\w+\([^)]*\)|:\s(?:[^;{}]|\{[^{};]*\},?\s)*)*\{)");
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
    const std::size_t open = static_cast<std::size_t>(it->position() + it->length()) - 1;
    const std::size_t behind = behind_brackets(text, open);
    if (behind == std::string::npos) continue;
    std::smatch match;
    const std::string rest = text.substr(behind, 2000);
    if (!std::regex_search(rest, match, kBehind, std::regex_constants::match_continuous)) continue;
    const std::size_t body = behind + static_cast<std::size_t>(match.length()) - 1;
    const std::size_t last = behind_brackets(text, body);
    if (last != std::string::npos) found.push_back(text.substr(body, last - body));
  }
  return found;
}

/// What is wrong with `wanted` of `header`; empty when nothing is.
std::string judge(const Tree& tree, const std::string& header, const Precondition& wanted) {
  if (wanted.function.empty()) return "a precondition of nothing that has a body";
  if (wanted.analysed) return "";
  const std::string name = std::regex_replace(wanted.function, std::regex(R"([+\-*=<>\[\]])"), R"(\$&)");
  // Who implements an interface may do so within a class of a source.
  const std::string owner = wanted.interface ? R"((?:\w+::)?)" : wanted.type.empty() ? "" : wanted.type + "::";
  const std::regex outside(R"((?:^|[\s*&]))" + owner + name + R"(\()");
  const std::regex inside(R"((?:^|[\s*&]))" + name + R"(\()");
  const std::string room = header.substr(0, header.find('/')) + "/";
  bool seen = false;
  for (const auto& [path, text] : tree) {
    if (!path.starts_with(room) || (path != header && !path.ends_with(".cc"))) continue;
    for (const std::string& body : bodies(text, path == header ? inside : outside)) {
      seen = true;
      if (body.find("assert(") != std::string::npos) return "";
    }
  }
  return seen ? wanted.function + " does not assert what its header requires"
              : "no body of " + wanted.function + " is found";
}

}  // namespace

Findings check_preconditions(const Tree& tree) {
  Findings findings;
  std::set<const Unseen*> used;
  for (const auto& [path, text] : tree) {
    static const std::regex kHeader(R"((engine|prober|query|tools)/(include|src)/.*\.h)");
    if (!std::regex_match(path, kHeader)) continue;
    for (const Precondition& wanted : preconditions_of(text)) {
      const auto* const unseen = std::find_if(kUnseen.begin(), kUnseen.end(), [&](const Unseen& entry) {
        return entry.header == path && entry.function == wanted.function;
      });
      if (unseen != kUnseen.end()) {
        used.insert(unseen);
        continue;
      }
      if (std::string what = judge(tree, path, wanted); !what.empty()) {
        findings.push_back({path, wanted.line, std::move(what)});
      }
    }
  }
  for (const Unseen& entry : kUnseen) {
    if (tree.contains(std::string(entry.header)) && !used.contains(&entry)) {
      findings.push_back({std::string(entry.header), 0, std::string(entry.function) + " requires nothing any longer"});
    }
  }
  return findings;
}

}  // namespace nines::house
