// Looking into another tool's YAML, where anything may be anything: never throws. Pure functions; any thread.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nines::tools {

/// The value of `key` in a mapping, also out of what it merges with `<<`; an undefined node when there is none.
[[nodiscard]] YAML::Node value_of(const YAML::Node& node, const std::string& key);
/// The scalar's text; empty for what is none.
[[nodiscard]] std::string text_of(const YAML::Node& node);
[[nodiscard]] inline std::string text_of(const YAML::Node& node, const std::string& key) {
  return text_of(value_of(node, key));
}
/// true, yes, on, 1.
[[nodiscard]] bool is_true(const YAML::Node& node);
/// The texts of a list, or of a single scalar.
[[nodiscard]] std::vector<std::string> texts_of(const YAML::Node& node);
/// The keys of a mapping, merged ones not.
[[nodiscard]] std::vector<std::string> keys_of(const YAML::Node& node);

}  // namespace nines::tools
