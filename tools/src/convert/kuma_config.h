// Uptime Kuma's monitors, of a backup or of its store, as a draft of ours.
#pragma once

#include <nines/result.h>

#include "convert/draft.h"
#include "peers/sqlite_file.h"
#include "show/output.h"

namespace nines::tools {

/// Of the JSON that its page exports (1.x). `invalid_argument` when it has no list of monitors.
[[nodiscard]] Result<Draft> read_kuma_backup(const Json& backup);

/// Of a store of 1.x or 2.x, with its maintenance windows. `zone` is that of its process where it does not say.
[[nodiscard]] Result<Draft> read_kuma_store(const SqliteFile& database, const std::string& zone);

}  // namespace nines::tools
