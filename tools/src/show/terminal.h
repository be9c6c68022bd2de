// What the terminal can do, and the few escape codes that are used on it.
//
// Colour and progress appear only on a terminal. NO_COLOR (any value, https://no-color.org), TERM=dumb and FORCE_COLOR
// are honoured, in this order of strength: NO_COLOR, FORCE_COLOR, the terminal itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nines::tools {

struct Terminal {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;         ///< standard output may be coloured
  bool utf8 = true;            ///< the locale's encoding is UTF-8, or output is not a terminal
  std::size_t width = 100;     ///< columns; 100 when unknown, 0 (no limit) when output is not a terminal
  std::size_t err_width = 80;  ///< columns of standard error; 80 when unknown

  /// Reads the environment and the descriptors 1 and 2.
  [[nodiscard]] static Terminal detect();
};

enum class Colour : std::uint8_t { none, green, yellow, red, blue, grey, bold };

/// `text` in `colour`, or as it is when `enabled` is false or the colour is none.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool enabled);

/// The columns of the terminal behind `descriptor`; 0 when there is none or it does not say.
[[nodiscard]] std::size_t terminal_columns(int descriptor);

/// A progress bar on standard error with rate and time left; silent when standard error is not a terminal.
/// One thread. The line is wiped when the object goes.
class Progress {
 public:
  /// `total` 0: unknown, a count is shown in place of a bar.
  Progress(std::string label, std::string unit, std::uint64_t total, const Terminal& terminal, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Redraws at most ten times a second. `done` counts towards the total; `items` is what the rate is of.
  void update(std::uint64_t done, std::uint64_t items);

 private:
  std::string label_;
  std::string unit_;
  std::uint64_t total_;
  std::size_t width_;
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace nines::tools
