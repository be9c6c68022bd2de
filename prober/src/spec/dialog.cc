#include "spec/dialog.h"

#include <algorithm>

#include "base/text.h"
#include "spec/compile_parts.h"

namespace nines::prober {
namespace {

using Act = DialogStep::Act;

constexpr const char* kField = "dialog";
constexpr std::size_t kMaxSteps = 100;
constexpr std::size_t kMaxTextBytes = 64U << 10;

/// The group that "{{N}}" at the beginning of `text` names; 0 when there is none.
int group_at(std::string_view text) noexcept {
  const bool named = text.size() >= 5 && text.starts_with("{{") && text[2] >= '1' && text[2] <= '9' &&
                     text.substr(3).starts_with("}}");
  return named ? text[2] - '0' : 0;
}

int highest_group(std::string_view text) noexcept {
  int highest = 0;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 1)) {
    highest = std::max(highest, group_at(text.substr(at)));
  }
  return highest;
}

}  // namespace

bool ends_in_escape(std::string_view text) noexcept {
  return text.ends_with("\\n");
}

bool upgrades(const std::vector<DialogStep>& steps) noexcept {
  return std::any_of(steps.begin(), steps.end(), [](const DialogStep& step) { return step.act == Act::starttls; });
}

Parsed<std::vector<DialogAct>> compile_dialog(const std::vector<DialogStep>& steps, std::size_t bytes) {
  if (steps.size() > kMaxSteps) return wrong(kField, "more than 100 steps");
  std::vector<DialogAct> acts;
  DialogAct* heard = nullptr;  // the last expectation
  for (const DialogStep& step : steps) {
    if (step.text.size() > kMaxTextBytes) return wrong(kField, "a step is longer than 64 KiB");
    if (step.act == Act::send && ends_in_escape(step.text)) return wrong(kField, kEscapeLeft);
    DialogAct& act = acts.emplace_back(DialogAct{step, nullptr, false});
    if (step.act == Act::expect) {
      if (step.text.empty()) return wrong(kField, "expect needs an expression");
      // Whether it is whole is found out by itself: what is put before it could hide a mistake.
      if (auto alone = compile_expression(kField, step.text, bytes); !alone) return tl::unexpected(alone.error());
      auto expression = compile_expression(kField, "(?m)" + step.text, bytes);
      if (!expression) return tl::unexpected(expression.error());
      act.expression = *std::move(expression);
    } else if (step.act == Act::starttls) {
      if (upgrades({steps.begin(), steps.begin() + (&act - acts.data())})) return wrong(kField, "starttls comes twice");
    } else if (const int group = highest_group(step.text); group > 0) {
      heard = nullptr;
      for (DialogAct& before : acts) {
        if (before.expression) heard = &before;
      }
      if (heard == nullptr || heard->expression->NumberOfCapturingGroups() < group) {
        return wrong(kField, "{{" + std::to_string(group) + "}} is no group of the expectation before it");
      }
      heard->whole_line = true;
    }
    if (step.act == Act::starttls && acts.size() > 1 && acts[acts.size() - 2].expression) {
      acts[acts.size() - 2].whole_line = true;
    }
  }
  return acts;
}

std::string fill_groups(std::string_view text, std::span<const std::string> groups) {
  std::string filled;
  while (!text.empty()) {
    const int group = group_at(text);
    if (group > 0 && static_cast<std::size_t>(group) < groups.size()) {
      filled += groups[static_cast<std::size_t>(group)];
      text.remove_prefix(5);
    } else {
      filled += text.front();
      text.remove_prefix(1);
    }
  }
  return filled;
}

}  // namespace nines::prober
