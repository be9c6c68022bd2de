// CSV (RFC 4180) as a stream of records: quoted fields, doubled quotes, line breaks inside quotes, LF or CRLF.
//
// A record that is not CSV is reported with its line and the reading goes on with the line after: one stray quote does
// not swallow the rest of a file. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <istream>
#include <string>
#include <vector>

#include "exchange/line_reader.h"

namespace nines::tools {

class CsvReader {
 public:
  enum class Next : std::uint8_t { record, bad, end };

  /// `in` must outlive the reader. `delimiter` is between the fields.
  explicit CsvReader(std::istream& in, char delimiter = ',') : lines_(in), delimiter_(delimiter) {}

  /// The next record that is not an empty line.
  [[nodiscard]] Next next();
  /// After `record`; valid until the next one.
  [[nodiscard]] const std::vector<std::string_view>& fields() const noexcept { return fields_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }  ///< after `bad`
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }         ///< where the record begins, from 1
  [[nodiscard]] std::uint64_t bytes() const noexcept { return lines_.bytes(); }

 private:
  struct Line {
    std::string text;
    std::uint64_t number = 0;
    bool too_long = false;
  };
  enum class Parsed : std::uint8_t { record, open_quote, bad };

  bool read_line(Line& line);
  Next read_quoted(Line first);
  Parsed parse(std::string_view text);
  void split(std::string_view line);

  LineReader lines_;
  char delimiter_;
  std::deque<Line> again_;  // lines that were read as part of a record which then was not one
  std::vector<std::string_view> fields_;
  std::vector<std::string> unquoted_;  // what they refer to where a line has quotes
  std::string error_;
  std::uint64_t line_ = 0;
};

}  // namespace nines::tools
