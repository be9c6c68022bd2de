#include "peers/sqlite_file.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// A writer holds the file for milliseconds; a vacuum of a large store for a minute.
constexpr int kBusyTimeoutMs = 60'000;

tl::unexpected<Error> failure(sqlite3* database, std::string_view doing) {
  const int code = database != nullptr ? sqlite3_errcode(database) : SQLITE_NOMEM;
  const char* const why = database != nullptr ? sqlite3_errmsg(database) : "out of memory";
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return fail(damaged ? ErrorCode::corruption : ErrorCode::io, fmt::format("{}: {}", doing, printable(why)));
}

/// Where the file behind `descriptor` lies, so that its companions are found.
Result<std::string> path_of(int descriptor) {
  std::array<char, PATH_MAX> name{};
  const ssize_t length = readlink(fmt::format("/proc/self/fd/{}", descriptor).c_str(), name.data(), name.size());
  struct stat opened {};
  struct stat named {};
  const std::string path(name.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const bool same = fstat(descriptor, &opened) == 0 && S_ISREG(opened.st_mode) && stat(path.c_str(), &named) == 0 &&
                    opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
  if (!same) {
    return fail(ErrorCode::invalid_argument,
                "it is a SQLite database, which is read with the files beside it: name the file");
  }
  return path;
}

/// Whether the database is in the mode that keeps a write-ahead log.
bool has_log_mode(int descriptor) {
  constexpr off_t kReadVersion = 19;  // of the file's header, https://www.sqlite.org/fileformat.html
  unsigned char version = 0;
  return pread(descriptor, &version, 1, kReadVersion) == 1 && version == 2;
}

/// `path` as SQLite's URI with `query`.
std::string uri(const std::string& path, std::string_view query) {
  std::string text = "file:";
  for (const char c : path) text += c == '/' ? "/" : url_encode(std::string_view(&c, 1));
  return text.append("?").append(query);
}

}  // namespace

void SqliteRows::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Result<bool> SqliteRows::next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(sqlite3_db_handle(statement_.get()), "it cannot be read on");
}

bool SqliteRows::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t SqliteRows::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqliteRows::number(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string_view SqliteRows::text(int column) const {
  const auto* const bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void SqliteRows::bind(int parameter, std::int64_t value) {
  sqlite3_reset(statement_.get());
  sqlite3_bind_int64(statement_.get(), parameter, value);
}

void SqliteRows::bind(int parameter, double value) {
  sqlite3_reset(statement_.get());
  sqlite3_bind_double(statement_.get(), parameter, value);
}

void SqliteFile::Close::operator()(sqlite3* database) const noexcept {
  sqlite3_close_v2(database);
}

Result<SqliteFile> SqliteFile::open(int descriptor) {
  const auto path = path_of(descriptor);
  if (!path) return tl::unexpected(path.error());
  std::error_code error;
  // Opening makes files beside a database of this mode. Where no log is there nobody has it open and all is in the one
  // file, so that can be spared: the folder may not be ours to write.
  const bool alone = has_log_mode(descriptor) && !std::filesystem::exists(*path + "-wal", error);
  SqliteFile file;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(uri(*path, alone ? "mode=ro&immutable=1" : "mode=ro").c_str(), &database,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  file.database_.reset(database);
  if (code != SQLITE_OK) return failure(database, "it cannot be opened");
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  // The schema comes from outside as the rows do: what it could call is nobody's to call.
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // One state of it from the first question to the last, whatever is written meanwhile.
  if (auto begun = file.run("BEGIN"); !begun) return tl::unexpected(begun.error());
  return file;
}

Result<SqliteFile> SqliteFile::temporary() {
  SqliteFile file;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2("", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  file.database_.reset(database);
  if (code != SQLITE_OK) return failure(database, "no temporary file can be made");
  if (auto set = file.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384"); !set) {
    return tl::unexpected(set.error());
  }
  return file;
}

Result<SqliteRows> SqliteFile::ask(const std::string& sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  SqliteRows rows;
  rows.statement_.reset(statement);
  if (code != SQLITE_OK) return failure(database_.get(), "it cannot be read");
  return rows;
}

Result<void> SqliteFile::run(const std::string& sql) const {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure(database_.get(), "it cannot be read");
}

Result<std::set<std::string>> SqliteFile::columns(const std::string& table) const {
  auto rows = ask(fmt::format("SELECT name FROM pragma_table_info('{}')", table));
  if (!rows) return tl::unexpected(rows.error());
  std::set<std::string> names;
  while (true) {
    const auto more = rows->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return names;
    names.emplace(rows->text(0));
  }
}

std::int64_t time_ms_of(std::string_view text) {
  constexpr std::size_t kWithMilliseconds = 23;
  std::string_view part = text.substr(0, std::min(text.find(" +0000"), kWithMilliseconds));
  if (part.ends_with('Z')) part.remove_suffix(1);
  const auto time = parse_rfc3339(part);
  return time ? to_ms(*time) : -1;
}

std::string select_list(const std::set<std::string>& present, std::initializer_list<std::string_view> wanted) {
  std::string list;
  for (const std::string_view column : wanted) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", present.contains(std::string(column)) ? column : "NULL");
  }
  return list;
}

}  // namespace nines::tools
