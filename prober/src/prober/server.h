// From a described server to one that can be probed. Pure functions.
#pragma once

#include <nines/prober.h>

#include "schedule/core.h"

namespace nines::prober {

/// Validates and compiles. `invalid_argument` begins with the field's name.
[[nodiscard]] Result<CoreServer> make_core_server(const ProbedServer& server);

/// The names that a push server's job may report under; empty for any other.
[[nodiscard]] std::vector<std::string> push_keys_of(const ProbedServer& server);

/// The URL without user, query and fragment.
[[nodiscard]] std::string shown_url_of(const ProbedServer& server);

}  // namespace nines::prober
