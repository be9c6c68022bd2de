// A line of NDJSON as the texts of a check result's fields.
//
// Nearly all lines are one flat object of plain texts and numbers: those are read where they lie, without building
// values. What is anything else (escapes, exponents, nesting, mistakes) is left to the JSON library, so that
// what is taken is the same. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/record_line.h"

namespace nines::tools {

class PlainJson;

class JsonLine {
 public:
  /// Fills `texts`, which refer to `line`; the reason when it cannot.
  [[nodiscard]] std::optional<std::string> read(std::string_view line, RecordTexts& texts);

 private:
  [[nodiscard]] bool read_plain(std::string_view line, RecordTexts& texts);
  [[nodiscard]] std::optional<Field> field_at(std::size_t position, PlainJson& reader);

  std::vector<std::pair<std::string, Field>> before_;  // the members of the line before, which are usually the same
};

}  // namespace nines::tools
