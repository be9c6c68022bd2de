// Conditions on one value of a JSON body: paths and comparisons.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nines/check_spec.h>

#include "spec/field_error.h"

namespace nines::prober {

/// A JsonCondition with its path split and its value parsed.
// NOLINTNEXTLINE(bugprone-exception-escape): the moves of nlohmann::json are noexcept, and its checks say otherwise.
class JsonTest {
 public:
  /// Fails with the field "expect.json".
  [[nodiscard]] static Parsed<JsonTest> create(const JsonCondition& condition);

  /// Nothing when the condition holds for `document`, else a sentence that says why not.
  [[nodiscard]] std::optional<std::string> failure(const nlohmann::json& document) const;

 private:
  [[nodiscard]] const nlohmann::json* find(const nlohmann::json& document) const;
  [[nodiscard]] bool any_holds(const nlohmann::json& node, std::size_t step) const;
  [[nodiscard]] bool holds(const nlohmann::json& found) const;

  JsonCondition source_;
  std::vector<std::string> steps_;
  nlohmann::json expected_;
};

/// How deep objects and arrays lie in each other in JSON text; of other text some number. What walks a document does so
/// by recursion, so that a hostile one must be refused before it is parsed.
[[nodiscard]] std::size_t json_depth(std::string_view text) noexcept;
inline constexpr std::size_t kMaxJsonDepth = 200;

/// "==", "!=", "<", "<=", ">", ">=", "contains".
[[nodiscard]] std::string_view to_string(JsonCondition::Op op) noexcept;
[[nodiscard]] std::optional<JsonCondition::Op> parse_json_op(std::string_view text) noexcept;

}  // namespace nines::prober
