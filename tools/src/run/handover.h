// Handing a command to the process that holds its store. tools/SOCKET.md has the protocol.
#pragma once

#include <nines/result.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "show/terminal.h"

namespace nines::tools {

struct Handover {
  std::string directory;               ///< the store's
  std::vector<std::string> arguments;  ///< the command line, without the program's name
  Terminal terminal;
  std::span<const int> inputs;  ///< the other process reads them
  /// How long that process may take to answer that it takes commands; what it is given has no deadline.
  std::chrono::milliseconds timeout{};
  bool is_question = false;  ///< each piece of the answer has to come within `timeout`, too
};

/// The exit code of the command, whose output was written here; nothing when nobody takes commands for that store.
/// Ctrl-C and SIGTERM tell the other process to stop, and what it says of that is waited for. Errors: unavailable (it
/// does not answer, another user's, another protocol, gone in the middle), io.
[[nodiscard]] Result<std::optional<int>> hand_over(const Handover& handover);

}  // namespace nines::tools
