// A SQLite database that another program wrote, and may be writing: opened for reading with what lies beside it.
//
// Errors are values: not_a_store where the file is none that SQLite reads, io and corruption as SQLite says. A file is
// for one thread; its statements must not outlive it.
#pragma once

#include <nines/result.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace nines::tools {

/// Rows of a question, one at a time.
class SqliteRows {
 public:
  /// Goes to the next row; false after the last one.
  [[nodiscard]] Result<bool> next();

  // Of the row that next() went to; `column` counts from 0.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;   ///< 0 for null; texts are read as numbers
  [[nodiscard]] double number(int column) const;          ///< likewise
  [[nodiscard]] std::string_view text(int column) const;  ///< empty for null; valid until next()

  // For a statement that takes values: counts from 1. Begins it anew.
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, double value);

 private:
  friend class SqliteFile;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteFile {
 public:
  /// Opens the file behind `descriptor`, which must be a file with a name: what it has not taken over from its
  /// write-ahead log yet is found beside it. Nothing of it is changed.
  [[nodiscard]] static Result<SqliteFile> open(int descriptor);
  /// An empty one on disk, without a name, which is gone with the object: for what is larger than memory.
  [[nodiscard]] static Result<SqliteFile> temporary();

  [[nodiscard]] Result<SqliteRows> ask(const std::string& sql) const;
  /// For statements without rows.
  [[nodiscard]] Result<void> run(const std::string& sql) const;

  /// The names of the columns of `table`; empty when there is no such table.
  [[nodiscard]] Result<std::set<std::string>> columns(const std::string& table) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

/// Calls `visit` with each row that `sql` gives.
template <class Visit>
Result<void> for_rows(const SqliteFile& database, const std::string& sql, Visit&& visit) {
  auto rows = database.ask(sql);
  if (!rows) return tl::unexpected(rows.error());
  while (true) {
    const auto more = rows->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    visit(*rows);
  }
}

/// When a text of a column says it was, in milliseconds since 1970: "2026-11-27 16:29:02.806231", which is UTC, with or
/// without a fraction, a Z, or Go's "+0000 UTC" behind it. -1 when it is no time.
[[nodiscard]] std::int64_t time_ms_of(std::string_view text);

/// "a, b, c" of `wanted`, NULL in place of those that `present` lacks.
[[nodiscard]] std::string select_list(const std::set<std::string>& present,
                                      std::initializer_list<std::string_view> wanted);

}  // namespace nines::tools
