// HTML as a type of its own: text that came from outside cannot get into a page without being escaped, because only
// this file makes Html, and what it makes it from is escaped unless it is Html or a literal of the source.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "show/text.h"

namespace nines::tools {

class Html {
 public:
  Html() = default;

  [[nodiscard]] const std::string& text() const& noexcept { return text_; }
  [[nodiscard]] std::string text() && noexcept { return std::move(text_); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  Html& operator+=(const Html& more) {
    text_ += more.text_;
    return *this;
  }
  friend Html operator+(Html a, const Html& b) {
    a += b;
    return a;
  }

 private:
  explicit Html(std::string text) : text_(std::move(text)) {}
  template <class... Args>
  friend Html html_from(fmt::string_view pattern, const Args&... args);

  std::string text_;
};

namespace markup {

/// What is put into a pattern for an argument: Html and numbers as they are, everything else escaped.
template <class T>
struct Shown {
  using type = std::string;
  static std::string of(const T& value) { return html_escape(std::string_view(value)); }
};
template <>
struct Shown<Html> {
  using type = std::string;
  static const std::string& of(const Html& value) { return value.text(); }
};
template <class T>
requires std::is_arithmetic_v<T>
struct Shown<T> {
  using type = T;
  static T of(T value) { return value; }
};

template <class... Args>
using Pattern = fmt::format_string<typename Shown<std::decay_t<const Args>>::type...>;

}  // namespace markup

template <class... Args>
Html html_from(fmt::string_view pattern, const Args&... args) {
  return Html(fmt::vformat(pattern, fmt::make_format_args(args...)));
}

/// Puts arguments into a literal: html("<b>{}</b>", name). Strings are escaped, for text and for attributes in double
/// quotes; Html is not. In a pattern {{ and }} are braces.
template <class... Args>
[[nodiscard]] Html html(markup::Pattern<Args...> pattern, const Args&... args) {
  return html_from(pattern, markup::Shown<std::decay_t<const Args>>::of(args)...);
}

}  // namespace nines::tools
