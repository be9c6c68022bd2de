#include "house/rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace nines::house {
namespace {

namespace fs = std::filesystem;

/// A library from outside: how each kind of file names it, and who may.
struct Dependency {
  std::string_view package;   ///< Debian's, as in ./dev; empty when the compiler brings it
  std::string_view found_as;  ///< in find_package() or pkg_check_modules()
  std::string_view target;    ///< CMake targets begin with it
  std::string_view header;    ///< included paths begin with it
  std::string_view rooms;     ///< that may use it; tests and benchmarks may use everything
};

// A new library gets its line here, with the rooms that may use it.
constexpr std::array kDependencies = {
    Dependency{"librocksdb-dev", "RocksDB", "RocksDB::", "rocksdb/", "engine"},
    Dependency{"libexpected-dev", "tl-expected", "tl::", "tl/", "engine prober query tools"},
    Dependency{"libcurl4-openssl-dev", "CURL", "CURL::", "curl/", "prober"},
    Dependency{"libidn2-dev", "libidn2", "PkgConfig::IDN2", "idn2.h", "prober"},
    Dependency{"zlib1g-dev", "ZLIB", "ZLIB::", "zlib.h", "prober tools"},
    Dependency{"libbrotli-dev", "libbrotlidec", "PkgConfig::BROTLIDEC", "brotli/decode", "prober"},
    Dependency{"libc-ares-dev", "libcares", "PkgConfig::CARES", "ares", "prober"},
    Dependency{"libre2-dev", "re2", "PkgConfig::RE2", "re2/", "prober"},
    Dependency{"nlohmann-json3-dev", "nlohmann_json", "nlohmann_json::", "nlohmann/", "prober tools"},
    Dependency{"libhowardhinnant-date-dev", "date", "date::", "date/", "query prober"},
    Dependency{"libssl-dev", "OpenSSL", "OpenSSL::", "openssl/", "prober tools"},
    Dependency{"libboost-program-options-dev", "Boost", "Boost::", "boost/", "tools"},
    Dependency{"libboost-dev", "Boost", "Boost::", "boost/", "tools"},
    Dependency{"libbrotli-dev", "libbrotlienc", "PkgConfig::BROTLIENC", "brotli/encode", "tools"},
    Dependency{"libsodium-dev", "libsodium", "PkgConfig::SODIUM", "sodium", "tools"},
    Dependency{"libsystemd-dev", "libsystemd", "PkgConfig::SYSTEMD", "systemd/", "tools"},
    Dependency{"libzstd-dev", "libzstd", "PkgConfig::ZSTD", "zstd.h", "tools"},
    Dependency{"libarchive-dev", "libarchive", "PkgConfig::ARCHIVE", "archive", "tools"},
    Dependency{"libsqlite3-dev", "sqlite3", "PkgConfig::SQLITE3", "sqlite3.h", "tools"},
    Dependency{"libyaml-cpp-dev", "yaml-cpp", "yaml-cpp", "yaml-cpp/", "tools"},
    Dependency{"libfmt-dev", "fmt", "fmt::", "fmt/", "tools"},
    Dependency{"libcpp-httplib-dev", "cpp-httplib", "PkgConfig::HTTPLIB", "httplib.h", "tools"},
    Dependency{"libgtest-dev", "GTest", "GTest::gtest", "gtest/", ""},
    Dependency{"libgmock-dev", "GTest", "GTest::gmock", "gmock/", ""},
    Dependency{"libbenchmark-dev", "benchmark", "benchmark::", "benchmark/", ""},
    Dependency{"python3", "Python3", "Python3::", "", ""},
    Dependency{"pkg-config", "PkgConfig", "", "", "engine prober query tools"},
    Dependency{"", "Threads", "Threads::", "", "engine prober query tools"},
};

constexpr std::array<std::string_view, 4> kRooms = {"engine", "prober", "query", "tools"};

bool has_word(std::string_view words, std::string_view word) {
  std::istringstream in{std::string(words)};
  return std::find(std::istream_iterator<std::string>(in), {}, word) != std::istream_iterator<std::string>();
}

bool is_room(std::string_view name) {
  return std::find(kRooms.begin(), kRooms.end(), name) != kRooms.end();
}

/// "engine" of "engine/src/key.cc"; empty for a file at the root.
std::string top_folder(const std::string& path) {
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

/// The room that `path` is part of; empty for tests and everything else.
std::string room_of(const std::string& path) {
  std::string top = top_folder(path);
  return is_room(top) ? top : "";
}

/// The room whose tests `path` is part of: "engine" of "tests/engine/key_test.cc", or empty.
std::string tested_room(const std::string& path) {
  constexpr std::string_view kTests = "tests/";
  return path.starts_with(kTests) ? room_of(path.substr(kTests.size())) : "";
}

/// The arrows between the rooms. `from` empty is a test or a benchmark, which may use all rooms.
bool may_use(const std::string& from, const std::string& to) {
  return from.empty() || from == to || from == "tools" || to == "engine";
}

/// May a file look into the src/ folder of `room`?
bool may_look_into(const std::string& file, const std::string& room) {
  if (const std::string home = room_of(file); !home.empty()) return home == room;
  const std::string tested = tested_room(file);
  return tested.empty() || tested == room;
}

/// Headers of the engine's own that the other rooms build with too, as nines_base offers them.
constexpr std::array<std::string_view, 8> kBricks = {"engine/src/base/ascii_case.h",   "engine/src/base/crc32c.h",
                                                     "engine/src/base/hold.h",         "engine/src/base/mutex.h",
                                                     "engine/src/base/nearest_rank.h", "engine/src/base/time_text.h",
                                                     "engine/src/base/utf8.h",         "engine/src/base/write_all.h"};

bool is_brick(const std::string& path) {
  return std::find(kBricks.begin(), kBricks.end(), path) != kBricks.end();
}

bool is_source(const std::string& path) {
  const std::string folder = top_folder(path);
  return (is_room(folder) || folder == "tests" || folder == "bench") && (path.ends_with(".h") || path.ends_with(".cc"));
}

bool is_public_header(const std::string& path) {
  return path.ends_with(".h") && path.starts_with(room_of(path) + "/include/nines/");
}

/// Calls `visit` with each line's number, from 1, and its text.
void for_each_line(const std::string& text, const std::function<void(int, const std::string&)>& visit) {
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) visit(number, line);
}

/// The path that a line includes, without its quotes or brackets.
std::optional<std::string> included_path(const std::string& line) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"].*)");
  std::smatch match;
  if (!std::regex_match(line, match, kInclude)) return std::nullopt;
  return match[1].str();
}

/// The file of the tree that `file` means by `included`, by the include folders that the build gives it; when there is
/// none, a file in a room's src/ that bears the name. No value for files from outside.
std::optional<std::string> resolve(const Tree& tree, const std::string& file, const std::string& included) {
  const std::string home = room_of(file).empty() ? tested_room(file) : room_of(file);
  std::vector<std::string> candidates = {(fs::path(file).parent_path() / included).lexically_normal().generic_string(),
                                         top_folder(file) + "/" + included, home + "/src/" + included, included};
  for (const std::string_view room : kRooms) candidates.push_back(std::string(room) + "/include/" + included);
  for (const std::string_view room : kRooms) candidates.push_back(std::string(room) + "/src/" + included);
  const auto found =
      std::find_if(candidates.begin(), candidates.end(), [&](const std::string& path) { return tree.contains(path); });
  if (found == candidates.end()) return std::nullopt;
  return *found;
}

const Dependency* dependency_of_header(std::string_view included) {
  const auto* const found = std::find_if(kDependencies.begin(), kDependencies.end(), [&](const Dependency& entry) {
    return !entry.header.empty() && included.starts_with(entry.header);
  });
  return found == kDependencies.end() ? nullptr : found;
}

/// What is wrong with `file` including `included`; empty when nothing is.
std::string judge_include(const Tree& tree, const std::string& file, const std::string& included) {
  const std::string home = room_of(file);
  if (const auto target = resolve(tree, file, included)) {
    const std::string room = room_of(*target);
    if (room.empty()) return home.empty() ? "" : "a room includes " + *target;
    if (!may_use(home, room)) return home + " may not use " + room;
    if (!is_public_header(*target) && !is_brick(*target) && !may_look_into(file, room))
      return *target + " is private to " + room;
    return "";
  }
  if (included.starts_with("nines/")) return "no room has the public header " + included;
  const Dependency* const dependency = dependency_of_header(included);
  if (dependency == nullptr || home.empty() || has_word(dependency->rooms, home)) return "";
  return home + " may not use " + included;
}

/// A line of a CMake file without its comment.
std::string without_comment(const std::string& line) {
  return line.substr(0, line.find('#'));
}

bool is_cmake(const std::string& path) {
  // The consumer is a project of its own, which stands for somebody else's.
  if (path.starts_with("tests/house/consumer/")) return false;
  return path.ends_with("CMakeLists.txt") || path.ends_with(".cmake");
}

/// The words between the brackets of every `SOMETHING_packages=(...)` of ./dev.
std::set<std::string> packages_of_dev(const std::string& script) {
  static const std::regex kList(R"(_packages=\(([^)]*)\))");
  std::set<std::string> packages;
  for (std::sregex_iterator it(script.begin(), script.end(), kList), end; it != end; ++it) {
    std::istringstream words((*it)[1].str());
    packages.insert(std::istream_iterator<std::string>(words), {});
  }
  return packages;
}

/// The packages and modules that a line of a CMake file looks for.
std::vector<std::string> looked_for(const std::string& line) {
  static const std::regex kCall(R"((find_package|pkg_check_modules)\s*\(\s*([^\s)]+)([^)]*))");
  std::smatch match;
  if (!std::regex_search(line, match, kCall)) return {};
  if (match[1] == "find_package") return {match[2]};
  std::istringstream words(match[3].str());
  std::vector<std::string> modules;
  for (std::string word; words >> word;) {
    if (word != "REQUIRED" && word != "IMPORTED_TARGET" && word != "QUIET") modules.push_back(word);
  }
  return modules;
}

/// What is wrong with a CMake file looking for `name`; empty when nothing is.
std::string judge_package(const std::set<std::string>& installed, const std::string& name) {
  bool known = false;
  for (const Dependency& entry : kDependencies) {
    if (entry.found_as != name) continue;
    known = true;
    if (!entry.package.empty() && !installed.contains(std::string(entry.package))) {
      return name + " is in the package " + std::string(entry.package) + ", which ./dev does not install";
    }
  }
  return known ? "" : name + " is not in the table of dependencies in tests/house/rules.cc";
}

}  // namespace

Tree read_tree(const fs::path& root) {
  constexpr std::array kFolders = {".ci", "bench", "engine", "prober", "query", "tests", "tools"};
  Tree tree;
  const auto add = [&](const fs::directory_entry& entry) {
    // Where git keeps a second working tree, .git is a file that names the first; it is no part of this one.
    if (!entry.is_regular_file() || entry.path().filename() == ".git") return;
    std::ifstream in(entry.path(), std::ios::binary);
    tree[entry.path().lexically_relative(root).generic_string()] =
        std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  for (const auto& entry : fs::directory_iterator(root)) add(entry);
  for (const char* const folder : kFolders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) add(entry);
  }
  return tree;
}

std::ostream& operator<<(std::ostream& out, const Finding& finding) {
  return out << finding.file << ':' << finding.line << ": " << finding.what;
}

Findings check_includes(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    for_each_line(text, [&, &file = path](int number, const std::string& line) {
      const auto included = included_path(line);
      if (!included) return;
      if (std::string what = judge_include(tree, file, *included); !what.empty()) {
        findings.push_back({file, number, std::move(what)});
      }
    });
  }
  return findings;
}

Findings check_links(const Tree& tree) {
  static const std::regex kRoomTarget(R"(\bnines(::|_)(engine|prober|query|tools)\b)");
  Findings findings;
  for (const auto& [path, text] : tree) {
    const std::string home = room_of(path);
    if (home.empty() || !is_cmake(path)) continue;
    for_each_line(text, [&, &file = path](int number, const std::string& whole_line) {
      const std::string line = without_comment(whole_line);
      for (std::sregex_iterator it(line.begin(), line.end(), kRoomTarget), end; it != end; ++it) {
        if (!may_use(home, (*it)[2])) findings.push_back({file, number, home + " may not link " + it->str()});
      }
      for (const Dependency& entry : kDependencies) {
        if (entry.target.empty() || has_word(entry.rooms, home)) continue;
        if (line.find(entry.target) == std::string::npos) continue;
        findings.push_back({file, number, home + " may not link " + std::string(entry.target)});
      }
    });
  }
  return findings;
}

Findings check_public_headers(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!is_public_header(path)) continue;
    int lines = 0;
    for_each_line(text, [&, &file = path](int number, const std::string& line) {
      lines = number;
      const auto included = included_path(line);
      if (!included) return;
      const Dependency* const dependency = dependency_of_header(*included);
      if (dependency != nullptr && dependency->header != "tl/") {
        findings.push_back({file, number, "a public header shows " + *included});
      }
    });
    if (lines >= kMaxHeaderLines)
      findings.push_back({path, 0, "a public header of " + std::to_string(lines) + " lines"});
  }
  return findings;
}

Findings check_packages(const Tree& tree) {
  const auto dev = tree.find("dev");
  if (dev == tree.end()) return {{"dev", 0, "is missing"}};
  const std::set<std::string> installed = packages_of_dev(dev->second);
  Findings findings;
  for (const auto& [path, text] : tree) {
    for_each_line(text, [&, &file = path](int number, const std::string& line) {
      static const std::regex kInstall(R"(\bapt(-get)?\s+(-\S+\s+)*install\b)");
      if (file != "dev" && std::regex_search(line, kInstall)) {
        findings.push_back({file, number, "packages are installed by ./dev only"});
      }
      if (!is_cmake(file)) return;
      for (const std::string& name : looked_for(without_comment(line))) {
        if (std::string what = judge_package(installed, name); !what.empty()) {
          findings.push_back({file, number, std::move(what)});
        }
      }
    });
  }
  return findings;
}

Findings check_mutexes(const Tree& tree) {
  static const std::regex kUnseen(R"(\bstd::(\w*mutex|lock_guard|scoped_lock)\b)");
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (room_of(path).empty() || !is_source(path) || path == "engine/src/base/mutex.h") continue;
    for_each_line(text, [&, &file = path](int number, const std::string& line) {
      std::smatch match;
      if (!std::regex_search(line, match, kUnseen)) return;
      findings.push_back({file, number, match.str() + " is not seen by the thread-safety analysis"});
    });
  }
  return findings;
}

Findings check_machine_paths(const Tree& tree) {
  static const std::regex kHome(R"((^|[^\w.:/}])/(home|root|work|Users)/\w)");
  Findings findings;
  for (const auto& [path, text] : tree) {
    for_each_line(text, [&, &file = path](int number, const std::string& line) {
      if (std::regex_search(line, kHome)) findings.push_back({file, number, "names a folder of one machine"});
    });
  }
  return findings;
}

}  // namespace nines::house
