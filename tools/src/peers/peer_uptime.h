// What another tool's store says the uptime of its servers was, counted as that tool counts, and what of its way of
// counting makes the figure another one than ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "peers/history_writer.h"
#include "peers/sqlite_file.h"

namespace nines::tools {

/// One rule of the tool's counting, and the ratio without it and without those before it.
struct CountingRule {
  std::string what;  ///< "maintenance counts as up there"
  double ratio = 0;
};

struct PeerUptime {
  PeerServer server;  ///< as its history is imported: origin, name and group
  std::optional<double> ratio;
  std::vector<CountingRule> rules;  ///< those only that change the ratio
  std::string unit;                 ///< what it adds up in the end: "checks", or how it counts time
};

struct PeerUptimes {
  std::string tool;
  std::vector<PeerUptime> servers;
  std::vector<std::string> remarks;  ///< sentences about the whole
};

/// Of Uptime Kuma, 1.x or 2.x, or of Gatus, in `window`, in the order of the store's numbers. invalid_argument for
/// another database.
[[nodiscard]] Result<PeerUptimes> read_peer_uptimes(const SqliteFile& database, Window window);

/// When the last check in the store was made; nothing when there is none.
[[nodiscard]] Result<std::optional<TimeMs>> last_peer_check(const SqliteFile& database);

}  // namespace nines::tools
