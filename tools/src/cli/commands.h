// What shells and man show of the table of commands. The commands themselves are declared in the folders of their
// groups, which are those of the overview that `nines --help` shows.
#pragma once

#include "cli/command/command.h"

namespace nines::tools {

// completion.cc
Outcome complete(const Call& call);
Outcome completion(const Call& call);

// manual.cc
Outcome manual(const Call& call);

}  // namespace nines::tools
