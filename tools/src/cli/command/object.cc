#include "cli/command/object.h"

#include <fmt/format.h>

#include <algorithm>

#include "show/state_text.h"

namespace nines::tools {

Cell cell(Json value, std::string text, Colour colour) {
  return {.value = std::move(value), .text = std::move(text), .colour = colour};
}

std::string window_text(Window window, const Zone& zone) {
  return fmt::format("{} to {}", moment_text(window.from, zone), moment_text(window.to, zone));
}

void show_object(const Call& call, const Json& json, const Lines& lines) {
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(json) + "\n");
    return;
  }
  if (call.format == Format::csv) {
    std::vector<Column> columns;
    std::vector<Cell> cells;
    for (const auto& [key, value] : json.items()) {
      if (value.is_array()) continue;
      if (!value.is_object()) {
        columns.push_back({key, {}});
        cells.push_back(cell(value));
        continue;
      }
      for (const auto& [inner, inner_value] : value.items()) {
        if (inner_value.is_structured()) continue;
        columns.push_back({fmt::format("{}.{}", key, inner), {}});
        cells.push_back(cell(inner_value));
      }
    }
    RowWriter rows(Format::csv, call.terminal, std::move(columns), "rows");
    rows.add(std::move(cells));
    rows.finish();
    return;
  }
  std::size_t width = 0;
  for (const auto& [label, text] : lines) width = std::max(width, label.size());
  for (const auto& [label, text] : lines) {
    write_out(
        fmt::format("{}  {}\n", paint(fmt::format("{:<{}}", label, width), Colour::bold, call.terminal.colour), text));
  }
}

}  // namespace nines::tools
