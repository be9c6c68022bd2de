// The log of `nines run` and `nines serve`, from its option on. One thread.
#pragma once

#include <string>

#include "cli/command/session.h"
#include "run/console.h"

namespace nines::tools {

/// What --log-format asks for, or what is usual where standard error leads to.
[[nodiscard]] Expected<LogFormat> read_log_format(const Call& call);

/// Tells the log why a command ends, as an entry of its format.
[[nodiscard]] tl::unexpected<Failure> refused(Console& console, const std::string& message);

}  // namespace nines::tools
