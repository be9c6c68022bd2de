#include "show/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "show/ascii.h"
#include "show/broken.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// Rows that are looked at before a table's widths are fixed; later, longer cells are cut on a terminal
// and push their line's rest elsewhere.
constexpr std::size_t kMeasuredRows = 2000;
constexpr std::string_view kGap = "  ";
// A server's name that is longer has a line of its own where there is little room, so that one name does not take the
// figures of all others.
constexpr std::size_t kLongName = 32;
constexpr std::string_view kNameKey = "server";

thread_local OutputSink* thread_sink = nullptr;

std::string csv_text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return csv_field(value.get_ref<const std::string&>());
  return csv_field(dump(value));
}

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  if (text == "table") return Format::table;
  if (text == "json") return Format::json;
  if (text == "ndjson") return Format::ndjson;
  if (text == "csv") return Format::csv;
  return std::nullopt;
}

OutputScope::OutputScope(OutputSink& sink) noexcept : before_(std::exchange(thread_sink, &sink)) {}

OutputScope::~OutputScope() {
  thread_sink = before_;
}

void write_out(std::string_view text) {
  if (thread_sink != nullptr) return thread_sink->out(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

bool flush_out() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

void write_err(std::string_view text) {
  if (thread_sink != nullptr) return thread_sink->err(text);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void say(std::string_view message) {
  write_err(fmt::format("nines: {}\n", message));
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string csv_field(std::string_view text) {
  const bool outer_space = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!outer_space && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::string plain_text(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  return dump(value);
}

RowWriter::RowWriter(Format format, const Terminal& terminal, std::vector<Column> columns, std::string key,
                     const Json& head)
    : format_(format), terminal_(terminal), columns_(std::move(columns)) {
  if (format_ == Format::json) {
    std::string open = dump(head);
    open.pop_back();  // the closing brace; finish() writes it
    write_out(fmt::format("{}{}{}:[", open, head.empty() ? "" : ",", dump(key)));
  } else if (format_ == Format::csv) {
    std::string line;
    for (const Column& column : columns_) {
      if (!line.empty()) line += ',';
      line += column.key;
    }
    line += '\n';
    write_out(line);
  }
}

void RowWriter::add(std::vector<Cell> cells) {
  if (format_ == Format::table) {
    if (!widths_.empty()) return write_line(cells);
    held_.push_back(std::move(cells));
    if (held_.size() == kMeasuredRows) measure_and_write();
    return;
  }
  if (format_ == Format::csv) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += ',';
      line += csv_text(cells[i].value);
    }
    line += '\n';
    write_out(line);
    return;
  }
  Json object = Json::object();
  for (std::size_t i = 0; i < cells.size(); ++i) object[columns_[i].key] = std::move(cells[i].value);
  if (format_ == Format::ndjson) {
    write_out(dump(object) + "\n");
  } else {
    write_out(first_ ? "\n" : ",\n");
    write_out(dump(object));
  }
  first_ = false;
}

void RowWriter::finish() {
  if (format_ == Format::json) write_out(first_ ? "]}\n" : "\n]}\n");
  if (format_ == Format::table && widths_.empty()) measure_and_write();
}

void RowWriter::measure_and_write() {
  widths_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = display_width(columns_[i].title);
  for (auto& row : held_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      Cell& cell = row[i];
      if (cell.text.empty()) cell.text = plain_text(cell.value);
      widths_[i] = std::max(widths_[i], cell.painted ? cell.width : display_width(cell.text));
    }
  }
  if (terminal_.width > 0) fit_columns();
  if (!held_.empty()) {
    std::vector<Cell> titles;
    for (const Column& column : columns_)
      titles.push_back({.value = nullptr, .text = column.title, .colour = Colour::bold});
    write_line(titles);
  }
  for (const auto& row : held_) write_line(row);
  held_.clear();
}

// Makes a line as wide as the terminal at most, if it can be had.
void RowWriter::fit_columns() {
  const auto excess = [this]() -> std::size_t {
    std::size_t total = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) total += is_shown(i) ? widths_[i] + kGap.size() : 0;
    const std::size_t limit = terminal_.width + kGap.size();
    return total > limit ? total - limit : 0;
  };
  const bool names = !columns_.empty() && columns_[0].key == kNameKey && !columns_[0].right && is_shown(0);
  if (names && excess() > 0) {
    widths_[0] = display_width(columns_[0].title);
    for (const std::vector<Cell>& row : held_) {
      const std::size_t width = row[0].painted ? row[0].width : display_width(row[0].text);
      if (width <= std::min(kLongName, terminal_.width)) widths_[0] = std::max(widths_[0], width);
    }
  }
  while (excess() > 0) {
    const auto first_to_leave =
        std::max_element(columns_.begin(), columns_.end(), [](const Column& a, const Column& b) {
          return (a.title.empty() ? 0 : a.leaves) < (b.title.empty() ? 0 : b.leaves);
        });
    if (first_to_leave == columns_.end() || first_to_leave->title.empty() || first_to_leave->leaves == 0) break;
    first_to_leave->title.clear();
  }
  // Then texts are cut. What begins with a digit is a figure or a moment, which a part of is worth nothing.
  constexpr std::size_t kNarrowest = 8;
  const auto is_text = [this](std::size_t column) {
    return std::any_of(held_.begin(), held_.end(), [column](const std::vector<Cell>& row) {
      const std::string& text = row[column].text;
      return !text.empty() && text != "-" && (text.front() < '0' || text.front() > '9');
    });
  };
  while (excess() > 0) {
    std::size_t widest = 0;
    for (std::size_t column = 1; column < columns_.size(); ++column) {
      if (!is_shown(column) || columns_[column].right || widths_[column] <= kNarrowest || !is_text(column)) continue;
      if (widest == 0 || widths_[column] > widths_[widest]) widest = column;
    }
    if (widest == 0) break;
    widths_[widest] = std::max(kNarrowest, widths_[widest] - std::min(widths_[widest], excess()));
  }
  // The last columns go, and of the first, which names what the line is about, as much stays as there is room for.
  for (std::size_t i = columns_.size(); i-- > 1 && excess() > 0;) columns_[i].title.clear();
  if (!columns_.empty()) widths_[0] -= std::min(widths_[0] - 1, excess());
}

std::string RowWriter::padded(const Cell& cell, std::size_t column) const {
  if (cell.painted) {
    const std::string space(widths_[column] > cell.width ? widths_[column] - cell.width : 0, ' ');
    return columns_[column].right ? space + cell.text : cell.text + space;
  }
  std::string text = cell.text.empty() ? plain_text(cell.value) : cell.text;
  // A figure is never cut; it may stand in a line that is longer than it was thought to be.
  if (terminal_.width > 0 && (!columns_[column].right || column == 0)) text = fit(text, widths_[column]);
  const std::size_t width = display_width(text);
  const std::string space(widths_[column] > width ? widths_[column] - width : 0, ' ');
  const std::string shown = paint(text, cell.colour, terminal_.colour);
  return columns_[column].right ? space + shown : shown + space;
}

void RowWriter::write_line(const std::vector<Cell>& cells) {
  std::string line;
  std::string above;  // a name that is longer than its column
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (columns_[i].title.empty()) continue;
    if (i > 0 && (!line.empty() || !above.empty())) line += kGap;
    std::string shown = padded(cells[i], i);
    if (i == 0 && !cells[0].painted && terminal_.width > 0 && columns_[0].key == kNameKey) {
      const std::string name = cells[0].text.empty() ? plain_text(cells[0].value) : cells[0].text;
      if (display_width(name) > widths_[0]) {
        for (const std::string& piece : broken(name, terminal_.width)) {
          above += paint(piece, cells[0].colour, terminal_.colour) + "\n";
        }
        shown = std::string(widths_[0], ' ');
      }
    }
    // Lines of a painted cell before its last stand alone.
    const std::size_t end = i == 0 && cells[0].painted ? shown.rfind('\n') : std::string::npos;
    if (end != std::string::npos) {
      above = shown.substr(0, end + 1);
      shown.erase(0, end + 1);
    }
    line += shown;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  if (!line.empty() || above.empty()) line += "\n";
  write_out(for_terminal(above + line, terminal_));
}

}  // namespace nines::tools
