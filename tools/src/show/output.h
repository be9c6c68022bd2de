// Rows of answers, written as a table for people or as JSON, NDJSON or CSV for programs, from one description.
//
// Standard output is data only. Rows stream: whatever their number, memory stays bounded. Not thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "show/terminal.h"

namespace nines::tools {

using Json = nlohmann::ordered_json;

enum class Format : std::uint8_t { table, json, ndjson, csv };
[[nodiscard]] std::optional<Format> parse_format(std::string_view text);

/// Writes to standard output. A failed write (a full disk, a closed pipe) is remembered and ends in exit code 1.
void write_out(std::string_view text);
/// True when all of standard output was written.
[[nodiscard]] bool flush_out();
/// Text as it is on standard error.
void write_err(std::string_view text);

/// Where one thread's output goes instead of to the process's own streams.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;
};

/// While it lives, write_out, write_err and say of its thread go to `sink`, which must outlive it.
class OutputScope {
 public:
  explicit OutputScope(OutputSink& sink) noexcept;
  ~OutputScope();
  OutputScope(const OutputScope&) = delete;
  OutputScope& operator=(const OutputScope&) = delete;

 private:
  OutputSink* before_;
};
/// One line on standard error, `nines: ` before it.
void say(std::string_view message);

/// `value` as compact JSON with bytes that are not UTF-8 replaced, on one line.
[[nodiscard]] std::string dump(const Json& value);

/// A field of CSV (RFC 4180), quoted when it must be.
[[nodiscard]] std::string csv_field(std::string_view text);

struct Column {
  std::string key;    ///< name in JSON and CSV
  std::string title;  ///< heading of the table; empty leaves the column out of it
  bool right = false;
  /// On a terminal that is too narrow the columns with the greatest number leave first; those with 0 stay, and the
  /// widest of them that is left-aligned is cut, the first column last of all.
  int leaves = 0;
};

/// One cell: its value for programs and its text for people.
struct Cell {
  Json value;
  std::string text;  ///< for the table; empty: the value's own
  Colour colour = Colour::none;
  bool painted = false;  ///< `text` already holds escape codes of our own; its width is `width`
  std::size_t width = 0;
};

class RowWriter {
 public:
  /// In JSON the rows are an array under `key` of an object that begins with the members of `head`; in the other
  /// formats `head` is not shown.
  RowWriter(Format format, const Terminal& terminal, std::vector<Column> columns, std::string key,
            const Json& head = Json::object());
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  /// `cells` are parallel to the columns.
  void add(std::vector<Cell> cells);
  /// Must be called once, after the last row.
  void finish();

 private:
  void measure_and_write();
  void fit_columns();
  [[nodiscard]] bool is_shown(std::size_t column) const { return !columns_[column].title.empty(); }
  void write_line(const std::vector<Cell>& cells);
  [[nodiscard]] std::string padded(const Cell& cell, std::size_t column) const;

  Format format_;
  Terminal terminal_;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> held_;  // the first rows of a table, until the columns' widths are known
  std::vector<std::size_t> widths_;
  bool first_ = true;
};

/// A value as a table's text: numbers as they are, strings printable, null "-".
[[nodiscard]] std::string plain_text(const Json& value);

}  // namespace nines::tools
