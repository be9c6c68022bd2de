// One check result as a line of CSV or NDJSON: the names of the fields, their texts, and back.
//
// The fields are those that users exchange; `retry` and the phases are accepted and, on request, written, so that
// nothing that is stored is lost on the way. Pure functions; any thread.
#pragma once

#include <nines/check_result.h>
#include <nines/result.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "show/output.h"

namespace nines::tools {

enum class Field : std::uint8_t {
  server,
  time,     ///< RFC 3339
  time_ms,  ///< or milliseconds since 1970
  state,    ///< up, degraded, down, unknown
  up,       ///< or 0/1
  latency_us,
  latency_ms,  ///< decimals allowed, to the microsecond
  code,
  location,
  interval_s,  ///< decimals allowed, to the millisecond
  error,       ///< error class
  detail,
  retry,  ///< 0/1
  dns_us,
  connect_us,
  tls_us,
  first_byte_us,
  transfer_us,
};
inline constexpr std::size_t kFieldCount = 18;

[[nodiscard]] std::string_view to_string(Field field) noexcept;
[[nodiscard]] std::optional<Field> parse_field(std::string_view name) noexcept;
/// The field that `name` was probably meant to be, or empty.
[[nodiscard]] std::string_view closest_field(std::string_view name);

/// The texts of one line; empty means absent. Most are referred to where they lie, in a buffer that must outlive them.
class RecordTexts {
 public:
  RecordTexts() = default;
  RecordTexts(const RecordTexts&) = delete;
  RecordTexts& operator=(const RecordTexts&) = delete;

  [[nodiscard]] std::string_view operator[](Field field) const { return texts_[static_cast<std::size_t>(field)]; }
  void refer(Field field, std::string_view text) { texts_[static_cast<std::size_t>(field)] = text; }
  /// A text that lies nowhere else.
  void keep(Field field, std::string text) {
    std::string& own = own_[static_cast<std::size_t>(field)];
    own = std::move(text);
    refer(field, own);
  }
  void clear() { texts_.fill({}); }

 private:
  std::array<std::string_view, kFieldCount> texts_;
  std::array<std::string, kFieldCount> own_;
};

struct Record {
  std::string_view server;  ///< of the line's texts
  CheckResult result;       ///< without its server's id
};

/// Checks everything that can be checked without a store. The message names the field: "latency_us `x` is not a
/// number". Times must lie in [1970, `latest`].
[[nodiscard]] Result<Record> parse_record(const RecordTexts& texts, TimeMs latest);

/// The columns that export writes: `full` adds retry and the phases.
[[nodiscard]] std::span<const Field> export_fields(bool full);

/// The cells of one result, parallel to export_fields(full). An absent value is null.
[[nodiscard]] std::vector<Cell> record_cells(const std::string& server, const CheckResult& result, bool full);

/// The rows that export writes, straight into text: what RowWriter makes of record_cells(), many times as fast. Of one
/// server at a time.
class RecordRows {
 public:
  /// `format` is csv or ndjson.
  RecordRows(Format format, bool full) : format_(format), full_(full) {}

  /// The rows that follow are of this server.
  void begin(std::string_view server);
  /// Appends the line of `result` to `out`.
  void add(const CheckResult& result, std::string& out);

 private:
  void add_csv(const CheckResult& result, std::string& out);
  void add_ndjson(const CheckResult& result, std::string& out);

  Format format_;
  bool full_;
  std::string server_;  // as it is written
};

}  // namespace nines::tools
