// The bounds of a catalog entry's fields. Pure; safe from any thread.
#pragma once

#include <nines/result.h>
#include <nines/server.h>

namespace nines::engine {

/// `invalid_argument` naming the first field that is out of the bounds of ServerLimits or of those beside the fields in
/// nines/server.h; texts must be UTF-8. The id is not looked at.
[[nodiscard]] Result<void> validate_server(const Server& server);

}  // namespace nines::engine
