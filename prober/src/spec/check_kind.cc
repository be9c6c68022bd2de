#include "spec/check_kind.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace nines::prober {
namespace {

constexpr bool rows_stand_in_order() {
  for (std::size_t i = 0; i < kCheckKinds.size(); ++i) {
    if (static_cast<std::size_t>(kCheckKinds[i].kind) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_order(), "traits() finds a row by the kind's number");
static_assert(kCheckKinds.back().kind == CheckKind::push, "every kind has a row");

}  // namespace

std::string kinds_with(Features wanted) {
  std::vector<const char*> names;
  for (const auto& row : kCheckKinds) {
    if (row.has(wanted)) names.push_back(row.scheme);
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

bool greets(Greeting greeting, std::string_view line) noexcept {
  switch (greeting) {
    case Greeting::none:
      return true;
    case Greeting::reply_code:
      return line.size() > 3 &&
             std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; });
    case Greeting::imap:
      return line.starts_with("* ");
    case Greeting::pop3:
      return line.starts_with("+OK") || line.starts_with("-ERR");
  }
  return true;
}

}  // namespace nines::prober

namespace nines {

std::string_view to_string(CheckKind kind) noexcept {
  return prober::traits(kind).scheme;
}

std::optional<CheckKind> check_kind(std::string_view url) noexcept {
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto* const found = std::find_if(
      prober::kCheckKinds.begin(), prober::kCheckKinds.end(),
      [name = url.substr(0, colon)](const auto& row) { return prober::equal_ignoring_case(name, row.scheme); });
  if (found == prober::kCheckKinds.end()) return std::nullopt;
  return found->kind;
}

}  // namespace nines
