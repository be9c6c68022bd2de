#include "peers/recognise.h"

#include <algorithm>
#include <string>

#include "base/ascii_case.h"

namespace nines::tools {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
}

/// `name{` or `name value`, as a sample begins.
bool is_sample(std::string_view line) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
  };
  const auto end = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_name) - line.begin());
  if (end == 0 || end == line.size()) return false;
  if (line[end] == '{') return line.find("=\"") != std::string_view::npos;
  constexpr std::string_view kNumber = "0123456789+-.eENaIinf ";
  return line[end] == ' ' && line.find_first_not_of(kNumber, end) == std::string_view::npos;
}

/// `text` without the spaces between tokens of JSON's beginning.
std::string tight(std::string_view text) {
  std::string kept;
  for (const char c : text.substr(0, 200)) {
    if (kSpaces.find(c) == std::string_view::npos) kept += c;
  }
  return kept;
}

FileKind object_kind(std::string_view text) {
  const std::string begin = tight(text);
  if (begin.starts_with("{__name__=")) return FileKind::samples;
  if (begin.starts_with(R"({"status":"success","data":{"resultType")")) return FileKind::prometheus_answer;
  if (begin.find("\"notificationList\"") != std::string::npos || begin.starts_with(R"({"version":)")) {
    return FileKind::kuma_backup;
  }
  return FileKind::ndjson;
}

/// Whether the first line that is no comment is `key:`, with a value or without.
bool is_yaml(std::string_view text) {
  while (text.starts_with('#') || text.starts_with('\n') || text.starts_with('\r')) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  const std::string_view line = first_line(text);
  const auto is_key = [](char c) {
    return (c >= '0' && c <= '9') || (engine::to_lower(c) >= 'a' && engine::to_lower(c) <= 'z') || c == '_' || c == '-';
  };
  const auto end = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_key) - line.begin());
  const std::string_view rest = line.substr(end);
  return line.starts_with("---") || (end > 0 && (rest == ":" || rest.starts_with(": ")));
}

}  // namespace

FileKind recognise(std::string_view head) {
  constexpr std::string_view kSqlite("SQLite format 3\0", 16);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  constexpr std::size_t kTarMark = 257;
  if (head.starts_with(kSqlite)) return FileKind::sqlite;
  if (head.size() > kTarMark + 5 && head.substr(kTarMark, 5) == "ustar") return FileKind::block;
  if (head.starts_with(kMark)) head.remove_prefix(kMark.size());
  const auto begin = head.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return FileKind::empty;
  const std::string_view text = head.substr(begin);
  const std::string_view line = first_line(text);
  if (line.find('\0') != std::string_view::npos) return FileKind::binary;
  if (text.front() == '{') return object_kind(text);
  if (text.starts_with("# HELP ") || text.starts_with("# TYPE ") || text.starts_with("# EOF")) return FileKind::samples;
  if (is_sample(line)) return FileKind::samples;
  return is_yaml(text) ? FileKind::yaml : FileKind::csv;
}

}  // namespace nines::tools
