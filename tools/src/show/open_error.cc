#include "show/open_error.h"

#include <fmt/format.h>

#include "show/text.h"

namespace nines::tools {

std::string open_error_text(const std::string& path, const Error& error) {
  const std::string shown = printable(path);
  switch (error.code) {
    case ErrorCode::not_found:
      return fmt::format(
          "there is no store at `{}`; `nines run` and `nines import` make one, --db PATH or NINES_DB name "
          "another",
          shown);
    case ErrorCode::locked:
      return fmt::format("the store `{}` is being written by another process (a running `nines run`?); stop it first",
                         shown);
    case ErrorCode::corruption: {
      // What comes behind it in the message is for programs.
      const std::string damage = error.message.substr(0, error.message.find("; restore a backup"));
      return fmt::format(
          "the store `{}` cannot be opened: {}; restore a backup, or save what can be read with `nines repair NEW --db "
          "{}`",
          shown, printable(damage), shown);
    }
    default:
      return fmt::format("the store `{}` cannot be opened: {}", shown, printable(error.message));
  }
}

}  // namespace nines::tools
