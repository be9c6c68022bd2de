#include "run/console.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "show/output.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
// syslog's numbers for them.
constexpr std::array kPriorities{7, 6, 4, 3};

/// A value of logfmt: in quotes, with quotes, backslashes and line ends escaped, where it is not a plain word.
std::string logfmt_value(std::string_view text) {
  std::string out = "\"";
  for (const char c : valid_utf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// `message` line by line, so that each is an entry of its own.
template <class Each>
void for_each_line(std::string_view message, Each each) {
  while (!message.empty()) {
    const std::string_view line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(message.size(), line.size() + 1));
    each(line);
  }
}

}  // namespace

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept {
  if (text == "text") return LogFormat::text;
  if (text == "logfmt") return LogFormat::logfmt;
  if (text == "json") return LogFormat::json;
  return std::nullopt;
}

LogFormat usual_log_format() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat about {};
  if (stream == nullptr || fstat(STDERR_FILENO, &about) != 0) return LogFormat::text;
  const std::string own = fmt::format("{}:{}", about.st_dev, about.st_ino);
  return own == stream ? LogFormat::journal : LogFormat::text;
}

Console::~Console() {
  if (!line_.empty()) std::fputs("\r\x1b[K", stderr);
}

void Console::say(LogLevel level, std::string_view message) {
  const auto index = static_cast<std::size_t>(level);
  std::string text;
  switch (format_) {
    case LogFormat::text:
      text = fmt::format("nines: {}\n", message);
      break;
    case LogFormat::journal:
      for_each_line(message, [&](std::string_view line) { text += fmt::format("<{}>{}\n", kPriorities[index], line); });
      break;
    case LogFormat::logfmt:
      for_each_line(message, [&](std::string_view line) {
        text += fmt::format("time={} level={} message={}\n", format_time(now()), kLevels[index], logfmt_value(line));
      });
      break;
    case LogFormat::json:
      text = dump({{"time", format_time(now())}, {"level", kLevels[index]}, {"message", message}}) + "\n";
      break;
  }
  const engine::MutexLock lock(mutex_);
  if (!line_.empty()) text = "\r\x1b[K" + text + line_;
  write_err(text);
}

void Console::show(const std::string& line) {
  if (!progress_) return;
  constexpr std::size_t kUsual = 80;
  const std::size_t columns = terminal_columns(STDERR_FILENO);
  const engine::MutexLock lock(mutex_);
  line_ = "\r\x1b[K" + fit(line, (columns > 0 ? columns : kUsual) - 1);
  write_err(line_);
}

}  // namespace nines::tools
