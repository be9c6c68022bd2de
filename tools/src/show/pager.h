// What does not fit on the screen goes through a pager, as git and systemctl do it.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "show/terminal.h"

namespace nines::tools {

/// The rows of the terminal that standard output is; 0 when it is none.
[[nodiscard]] std::size_t terminal_rows(const Terminal& terminal);

/// While it lives, standard output goes to $PAGER (less, when that is not set) if it is a terminal of fewer than
/// `lines`. PAGER=cat and an empty PAGER are none.
class Pager {
 public:
  Pager(const Terminal& terminal, std::size_t lines);
  /// Waits until the pager has ended.
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

 private:
  pid_t process_ = -1;
  int before_ = -1;  // standard output as it was
};

}  // namespace nines::tools
