// What a file is that somebody brings, by its content. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace nines::tools {

enum class FileKind : std::uint8_t {
  empty,
  csv,  ///< by whatever delimiter
  ndjson,
  sqlite,
  samples,            ///< OpenMetrics, the exposition format, a dump of promtool
  prometheus_answer,  ///< of the HTTP API
  kuma_backup,        ///< configuration, no history
  yaml,               ///< configuration
  block,              ///< a tar file
  binary,             ///< nothing that is known
};

/// `head` is how the file begins: a kilobyte is enough.
[[nodiscard]] FileKind recognise(std::string_view head);

}  // namespace nines::tools
