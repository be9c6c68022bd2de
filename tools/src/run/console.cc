#include "run/console.h"

#include <cstdio>
#include <utility>

#include "show/output.h"

namespace nines::tools {

Console::~Console() {
  if (!line_.empty()) std::fputs("\r\x1b[K", stderr);
}

void Console::say(std::string_view message) {
  const std::lock_guard lock(mutex_);
  if (!line_.empty()) std::fputs("\r\x1b[K", stderr);
  tools::say(message);
  if (!line_.empty()) std::fputs(line_.c_str(), stderr);
}

void Console::show(std::string line) {
  if (!progress_) return;
  const std::lock_guard lock(mutex_);
  line_ = "\r\x1b[K" + std::move(line);
  std::fputs(line_.c_str(), stderr);
}

}  // namespace nines::tools
