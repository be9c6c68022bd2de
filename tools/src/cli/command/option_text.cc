#include "cli/command/option_text.h"

#include <algorithm>

#include "cli/command/object.h"

namespace nines::tools {

std::string option_name(const boost::program_options::option_description& option) {
  std::string name = option.format_name();  // "-o [ --output ]", and "--json" for one without a letter
  constexpr std::string_view kOpens = " [ ";
  constexpr std::string_view kCloses = " ]";
  if (const std::size_t opens = name.find(kOpens); opens != std::string::npos) {
    const std::size_t begin = opens + kOpens.size();
    name = name.substr(0, opens) + ", " + name.substr(begin, name.size() - begin - kCloses.size());
  }
  const std::string parameter = option.semantic()->max_tokens() > 0 ? " " + option.format_parameter() : "";
  return name + parameter;
}

std::string options_text(const boost::program_options::options_description& options, std::size_t width) {
  constexpr std::size_t kMargin = 2;
  constexpr std::size_t kLetter = 4;  // "-o, "
  constexpr std::size_t kWidestName = 28;
  constexpr std::size_t kNarrow = 60;
  const auto left_of = [](const boost::program_options::option_description& option) {
    const std::string name = option_name(option);
    // Below the names of those with a letter.
    return std::string(name.starts_with("--") ? kMargin + kLetter : kMargin, ' ') + name;
  };
  std::size_t widest = 0;
  for (const auto& option : options.options()) {
    const std::size_t left = left_of(*option).size();
    if (left <= kWidestName) widest = std::max(widest, left);
  }
  const std::size_t indent = width < kNarrow ? kMargin + kLetter + 2 : widest + 2;
  std::string text = "Options:\n";
  for (const auto& option : options.options()) {
    const std::string left = left_of(*option);
    text += left;
    text += left.size() + 2 > indent ? "\n" + std::string(indent, ' ') : std::string(indent - left.size(), ' ');
    text += wrapped(option->description(), indent, indent, width) + "\n";
  }
  return text;
}

}  // namespace nines::tools
