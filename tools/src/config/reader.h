// Reading YAML with places: every value knows its line and column, every mistake is collected with them.
//
// Nothing throws out of these functions. Reading goes on after a mistake, so that one run shows them all. One thread.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "show/output.h"

namespace nines::tools {

/// A mistake in a configuration file; line and column count from 1, 0 where there is no place.
struct Problem {
  int line = 0;
  int column = 0;
  std::string message;
};

/// The mistakes of one file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(const YAML::Mark& mark, std::string message);
  void add(const YAML::Node& node, std::string message) { add(node.Mark(), std::move(message)); }
  [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }
  [[nodiscard]] const std::vector<Problem>& list() const noexcept { return problems_; }
  /// `file:line:column: message`, a line each, in the order of the file.
  [[nodiscard]] std::string text() const;

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

/// A share in (0, 1) like 99.9% or 0.999; anything else is a problem.
[[nodiscard]] std::optional<double> read_ratio(const YAML::Node& node, std::string_view what, Problems& problems);
/// The text of a scalar with `${NAME}` replaced from the environment and `$$` by a dollar. A variable that is not set,
/// and a node that is not a scalar, are problems. `what` names the value in the message.
[[nodiscard]] std::optional<std::string> read_text(const YAML::Node& node, std::string_view what, Problems& problems);
/// A duration like 90s, 5m, 24h, 400d within [least, most].
[[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(const YAML::Node& node, std::string_view what,
                                                                     std::chrono::milliseconds least,
                                                                     std::chrono::milliseconds most,
                                                                     Problems& problems);
/// A whole number within [least, most].
[[nodiscard]] std::optional<std::int64_t> read_integer(const YAML::Node& node, std::string_view what,
                                                       std::int64_t least, std::int64_t most, Problems& problems);
/// true or false.
[[nodiscard]] std::optional<bool> read_bool(const YAML::Node& node, std::string_view what, Problems& problems);
/// A size like 64MiB or 20GiB.
[[nodiscard]] std::optional<std::uint64_t> read_bytes(const YAML::Node& node, std::string_view what,
                                                      Problems& problems);
/// A list of texts; a single text is a list of one.
[[nodiscard]] std::vector<std::string> read_texts(const YAML::Node& node, std::string_view what, Problems& problems);
/// Any value as JSON. Scalars are text; with `typed` the plain ones become numbers, booleans and null where YAML's core
/// schema says so. Depth and size are bounded (aliases can make small files huge).
[[nodiscard]] std::optional<Json> read_json(const YAML::Node& node, std::string_view what, bool typed,
                                            Problems& problems);

/// The entries of a mapping, then those that its `<<` merges into it: of a mapping or of a list of them, of which the
/// first that has a key counts, and none where the mapping has it itself. Requires: node.IsMap().
[[nodiscard]] std::vector<std::pair<YAML::Node, YAML::Node>> entries_of(const YAML::Node& node, Problems& problems);

/// A mapping whose keys are known beforehand; where "x-*" is among them, all that begin with x- are, and say nothing.
/// Keys that are not, and keys that come twice, are problems.
class MapReader {
 public:
  /// `what` names the mapping in messages: "server `site`", "store".
  MapReader(const YAML::Node& node, std::string what, std::span<const std::string_view> known, Problems& problems);

  /// The value of `key`; nothing when it is absent or empty (`key:`).
  [[nodiscard]] std::optional<YAML::Node> get(std::string_view key) const;
  /// Where the mapping stands.
  [[nodiscard]] const YAML::Node& node() const noexcept { return node_; }
  [[nodiscard]] const std::vector<std::pair<std::string, YAML::Node>>& entries() const noexcept { return entries_; }

 private:
  YAML::Node node_;
  std::vector<std::pair<std::string, YAML::Node>> entries_;
};

}  // namespace nines::tools
