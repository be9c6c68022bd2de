// The conditions of a Gatus endpoint as what ours is to expect. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "convert/draft.h"

namespace nines::tools {

/// What kind of endpoint it is that the conditions are of.
struct GatusEndpoint {
  bool dns = false;
  bool http = false;
};

/// Puts `conditions`, texts like "[STATUS] == 200", together into what `server` expects, and notes those without an
/// equal. A server that would be asked for the contrary is switched off.
void read_gatus_conditions(const std::vector<std::string>& conditions, GatusEndpoint endpoint, DraftServer& server);

}  // namespace nines::tools
