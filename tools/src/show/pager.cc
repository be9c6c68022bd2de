#include "show/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

extern char** environ;

namespace nines::tools {

std::size_t terminal_rows(const Terminal& terminal) {
  winsize size{};
  return terminal.out_is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

Pager::Pager(const Terminal& terminal, std::size_t lines) {
  if (!terminal.out_is_terminal || isatty(STDIN_FILENO) != 1) return;
  const std::size_t rows = terminal_rows(terminal);
  if (rows == 0 || lines <= rows) return;
  const char* const named = std::getenv("PAGER");
  std::string command = named != nullptr ? named : "less";
  if (command.empty() || command == "cat") return;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
  // Colours as they are, and no pager for what fits after all.
  setenv("LESS", "FRX", 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  std::array<char*, 4> words{const_cast<char*>("sh"), const_cast<char*>("-c"), command.data(), nullptr};
  const int failed = posix_spawn(&process_, "/bin/sh", &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (failed != 0) {
    process_ = -1;
    close(ends[1]);
    return;
  }
  std::fflush(stdout);
  before_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[1]);
  signal(SIGPIPE, SIG_IGN);  // who has read enough leaves the rest
}

Pager::~Pager() {
  if (process_ < 0) return;
  std::fflush(stdout);
  std::clearerr(stdout);
  dup2(before_, STDOUT_FILENO);
  close(before_);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace nines::tools
