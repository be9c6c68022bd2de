// Sentences for errors.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace nines::query {

[[nodiscard]] inline std::string concat(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part);
  return text;
}

}  // namespace nines::query
