// How other programs write the columns of check results: their names, and their words for times, states and nothing.
//
// A line's texts are put into the words that parse_record() takes; what is not known stays as it is, for that to
// refuse. What was taken for something that it need not be is counted, so that it can be said. Not thread-safe.
#pragma once

#include <nines/calendar.h>
#include <nines/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/record_line.h"

namespace nines::tools {

struct DialectOptions {
  std::map<std::string, Field, std::less<>> columns;  ///< what is meant by a column's name
  std::optional<Zone> zone;                           ///< of times that have none; without it UTC, and counted
  bool decimal_comma = false;                         ///< "81,5" is 81.5
};

/// "time=checked_at,state=ok": for each field the name of its column. `invalid_argument` when a field is none, is named
/// twice, or a name is missing.
[[nodiscard]] Result<std::map<std::string, Field, std::less<>>> parse_column_map(std::string_view text);

/// The field of each column of a header; nothing for a column that is left out, which is only done where names were
/// given by the map. `invalid_argument` says what is wrong with it, without its line.
[[nodiscard]] Result<std::vector<std::optional<Field>>> read_header(std::span<const std::string_view> names,
                                                                    const DialectOptions& options);

/// The delimiter of a line of CSV: that of comma, semicolon, tab and vertical bar which it has most of outside of
/// quotes.
[[nodiscard]] char delimiter_of(std::string_view line) noexcept;

class Dialect {
 public:
  explicit Dialect(DialectOptions options) : options_(std::move(options)) {}

  void translate(RecordTexts& texts);

  [[nodiscard]] const DialectOptions& options() const noexcept { return options_; }
  /// Times that were numbers: of seconds, milliseconds, microseconds, nanoseconds since 1970.
  [[nodiscard]] const std::array<std::uint64_t, 4>& epochs() const noexcept { return epochs_; }
  /// Times without a zone that were taken as UTC.
  [[nodiscard]] std::uint64_t zoneless() const noexcept { return zoneless_; }

 private:
  void translate_time(RecordTexts& texts);
  void translate_epoch(RecordTexts& texts);

  DialectOptions options_;
  std::array<std::uint64_t, 4> epochs_{};
  std::uint64_t zoneless_ = 0;
};

}  // namespace nines::tools
