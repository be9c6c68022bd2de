// One object as output, and the cells and texts that commands about figures share.
#pragma once

#include <nines/calendar.h>
#include <nines/types.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/command/command.h"
#include "show/output.h"

namespace nines::tools {

/// A label and its text.
using Lines = std::vector<std::pair<std::string, std::string>>;

/// Writes an object: as JSON, as one CSV line of its plain members, or as `lines`.
void show_object(const Call& call, const Json& json, const Lines& lines);

[[nodiscard]] Cell cell(Json value, std::string text = {}, Colour colour = Colour::none);

/// "2026-07-01 00:00:00Z to 2026-08-01 00:00:00Z".
[[nodiscard]] std::string window_text(Window window, const Zone& zone);

}  // namespace nines::tools
