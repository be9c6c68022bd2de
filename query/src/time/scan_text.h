// A reader of small texts: takes digits and characters off the front of a string_view.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nines::query {

class TextScanner {
 public:
  explicit TextScanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
  [[nodiscard]] char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
  [[nodiscard]] bool take(char wanted) noexcept {
    if (peek() != wanted || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool take(std::string_view wanted) noexcept {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  /// Exactly `digits` digits (at most 9).
  [[nodiscard]] std::optional<int> number(int digits) noexcept {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      const std::optional<int> next = digit();
      if (!next) return std::nullopt;
      value = value * 10 + *next;
    }
    return value;
  }
  [[nodiscard]] std::optional<int> digit() noexcept {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    const int value = peek() - '0';
    rest_.remove_prefix(1);
    return value;
  }

 private:
  std::string_view rest_;
};

}  // namespace nines::query
