#include "show/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/write_all.h"

namespace nines::tools {
namespace {

// Alternate screen, no cursor, no wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

termios terminal_before{};
volatile sig_atomic_t is_open = 0;
volatile sig_atomic_t was_resized = 0;

// A terminal that is gone is no longer there to be told.
void put(std::string_view bytes) {
  static_cast<void>(engine::write_all(STDOUT_FILENO, bytes));
}

// Only what a signal handler may call.
void leave() {
  if (is_open == 0) return;
  is_open = 0;
  put(kLeave);
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

void handle(int number) {
  leave();
  signal(number, SIG_DFL);
  raise(number);
}

struct Sequence {
  std::string_view bytes;
  Key::Kind kind;
};
constexpr std::array kSequences{
    Sequence{"\x1b[A", Key::Kind::up},          Sequence{"\x1bOA", Key::Kind::up},
    Sequence{"\x1b[B", Key::Kind::down},        Sequence{"\x1bOB", Key::Kind::down},
    Sequence{"\x1b[C", Key::Kind::right},       Sequence{"\x1bOC", Key::Kind::right},
    Sequence{"\x1b[D", Key::Kind::left},        Sequence{"\x1bOD", Key::Kind::left},
    Sequence{"\x1b[5~", Key::Kind::page_up},    Sequence{"\x1b[6~", Key::Kind::page_down},
    Sequence{"\x1b[H", Key::Kind::home},        Sequence{"\x1bOH", Key::Kind::home},
    Sequence{"\x1b[1~", Key::Kind::home},       Sequence{"\x1b[F", Key::Kind::end_of_list},
    Sequence{"\x1bOF", Key::Kind::end_of_list}, Sequence{"\x1b[4~", Key::Kind::end_of_list},
};

/// How many bytes a character of UTF-8 that begins with `first` has.
std::size_t character_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

}  // namespace

std::optional<Key> take_key(std::string& bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto take = [&bytes](std::size_t count, Key key) {
    bytes.erase(0, count);
    return key;
  };
  const char first = bytes.front();
  if (first == '\x03') return take(1, {Key::Kind::end, {}});
  if (first == '\r' || first == '\n') return take(1, {Key::Kind::enter, {}});
  if (first == '\x7f' || first == '\b') return take(1, {Key::Kind::backspace, {}});
  if (first == '\x1b') {
    if (bytes.size() == 1) return take(1, {Key::Kind::escape, {}});
    for (const Sequence& sequence : kSequences) {
      if (bytes.starts_with(sequence.bytes)) return take(sequence.bytes.size(), {sequence.kind, {}});
    }
    if (bytes[1] != '[' && bytes[1] != 'O') return take(1, {Key::Kind::escape, {}});
    // A key without a meaning here: up to its final byte.
    std::size_t end = 2;
    while (end < bytes.size() && (bytes[end] < '@' || bytes[end] > '~')) ++end;
    return take(std::min(end + 1, bytes.size()), {Key::Kind::none, {}});
  }
  if (static_cast<unsigned char>(first) < 0x20) return take(1, {Key::Kind::none, {}});
  const std::size_t length = character_bytes(first);
  if (bytes.size() < length) return std::nullopt;
  return take(length, {Key::Kind::text, bytes.substr(0, length)});
}

Result<std::unique_ptr<Screen>> Screen::open() {
  if (is_open != 0) return fail(ErrorCode::already_exists, "the screen is open already");
  if (isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &terminal_before) != 0) {
    return fail(ErrorCode::io, "this needs a terminal");
  }
  const char* const kind = std::getenv("TERM");
  if (kind == nullptr || *kind == '\0' || std::string_view(kind) == "dumb") {
    return fail(ErrorCode::io, "this needs a terminal whose cursor can be moved, and TERM says that this one's cannot");
  }
  struct sigaction action {};
  action.sa_handler = handle;
  for (const int number : kEnding) sigaction(number, &action, nullptr);
  action.sa_handler = [](int) { was_resized = 1; };
  sigaction(SIGWINCH, &action, nullptr);
  termios raw = terminal_before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  is_open = 1;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  put(kEnter);
  return std::unique_ptr<Screen>(new Screen());
}

Screen::~Screen() {
  leave();
  for (const int number : kEnding) signal(number, SIG_DFL);
  signal(SIGWINCH, SIG_DFL);
}

ScreenSize Screen::size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Screen::draw(std::string_view text, std::optional<std::size_t> chosen) const {
  const std::size_t rows = size().rows;
  std::string frame = "\x1b[H";
  for (std::size_t row = 0; row < rows && !text.empty(); ++row) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (row > 0) frame += "\r\n";
    if (chosen == row) frame += "\x1b[7m";
    for (std::size_t at = 0; at < line.size();) {
      // A colour's end must not end what stands out.
      const std::size_t end = line.find("\x1b[0m", at);
      frame += line.substr(at, end == std::string_view::npos ? end : end - at);
      if (end == std::string_view::npos) break;
      frame += chosen == row ? "\x1b[0;7m" : "\x1b[0m";
      at = end + 4;
    }
    frame += "\x1b[0m\x1b[K";
  }
  frame += "\x1b[J";
  put(frame);
}

Key Screen::wait(std::chrono::milliseconds span) {
  const auto end = std::chrono::steady_clock::now() + span;
  while (true) {
    if (auto key = take_key(typed_)) return *key;
    if (std::exchange(was_resized, 0) != 0) return {};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return {};
    pollfd entry{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready <= 0) continue;
    std::array<char, 256> bytes{};
    const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {Key::Kind::end, {}};
    typed_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace nines::tools
