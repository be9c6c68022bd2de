// The nines command.
#include <malloc.h>

#include <clocale>
#include <string>
#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  // Answers of megabytes are made by several threads: with an arena each, what one has given back the others cannot
  // use.
  constexpr int kArenas = 2;
  mallopt(M_ARENA_MAX, kArenas);
  std::setlocale(LC_CTYPE, "");  // whether the terminal speaks UTF-8
  return nines::tools::run_command_line({argv + 1, argv + argc});
}
