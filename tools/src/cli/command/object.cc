#include "cli/command/object.h"

#include <fmt/format.h>

#include <algorithm>

#include "show/ascii.h"
#include "show/broken.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {

Cell cell(Json value, std::string text, Colour colour) {
  return {.value = std::move(value), .text = std::move(text), .colour = colour};
}

std::string window_text(Window window, const Zone& zone) {
  return fmt::format("{} to {}", moment_text(window.from, zone), moment_text(window.to, zone));
}

void show_object(const Call& call, const Json& json, const Lines& lines, const Json& whole) {
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(json) + "\n");
    return;
  }
  if (call.format == Format::csv) {
    std::vector<Column> columns;
    std::vector<Cell> cells;
    for (const auto& [key, value] : json.items()) {
      if (value.is_array()) continue;
      const bool missing = value.is_null() && whole.contains(key) && whole[key].is_object();
      const Json& members = missing ? whole[key] : value;
      if (!members.is_object()) {
        columns.push_back({key, {}});
        cells.push_back(cell(value));
        continue;
      }
      for (const auto& [inner, inner_value] : members.items()) {
        if (inner_value.is_structured()) continue;
        columns.push_back({fmt::format("{}.{}", key, inner), {}});
        cells.push_back(cell(missing ? Json() : inner_value));
      }
    }
    RowWriter rows(Format::csv, call.terminal, std::move(columns), "rows");
    rows.add(std::move(cells));
    rows.finish();
    return;
  }
  show_lines(call.terminal, lines);
}

void show_lines(const Terminal& terminal, const Lines& lines) {
  std::size_t labels = 0;
  for (const auto& [label, text] : lines) labels = std::max(labels, label.size());
  // Labels beside their texts take the room of these where there is little of it.
  constexpr std::size_t kNarrow = 40;
  const bool beside = terminal.width == 0 || terminal.width >= kNarrow;
  const std::size_t indent = beside ? labels + 2 : 2;
  for (const auto& [label, text] : lines) {
    const std::string head = beside ? fmt::format("{:<{}}", label, labels) : fit(label, terminal.width);
    write_out(paint(head, Colour::bold, terminal.colour) + (beside ? "  " : "\n  "));
    const std::string shown = terminal.width == 0 ? text : wrapped(text, indent, indent, terminal.width);
    write_out(for_terminal(shown, terminal) + "\n");
  }
}

void show_text(const Terminal& terminal, std::string_view line) {
  const std::string shown = terminal.width == 0 ? std::string(line) : wrapped(line, 0, 0, terminal.width);
  write_out(for_terminal(shown, terminal) + "\n");
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t used, std::size_t width) {
  std::string out;
  std::size_t column = used;
  const std::size_t room = width > indent ? width - indent : 1;
  bool begins = true;  // the line, or what goes on in it
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const std::size_t needed = column + (begins ? 0 : 1) + display_width(word);
    if (needed > width && column > indent) {
      out.erase(out.find_last_not_of(' ') + 1);  // blanks between columns
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!begins) {
      out += ' ';
      ++column;
    }
    begins = false;
    // A word that no line has room for goes on in the next.
    const std::vector<std::string> pieces = broken(word, room);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (i > 0) {
        out += "\n" + std::string(indent, ' ');
        column = indent;
      }
      out += pieces[i];
      column += display_width(pieces[i]);
    }
  }
  return out;
}

}  // namespace nines::tools
