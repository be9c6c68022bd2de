#include "show/ascii.h"

#include <algorithm>
#include <array>
#include <utility>

#include "show/text.h"

namespace nines::tools {
namespace {

// Of what nines itself writes; the shapes of states and bars come in ASCII already.
constexpr std::array<std::pair<std::string_view, char>, 3> kReplaced{{{"…", '~'}, {"µ", 'u'}, {"–", '-'}}};

/// The bytes of the character that `text` begins with; 1 for what is not UTF-8.
std::size_t first_character(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
  return std::min(length, text.size());
}

}  // namespace

std::string for_terminal(std::string_view text, const Terminal& terminal) {
  if (terminal.utf8) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, first_character(text));
    text.remove_prefix(character.size());
    if (static_cast<unsigned char>(character.front()) < 0x80) {
      out += character;
      continue;
    }
    const auto* const known =
        std::find_if(kReplaced.begin(), kReplaced.end(), [&](const auto& each) { return each.first == character; });
    if (known != kReplaced.end()) {
      out += known->second;
    } else {
      out.append(display_width(character), '?');
    }
  }
  return out;
}

}  // namespace nines::tools
