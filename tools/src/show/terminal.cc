#include "show/terminal.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

bool is_set(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// What COLUMNS says; 0 when it says nothing that can be.
std::size_t columns_asked_for() {
  constexpr unsigned long kMost = 10'000;
  const char* const text = std::getenv("COLUMNS");
  if (text == nullptr) return 0;
  char* end = nullptr;
  const unsigned long columns = std::strtoul(text, &end, 10);
  return *end == '\0' && columns <= kMost ? columns : 0;
}

}  // namespace

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Terminal Terminal::detect() {
  Terminal terminal;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* const term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  if (is_set("NO_COLOR")) {
    terminal.colour = false;
  } else if (is_set("FORCE_COLOR")) {
    terminal.colour = std::string_view(std::getenv("FORCE_COLOR")) != "0";
  } else {
    terminal.colour = terminal.out_is_terminal && !dumb;
  }
  // COLUMNS outranks the terminal, as in other programs, and makes a pipe one.
  const std::size_t asked = columns_asked_for();
  if (terminal.out_is_terminal || asked > 0) {
    terminal.utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    if (const std::size_t columns = terminal_columns(STDOUT_FILENO); columns > 0) terminal.width = columns;
    if (asked > 0) terminal.width = asked;
  } else {
    terminal.width = 0;
  }
  if (const std::size_t columns = terminal_columns(STDERR_FILENO); columns > 0) terminal.err_width = columns;
  if (dumb) terminal.err_is_terminal = false;  // a bar cannot be redrawn there
  return terminal;
}

std::string paint(std::string_view text, Colour colour, bool enabled) {
  if (!enabled || colour == Colour::none || text.empty()) return std::string(text);
  const auto code = [colour] {
    switch (colour) {
      case Colour::green:
        return "32";
      case Colour::yellow:
        return "33";
      case Colour::red:
        return "31";
      case Colour::blue:
        return "34";
      case Colour::grey:
        return "90";
      case Colour::bold:
        return "1";
      case Colour::none:
        break;
    }
    return "0";
  }();
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Progress::Progress(std::string label, std::string unit, std::uint64_t total, const Terminal& terminal, bool enabled)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      width_(terminal.err_width),
      enabled_(enabled && terminal.err_is_terminal),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (drawn_) write_err("\r\x1b[K");
}

void Progress::update(std::uint64_t done, std::uint64_t items) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds{100}) return;
  last_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(items) / seconds);
  // A line that wraps cannot be redrawn: what is worth least goes first, and the rest is cut.
  const std::string count = fmt::format("{} {}, {}/s", with_commas(items), unit_, with_commas(rate));
  std::string left;
  std::string bar;
  if (total_ > 0) {
    constexpr std::size_t kBar = 24;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * kBar);
    bar = fmt::format("[{:=<{}}{: <{}}] ", "", filled, "", kBar - filled);
    left = fmt::format("{:3.0f} % ", share * 100);
    if (share > 0) left += fmt::format("{:.0f} s left ", seconds / share - seconds);
  }
  const auto fits = [&](const std::string& line) { return display_width(line) < width_; };
  std::string line = fmt::format("{} {}{}{}", label_, bar, left, count);
  if (!fits(line)) line = fmt::format("{} {}{}", label_, left, count);
  if (!fits(line)) line = fmt::format("{} {}", label_, left.empty() ? count : left);
  write_err("\r\x1b[K" + fit(line, width_ > 0 ? width_ - 1 : 0));
}

}  // namespace nines::tools
