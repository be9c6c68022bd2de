// A terminal as a screen of its own, which is left as it was found: also by a signal that ends the process.
//
// One at a time, one thread. The few control sequences are those of every terminal since the VT100 and xterm's
// alternate screen (1049), so no library of terminals is needed.
#pragma once

#include <nines/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "show/output.h"

namespace nines::tools {

/// Holds what a thread writes, to be drawn at once.
class TextSink : public OutputSink {
 public:
  void out(std::string_view written) override { text += written; }
  void err(std::string_view written) override { text += written; }
  std::string text;
};

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

struct Key {
  enum class Kind : std::uint8_t {
    none,  ///< nothing was pressed, or the window has another size
    end,   ///< Ctrl-C, or the terminal is gone
    text,
    enter,
    escape,
    backspace,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end_of_list,
  };
  Kind kind = Kind::none;
  std::string text;  ///< of Kind::text, one character
};

/// The key that `bytes` begin with, taken off them; nothing when they are the beginning of one.
[[nodiscard]] std::optional<Key> take_key(std::string& bytes);

class Screen {
 public:
  /// Errors: io (no terminal at standard input and output), already_exists (one is open).
  [[nodiscard]] static Result<std::unique_ptr<Screen>> open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] ScreenSize size() const;
  /// Draws lines, as many as there is room for, the one at index `chosen` standing out.
  void draw(std::string_view text, std::optional<std::size_t> chosen = std::nullopt) const;
  /// The next key, or Kind::none after `span` or when the window's size has changed.
  [[nodiscard]] Key wait(std::chrono::milliseconds span);

 private:
  Screen() = default;
  std::string typed_;
};

}  // namespace nines::tools
