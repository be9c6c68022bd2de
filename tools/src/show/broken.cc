#include "show/broken.h"

#include <cassert>

#include "show/text.h"

namespace nines::tools {
namespace {

/// Bytes of the UTF-8 character that `text` begins with, marks that combine with it not included.
std::size_t first_character(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return end;
}

}  // namespace

std::vector<std::string> broken(std::string_view text, std::size_t width) {
  assert(width > 0);
  std::vector<std::string> pieces(1);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::string_view character = text.substr(0, first_character(text));
    text.remove_prefix(character.size());
    const std::size_t columns = display_width(character);
    if (used > 0 && used + columns > width) {
      pieces.emplace_back();
      used = 0;
    }
    pieces.back() += character;
    used += columns;
  }
  return pieces;
}

}  // namespace nines::tools
