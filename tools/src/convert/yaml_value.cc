#include "convert/yaml_value.h"

namespace nines::tools {
namespace {

constexpr int kMostMerges = 16;  // of mappings within each other

YAML::Node find(const YAML::Node& node, const std::string& key, int depth) {
  if (!node.IsDefined() || !node.IsMap() || depth > kMostMerges) return YAML::Node(YAML::NodeType::Undefined);
  for (const auto& entry : node) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  }
  for (const auto& entry : node) {
    if (!entry.first.IsScalar() || entry.first.Scalar() != "<<") continue;
    if (!entry.second.IsSequence()) return find(entry.second, key, depth + 1);
    for (const auto& merged : entry.second) {
      const YAML::Node found = find(merged, key, depth + 1);
      if (found.IsDefined()) return found;
    }
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

}  // namespace

YAML::Node value_of(const YAML::Node& node, const std::string& key) {
  return find(node, key, 0);
}

std::string text_of(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string();
}

bool is_true(const YAML::Node& node) {
  const std::string text = text_of(node);
  return text == "true" || text == "True" || text == "yes" || text == "on" || text == "1";
}

std::vector<std::string> texts_of(const YAML::Node& node) {
  std::vector<std::string> texts;
  if (!node.IsDefined()) return texts;
  if (node.IsScalar()) texts.push_back(node.Scalar());
  if (!node.IsSequence()) return texts;
  for (const auto& item : node) {
    if (item.IsScalar()) texts.push_back(item.Scalar());
  }
  return texts;
}

std::vector<std::string> keys_of(const YAML::Node& node) {
  std::vector<std::string> keys;
  if (!node.IsDefined() || !node.IsMap()) return keys;
  for (const auto& entry : node) {
    if (entry.first.IsScalar()) keys.push_back(entry.first.Scalar());
  }
  return keys;
}

}  // namespace nines::tools
