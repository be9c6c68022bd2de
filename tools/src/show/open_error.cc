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
    case ErrorCode::corruption:
      return fmt::format(
          "the store `{}` cannot be opened: {}; `nines repair DIRECTORY` saves what can be read into a new store",
          shown, printable(error.message));
    default:
      return fmt::format("the store `{}` cannot be opened: {}", shown, printable(error.message));
  }
}

}  // namespace nines::tools
