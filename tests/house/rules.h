// The rules of the tree that a compiler does not check: who may include and link whom, what a public header may hold,
// which Debian packages ./dev has to name. Pure functions over the text of files, so that they are tested themselves.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace nines::house {

/// Files by their path from the root of the tree, with '/' between folders.
using Tree = std::map<std::string, std::string>;

/// Our files below `root`: the rooms, tests, bench, the build's own, and those at the root. No build directories.
[[nodiscard]] Tree read_tree(const std::filesystem::path& root);

/// A line that breaks a rule. `line` counts from 1; 0 means the file as a whole.
struct Finding {
  std::string file;
  int line = 0;
  std::string what;

  friend bool operator==(const Finding&, const Finding&) = default;
};
std::ostream& operator<<(std::ostream& out, const Finding& finding);

using Findings = std::vector<Finding>;

/// tools -> {prober, query} -> engine, and nobody's src/ but one's own, save for the bricks of engine/src/base.
/// tests/ROOM may look into ROOM/src, other folders of tests/ and bench/ into every room. A library is included by the
/// rooms that the table in rules.cc gives it to.
[[nodiscard]] Findings check_includes(const Tree& tree);

/// The same arrows, between the targets of the CMakeLists.txt files.
[[nodiscard]] Findings check_links(const Tree& tree);

/// Public headers are under kMaxHeaderLines lines and include the standard library, nines and tl::expected only.
[[nodiscard]] Findings check_public_headers(const Tree& tree);
inline constexpr int kMaxHeaderLines = 250;

/// What the CMake files look for is in a Debian package that ./dev installs, and no other file installs packages.
[[nodiscard]] Findings check_packages(const Tree& tree);

/// Rooms lock with the mutexes of engine/src/base/mutex.h, which clang's thread-safety analysis sees; it does not see
/// those of libstdc++.
[[nodiscard]] Findings check_mutexes(const Tree& tree);

/// No file names a folder of somebody's own machine.
[[nodiscard]] Findings check_machine_paths(const Tree& tree);

/// Every source of a room lies in a folder of its src/ that the table in folder_rules.cc has, includes only from the
/// folders that the table allows, and shares its folder with at most kMaxFolderFiles files.
[[nodiscard]] Findings check_folders(const Tree& tree);
inline constexpr int kMaxFolderFiles = 40;  // engine/store is there: what writes and what reads wants dividing

/// That table has no circle.
[[nodiscard]] Findings check_folder_table();

/// What a header requires of a caller, behind the word "Requires:", is asserted in the body or left to clang's
/// thread-safety analysis; what neither can see is in the table of precondition_rules.cc with the reason.
[[nodiscard]] Findings check_preconditions(const Tree& tree);

/// No room asks what is a letter, or how a number is written, of functions that go by the process's locale.
[[nodiscard]] Findings check_locale(const Tree& tree);

/// A function has a name for each of its steps before it has more than kMaxFunctionLines lines. A table is no function.
[[nodiscard]] Findings check_function_lengths(const Tree& tree);
inline constexpr std::size_t kMaxFunctionLines = 70;

/// A suite is named after what it tests, and does not say that it is one.
[[nodiscard]] Findings check_suite_names(const Tree& tree);

/// Documents that comments and pages cite, and files that they name by their path, are in the tree.
[[nodiscard]] Findings check_citations(const Tree& tree);

}  // namespace nines::house
