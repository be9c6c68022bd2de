// One object as output, and the cells and texts that commands about figures share.
#pragma once

#include <nines/calendar.h>
#include <nines/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command/command.h"
#include "show/output.h"

namespace nines::tools {

/// A label and its text.
using Lines = std::vector<std::pair<std::string, std::string>>;

/// Writes an object: as JSON, as one CSV line of its plain members, or as `lines`. CSV has the same columns whatever is
/// null: those of a member that is null are those that it has in `whole`.
void show_object(const Call& call, const Json& json, const Lines& lines, const Json& whole = Json::object());

/// Writes lines of a label and its text, which goes on below itself where the terminal is too narrow for it.
void show_lines(const Terminal& terminal, const Lines& lines);

/// Writes a line for people, broken where the terminal is too narrow for it.
void show_text(const Terminal& terminal, std::string_view line);

/// `text` behind `indent` columns, broken at spaces before `width`; the first line goes on where `used` columns are. A
/// word that is longer than a line is broken where that ends.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t used, std::size_t width);

[[nodiscard]] Cell cell(Json value, std::string text = {}, Colour colour = Colour::none);

/// "2026-07-01 00:00:00Z to 2026-08-01 00:00:00Z".
[[nodiscard]] std::string window_text(Window window, const Zone& zone);

}  // namespace nines::tools
