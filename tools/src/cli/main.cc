// The nines command.
#include <clocale>
#include <string>
#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");  // whether the terminal speaks UTF-8
  return nines::tools::run_command_line({argv + 1, argv + argc});
}
