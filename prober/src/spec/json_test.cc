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

tl::unexpected<FieldError> bad_path(const std::string& path, const std::string& why) {
  return wrong("expect.json", "path \"" + path + "\" " + why);
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

Parsed<std::vector<std::string>> split_pointer(const std::string& path) {
  std::vector<std::string> steps;
  for (const auto step : split(std::string_view(path).substr(1), '/')) {
    auto plain = unescape_pointer(step);
    if (!plain) return bad_path(path, "has a ~ that is neither ~0 nor ~1");
    steps.push_back(*std::move(plain));
  }
  return steps;
}

// Takes "[0]", "['a b']" or "[\"a b\"]" off the front of `rest`; nothing when it is none of them.
std::optional<std::string> take_bracket(std::string_view& rest) {
  const bool quoted = rest.size() > 1 && (rest[1] == '\'' || rest[1] == '"');
  const auto end = quoted ? rest.find(std::string{rest[1], ']'}, 2) : rest.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view step = quoted ? rest.substr(2, end - 2) : rest.substr(1, end - 1);
  const bool index = !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
  if (!quoted && !index) return std::nullopt;
  rest.remove_prefix(end + (quoted ? 2 : 1));
  return std::string(step);
}

// "a.0.b", "a[0].b", "$.a['b']"; empty and "$" are the whole document.
Parsed<std::vector<std::string>> split_path(const std::string& path) {
  if (path.starts_with('/')) return split_pointer(path);
  std::vector<std::string> steps;
  std::string_view rest = path;
  const bool rooted = rest == "$" || rest.starts_with("$.") || rest.starts_with("$[");
  if (rooted) rest.remove_prefix(1);
  for (bool first = !rooted; !rest.empty(); first = false) {
    if (rest.front() == '[') {
      auto step = take_bracket(rest);
      if (!step) return bad_path(path, "has brackets that are neither [0] nor ['name']");
      steps.push_back(*std::move(step));
      continue;
    }
    if (rest.front() != '.' && !first) return bad_path(path, "has no dot after a bracket");
    if (rest.front() == '.') rest.remove_prefix(1);
    const std::string_view step = rest.substr(0, rest.find_first_of(".["));
    if (step.empty()) return bad_path(path, "has an empty step");
    steps.emplace_back(step);
    rest.remove_prefix(step.size());
  }
  return steps;
}

// Items of an array, members of an object, characters of a text; nothing for other values.
std::optional<std::size_t> length_of(const nlohmann::json& value) {
  if (value.is_array() || value.is_object()) return value.size();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
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

// Whether `low` is below 0 and `high` not, which the library compares by their bits.
bool is_below(const nlohmann::json& low, const nlohmann::json& high) {
  return low.is_number_integer() && !low.is_number_unsigned() && low.get<std::int64_t>() < 0 &&
         high.is_number_unsigned();
}

// The number or the truth that a text spells, where it is compared with one; else the value itself.
nlohmann::json as_compared(const nlohmann::json& actual, const nlohmann::json& expected) {
  constexpr std::size_t kLongest = 40;
  if (!actual.is_string() || (!expected.is_number() && !expected.is_boolean())) return actual;
  if (actual.get_ref<const std::string&>().size() > kLongest) return actual;
  nlohmann::json spelt = nlohmann::json::parse(actual.get_ref<const std::string&>(), nullptr, false);
  return spelt.is_number() || spelt.is_boolean() ? spelt : actual;
}

// `text` is `wanted` as it was written.
bool contains(const nlohmann::json& actual, const nlohmann::json& wanted, const std::string& text) {
  if (actual.is_array()) {
    return std::any_of(actual.begin(), actual.end(),
                       [&wanted](const nlohmann::json& item) { return as_compared(item, wanted) == wanted; });
  }
  if (actual.is_string()) return actual.get_ref<const std::string&>().find(text) != std::string::npos;
  return actual.is_object() && actual.contains(text);
}

}  // namespace

std::size_t json_depth(std::string_view text) noexcept {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
      continue;
    }
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

std::string_view to_string(Op op) noexcept {
  const auto* const found =
      std::find_if(kOps.begin(), kOps.end(), [op](const auto& entry) { return entry.first == op; });
  return found == kOps.end() ? "exists" : found->second;
}

std::optional<Op> parse_json_op(std::string_view text) noexcept {
  const auto* found =
      std::find_if(kOps.begin(), kOps.end(), [text](const auto& entry) { return entry.second == text; });
  if (found == kOps.end()) return std::nullopt;
  return found->first;
}

Parsed<JsonTest> JsonTest::create(const JsonCondition& condition) {
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
    return wrong("expect.json", condition.path + ": " + std::string(to_string(condition.op)) +
                                    " needs a number or a string, not " + condition.value);
  }
  if (condition.subject == JsonCondition::Subject::length && !test.expected_.is_number()) {
    return wrong("expect.json", "len(" + condition.path + ") is compared with a number, not " + condition.value);
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

bool JsonTest::holds(const nlohmann::json& found) const {
  if (source_.op == Op::contains) {
    return contains(found, expected_, expected_.is_string() ? expected_.get<std::string>() : source_.value);
  }
  const nlohmann::json actual = as_compared(found, expected_);
  const bool below = is_below(actual, expected_);
  if (below || is_below(expected_, actual)) {
    const bool wants_less = source_.op == Op::less || source_.op == Op::less_equal;
    return source_.op == Op::not_equal || (source_.op != Op::equal && wants_less == below);
  }
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
    case Op::exists:
      return true;
  }
  return false;
}

// Whether one of the values that the steps from `step` on reach from `node` holds.
bool JsonTest::any_holds(const nlohmann::json& node, std::size_t step) const {
  const auto next = step < steps_.size() ? child(node, steps_[step]) : nullptr;
  if (next != nullptr) return any_holds(*next, step + 1);
  if (node.is_array()) {
    return std::any_of(node.begin(), node.end(), [this, step](const auto& item) { return any_holds(item, step); });
  }
  return step == steps_.size() && holds(node);
}

std::optional<std::string> JsonTest::failure(const nlohmann::json& document) const {
  const auto as_text = [](const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const std::string path = source_.path.empty() ? "document" : source_.path;
  const std::string expected = std::string(to_string(source_.op)) + " " + as_text(expected_);
  if (source_.subject == JsonCondition::Subject::any) {
    if (any_holds(document, 0)) return std::nullopt;
    return "no value of JSON " + path + " is " + expected;
  }
  const nlohmann::json* actual = find(document);
  if (actual == nullptr) return "JSON " + path + " is missing";
  if (source_.subject == JsonCondition::Subject::length) {
    const auto length = length_of(*actual);
    if (!length) return "JSON " + path + " has no length";
    if (holds(*length)) return std::nullopt;
    return "len of JSON " + path + " is " + std::to_string(*length) + ", expected " + expected;
  }
  if (holds(*actual)) return std::nullopt;
  return "JSON " + path + " is " + shorten(as_text(*actual), kShownBytes) + ", expected " + expected;
}

}  // namespace nines::prober
