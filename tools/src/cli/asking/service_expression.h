// A service as it is written on the command line. One thread.
#pragma once

#include <nines/composed.h>
#include <nines/store.h>

#include <string>

#include "cli/command/session.h"

namespace nines::tools {

/// The service that `expression` is, of servers of the catalog; a name that is near one of them is told.
[[nodiscard]] Expected<Component> read_service(const std::string& expression, const Catalog& catalog);

}  // namespace nines::tools
