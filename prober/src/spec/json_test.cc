#include "spec/json_test.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

using Op = JsonCondition::Op;

constexpr std::array<std::pair<Op, std::string_view>, 7> kOps{{{Op::equal, "=="},
                                                               {Op::not_equal, "!="},
                                                               {Op::less, "<"},
                                                               {Op::less_equal, "<="},
                                                               {Op::greater, ">"},
                                                               {Op::greater_equal, ">="},
                                                               {Op::contains, "contains"}}};

// How much of an actual value a detail shows.
constexpr std::size_t kShownBytes = 60;

tl::unexpected<Error> bad_path(const std::string& path, const std::string& why) {
  return fail(ErrorCode::invalid_argument, "expect.json: path \"" + path + "\" " + why);
}

// RFC 6901: "~1" is '/', "~0" is '~'.
std::optional<std::string> unescape_pointer(std::string_view step) {
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      text += step[i];
      continue;
    }
    ++i;
    if (i == step.size() || (step[i] != '0' && step[i] != '1')) return std::nullopt;
    text += step[i] == '0' ? '~' : '/';
  }
  return text;
}

Result<std::vector<std::string>> split_path(const std::string& path) {
  std::vector<std::string> steps;
  if (path.empty()) return steps;  // the whole document
  const bool pointer = path.front() == '/';
  for (const auto step : split(std::string_view(path).substr(pointer ? 1 : 0), pointer ? '/' : '.')) {
    if (!pointer) {
      if (step.empty()) return bad_path(path, "has an empty step");
      steps.emplace_back(step);
      continue;
    }
    auto plain = unescape_pointer(step);
    if (!plain) return bad_path(path, "has a ~ that is neither ~0 nor ~1");
    steps.push_back(*std::move(plain));
  }
  return steps;
}

const nlohmann::json* child(const nlohmann::json& node, const std::string& step) {
  if (node.is_object()) {
    const auto found = node.find(step);
    return found == node.end() ? nullptr : &*found;
  }
  if (!node.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc{} || end != step.data() + step.size() || index >= node.size()) return nullptr;
  return &node[index];
}

bool contains(const nlohmann::json& actual, const nlohmann::json& wanted) {
  if (actual.is_string()) {
    return wanted.is_string() &&
           actual.get_ref<const std::string&>().find(wanted.get_ref<const std::string&>()) != std::string::npos;
  }
  if (actual.is_array()) return std::find(actual.begin(), actual.end(), wanted) != actual.end();
  return actual.is_object() && wanted.is_string() && actual.contains(wanted.get_ref<const std::string&>());
}

}  // namespace

std::string_view to_string(Op op) noexcept {
  return std::find_if(kOps.begin(), kOps.end(), [op](const auto& entry) { return entry.first == op; })->second;
}

std::optional<Op> parse_json_op(std::string_view text) noexcept {
  const auto* found =
      std::find_if(kOps.begin(), kOps.end(), [text](const auto& entry) { return entry.second == text; });
  if (found == kOps.end()) return std::nullopt;
  return found->first;
}

Result<JsonTest> JsonTest::create(const JsonCondition& condition) {
  JsonTest test;
  test.source_ = condition;
  auto steps = split_path(condition.path);
  if (!steps) return tl::unexpected(steps.error());
  test.steps_ = *std::move(steps);
  test.expected_ = nlohmann::json::parse(condition.value, nullptr, false);
  if (test.expected_.is_discarded()) test.expected_ = condition.value;
  const bool ordered = condition.op == Op::less || condition.op == Op::less_equal || condition.op == Op::greater ||
                       condition.op == Op::greater_equal;
  if (ordered && !test.expected_.is_number() && !test.expected_.is_string()) {
    return fail(ErrorCode::invalid_argument, "expect.json: " + condition.path + ": " +
                                                 std::string(to_string(condition.op)) +
                                                 " needs a number or a string, not " + condition.value);
  }
  return test;
}

const nlohmann::json* JsonTest::find(const nlohmann::json& document) const {
  const nlohmann::json* node = &document;
  for (const auto& step : steps_) {
    node = child(*node, step);
    if (node == nullptr) return nullptr;
  }
  return node;
}

bool JsonTest::holds(const nlohmann::json& actual) const {
  const bool comparable =
      (actual.is_number() && expected_.is_number()) || (actual.is_string() && expected_.is_string());
  switch (source_.op) {
    case Op::equal:
      return actual == expected_;
    case Op::not_equal:
      return actual != expected_;
    case Op::less:
      return comparable && actual < expected_;
    case Op::less_equal:
      return comparable && actual <= expected_;
    case Op::greater:
      return comparable && actual > expected_;
    case Op::greater_equal:
      return comparable && actual >= expected_;
    case Op::contains:
      return contains(actual, expected_);
  }
  return false;
}

std::optional<std::string> JsonTest::failure(const nlohmann::json& document) const {
  const nlohmann::json* actual = find(document);
  const std::string where = "JSON " + (source_.path.empty() ? "document" : source_.path);
  if (actual == nullptr) return where + " is missing";
  if (holds(*actual)) return std::nullopt;
  const auto shown = actual->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return where + " is " + shorten(shown, kShownBytes) + ", expected " + std::string(to_string(source_.op)) + " " +
         expected_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace nines::prober
