// A configuration that is being written from another tool's: servers as keys with their YAML, and what has no equal as
// comments at its place.
//
// What comes out is checked as `nines config check` does: a server that it would refuse is written as comments, with
// the reason, so that the whole is always good. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nines::tools {

/// `text` as a YAML scalar in double quotes, in which no variable of the environment is meant.
[[nodiscard]] std::string yaml_text(std::string_view text);
/// The same where the other tool takes `${NAME}` for a variable as well, and an unset one for nothing.
[[nodiscard]] std::string yaml_with_variables(std::string_view text);
/// The same for what is secret perhaps: one that is a variable as a whole is read at each use.
[[nodiscard]] std::string yaml_secret(std::string_view text);
/// "[a, b]" of scalars that are YAML already.
[[nodiscard]] std::string yaml_list(const std::vector<std::string>& scalars);

struct DraftServer {
  std::string name;
  std::string group;
  std::string key;        ///< tells it from others of its name
  bool disabled = false;  ///< written as comments

  void set(std::string_view name_of_key, std::string yaml) { keys.emplace_back(name_of_key, std::move(yaml)); }
  void expect(std::string_view name_of_key, std::string yaml) { expected.emplace_back(name_of_key, std::move(yaml)); }
  void add_json(std::string_view condition) { json.push_back(yaml_text(condition)); }
  /// Something that has no equal, or means another thing here: a sentence of one line.
  void note(std::string text) { notes.push_back(std::move(text)); }

  std::vector<std::pair<std::string, std::string>> keys;
  std::vector<std::pair<std::string, std::string>> expected;
  std::vector<std::string> json;
  std::vector<std::string> notes;
  std::optional<std::vector<std::string>> alerts;  ///< names of those of the draft that hear of it; nothing: all
};

/// An entry of `alerts`.
struct DraftAlert {
  std::string name;
  std::string channel;  ///< `discord: {url: "..."}`
  std::vector<std::pair<std::string, std::string>> keys;
};

struct Draft {
  std::string source;  ///< what it was made from, for the first line
  std::vector<DraftServer> servers;
  std::vector<std::string> notes;  ///< about the whole
  std::vector<DraftAlert> alerts;
  std::vector<std::string> references;  ///< URLs of checks without which nothing is reached

  struct Written {
    std::string yaml;
    std::size_t servers = 0;   ///< that are in it
    std::size_t left_out = 0;  ///< that are in it as comments only
    std::size_t notes = 0;
  };
  /// Gives servers of one name others, as an import of the same tool's history does.
  [[nodiscard]] Written write();
};

}  // namespace nines::tools
