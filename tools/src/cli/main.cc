// The nines command.
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <string>
#include <vector>

#include "cli/command/command.h"

namespace {

/// Started without one of the standard descriptors, the next file that is opened would get its number, and messages
/// would be written into it: a store's log, or a socket.
bool fill_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    if (open("/dev/null", O_RDWR) != descriptor) return false;  // the lowest free number, which is this one
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!fill_standard_descriptors()) return nines::tools::kExitFailed;
  prctl(PR_SET_NAME, "nines");  // whichever of the two programs this is, to killall and top
  // Answers of megabytes are made by several threads: with an arena each, what one has given back the others cannot
  // use.
  constexpr int kArenas = 2;
  mallopt(M_ARENA_MAX, kArenas);
  std::setlocale(LC_CTYPE, "");  // whether the terminal speaks UTF-8
  return nines::tools::run_command_line({argv + 1, argv + argc});
}
