// The rules inside a room: which folder of its src/ may include which, how large a folder may be, and that the tree
// cites no document that it does not contain.
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "house/rules.h"

namespace nines::house {
namespace {

struct FolderArrows {
  std::string_view folder;
  std::string_view may_use;  ///< folders of the same room
};

// Below a folder stands what it is built from: nothing here may lead back up, which a test of this table sees to.
constexpr std::array kFolderArrows = {
    FolderArrows{"engine/base", ""},
    FolderArrows{"engine/vocabulary", "base"},
    FolderArrows{"engine/series", "vocabulary base"},
    FolderArrows{"engine/codec", "series vocabulary base"},
    FolderArrows{"engine/adapters", ""},
    FolderArrows{"engine/backup", "base"},
    FolderArrows{"engine/kv", "base"},
    FolderArrows{"engine/kv/rocksdb", "kv backup base"},
    FolderArrows{"engine/kv/local", "kv/rocksdb kv backup codec base"},
    FolderArrows{"engine/memory", "series vocabulary base"},
    FolderArrows{"engine/store", "memory kv/local kv/rocksdb kv codec series vocabulary base"},
    FolderArrows{"prober/base", ""},
    FolderArrows{"prober/spec", "base"},
    FolderArrows{"prober/protocols", "spec base"},
    FolderArrows{"prober/checks", "protocols spec base"},
    FolderArrows{"prober/schedule", "base"},
    FolderArrows{"prober/alerts", "base"},
    FolderArrows{"prober/prober", "alerts schedule checks spec base"},
    FolderArrows{"query/time", ""},
    FolderArrows{"query/judgement", "time"},
    FolderArrows{"query/figures", "judgement time"},
    FolderArrows{"query/answers", "figures judgement time"},
    FolderArrows{"tools/c", ""},
    FolderArrows{"tools/show", ""},
    FolderArrows{"tools/history", ""},
    FolderArrows{"tools/exchange", "show"},
    FolderArrows{"tools/peers", "exchange show"},
    FolderArrows{"tools/http", "show"},
    FolderArrows{"tools/page", "http exchange show"},
    FolderArrows{"tools/web", "page http exchange show"},
    FolderArrows{"tools/config", "web page http exchange show"},
    FolderArrows{"tools/convert", "config peers show"},
    FolderArrows{"tools/run", "web http config exchange show"},
    FolderArrows{"tools/report", "page show"},
    FolderArrows{"tools/cli/command", "run show"},
    FolderArrows{"tools/cli/asking", "cli/command report exchange show"},
    FolderArrows{"tools/cli/care", "cli/command exchange show"},
    FolderArrows{"tools/cli/data", "cli/command run peers exchange history show"},
    FolderArrows{"tools/cli/servers", "cli/command run convert config peers exchange show"},
    FolderArrows{"tools/cli/watching", "cli/command run web http config show"},
    FolderArrows{"tools/cli", "cli/asking cli/care cli/data cli/servers cli/watching cli/command config show"},
};

/// "engine/codec" of "engine/src/codec/chunk.h"; "engine/" of a file that lies in src/ itself; empty for other files.
std::string folder_of(const std::string& path) {
  static const std::regex kSource(R"((engine|prober|query|tools)/src/(?:(.*)/)?[^/]*\.(?:h|cc))");
  std::smatch match;
  if (!std::regex_match(path, match, kSource)) return "";
  return match[1].str() + "/" + match[2].str();
}

const FolderArrows* arrows_of(std::string_view folder) {
  const auto* const found = std::find_if(kFolderArrows.begin(), kFolderArrows.end(),
                                         [&](const FolderArrows& entry) { return entry.folder == folder; });
  return found == kFolderArrows.end() ? nullptr : found;
}

std::set<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

/// What is wrong with a file of `from` including a file of `to`, both folders of one room; empty when nothing is.
std::string judge_arrow(const std::string& from, const std::string& to) {
  if (from == to) return "";
  const FolderArrows* const arrows = arrows_of(from);
  if (arrows == nullptr) return "";  // said once, of the folder
  const std::string inner = to.substr(to.find('/') + 1);
  return words_of(arrows->may_use).contains(inner) ? "" : from + " may not use " + to;
}

/// A document by its name in capitals, as comments cite them.
std::string cited(const std::string& line, const std::regex& citation) {
  std::smatch match;
  return std::regex_search(line, match, citation) ? match[1].str() : "";
}

}  // namespace

Findings check_folders(const Tree& tree) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*\"([^\"]+)\".*)");
  Findings findings;
  std::map<std::string, int> files;
  for (const auto& [path, text] : tree) {
    const std::string from = folder_of(path);
    if (from.empty()) continue;
    if (files[from]++ == 0 && arrows_of(from) == nullptr) {
      findings.push_back({path, 0, from + " is not in the table of folders in tests/house/folder_rules.cc"});
    }
    const std::string room = path.substr(0, path.find('/'));
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      std::smatch match;
      if (!std::regex_match(line, match, kInclude)) continue;
      const std::string target = room + "/src/" + match[1].str();
      if (!tree.contains(target)) continue;
      if (std::string what = judge_arrow(from, folder_of(target)); !what.empty()) {
        findings.push_back({path, number, std::move(what)});
      }
    }
  }
  for (const auto& [folder, count] : files) {
    if (count > kMaxFolderFiles) {
      findings.push_back({folder, 0, "a folder of " + std::to_string(count) + " files: find the two ideas in it"});
    }
  }
  return findings;
}

Findings check_folder_table() {
  // A folder is placed once all that it may use is; what is left over stands on a circle, or uses what is not there.
  std::set<std::string> placed;
  for (bool moved = true; moved;) {
    moved = false;
    for (const FolderArrows& entry : kFolderArrows) {
      const std::string folder(entry.folder);
      if (placed.contains(folder)) continue;
      const std::string room = folder.substr(0, folder.find('/'));
      const auto used = words_of(entry.may_use);
      const bool stands = std::all_of(used.begin(), used.end(),
                                      [&](const std::string& below) { return placed.contains(room + "/" + below); });
      if (stands) moved = placed.insert(folder).second;
    }
  }
  Findings findings;
  for (const FolderArrows& entry : kFolderArrows) {
    if (!placed.contains(std::string(entry.folder))) {
      findings.push_back({std::string(entry.folder), 0, "stands on a circle of folders"});
    }
  }
  return findings;
}

Findings check_citations(const Tree& tree) {
  static const std::regex kDocument(R"(\b([A-Z][A-Z_]{3,}\.md)\b)");
  // Pages that a project of this kind is planned by; who cites one has to bring it.
  static const std::regex kWord(R"(\b(CONVENTIONS|DASHBOARD|DESIGN|RELIABILITY|SEMANTICS|STYLE)\b(?!\.md))");
  // Of a page what stands between backticks, of a source what stands in a comment.
  static const std::regex kPathOfPage(R"(`((?:engine|prober|query|tools|tests|bench)/(?:[\w./-]*/|[\w./-]*\.\w+))`)");
  static const std::regex kPathOfComment(
      R"((?:^|[^\w/.-])((?:engine|prober|query|tools|tests|bench)/[\w./-]*\w\.(?:h|cc|py|yaml))\b)");
  std::set<std::string> documents;
  for (const auto& [path, text] : tree) documents.insert(path.substr(path.rfind('/') + 1));
  const auto in_tree = [&](const std::string& path) {
    const auto first = tree.lower_bound(path);
    return first != tree.end() && (path.ends_with('/') ? first->first.starts_with(path) : first->first == path);
  };
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (path.starts_with("tests/house/")) continue;  // which has to name them
    const bool page = path.ends_with(".md");
    const bool source = path.ends_with(".h") || path.ends_with(".cc");
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      std::string document = cited(line, kDocument);
      if (document.empty()) {
        document = cited(line, kWord);
        if (!document.empty()) document += ".md";
      }
      if (!document.empty() && !documents.contains(document)) {
        findings.push_back({path, number, "cites " + document + ", which is not in the tree"});
      }
      if (line.find('/') == std::string::npos) continue;
      if (!page && (!source || line.find("//") == std::string::npos)) continue;
      const std::string said = page ? line : line.substr(line.find("//") + 2);
      const std::regex& named = page ? kPathOfPage : kPathOfComment;
      for (std::sregex_iterator it(said.begin(), said.end(), named), end; it != end; ++it) {
        if (in_tree((*it)[1].str())) continue;
        findings.push_back({path, number, "names " + (*it)[1].str() + ", which is not in the tree"});
      }
    }
  }
  return findings;
}

}  // namespace nines::house
