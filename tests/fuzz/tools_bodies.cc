#include "tools_bodies.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include "config/config.h"
#include "exchange/csv.h"
#include "exchange/record_line.h"

namespace nines::fuzz {
namespace {

// 2100: no later time is a result's here.
constexpr TimeMs kLatest = from_ms(4'102'444'800'000);

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

std::string text_of(const tools::Cell& cell) {
  if (cell.value.is_null()) return {};
  return cell.value.is_string() ? cell.value.get<std::string>() : cell.value.dump();
}

}  // namespace

void csv(std::string_view bytes) {
  std::istringstream in{std::string(bytes)};
  tools::CsvReader reader(in);
  std::uint64_t line = 0;
  while (true) {
    const auto next = reader.next();
    if (next == tools::CsvReader::Next::end) break;
    require(reader.line() > line, "records come in the order of their lines");
    line = reader.line();
    if (next == tools::CsvReader::Next::bad) {
      require(!reader.error().empty(), "an error says something");
      continue;
    }
    require(!reader.fields().empty(), "a record has fields");
    std::size_t length = 0;
    for (const std::string_view field : reader.fields()) length += field.size();
    require(length <= bytes.size(), "fields are not made of nothing");
  }
  require(line <= bytes.size() + 1, "lines are not made of nothing");
}

void record_line(std::string_view bytes) {
  tools::RecordTexts texts;
  for (std::size_t i = 0; i < tools::kFieldCount; ++i) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    texts.refer(static_cast<tools::Field>(i), bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  const auto record = tools::parse_record(texts, kLatest);
  if (!record) {
    require(!record.error().message.empty(), "an error says something");
    return;
  }
  require(record->result.time >= TimeMs{} && record->result.time <= kLatest, "a time lies within its bounds");
  const auto fields = tools::export_fields(true);
  const std::string server(record->server);
  const auto cells = tools::record_cells(server, record->result, true);
  require(fields.size() == cells.size(), "each column has a cell");
  texts.clear();
  for (std::size_t i = 0; i < cells.size(); ++i) texts.keep(fields[i], text_of(cells[i]));
  const auto again = tools::parse_record(texts, kLatest);
  require(again.has_value(), "what is exported can be imported");
  require(again->server == server && again->result == record->result, "and is the same");
}

void config(std::string_view bytes) {
  const auto read = tools::parse_config(std::string(bytes), "");
  require(read || !read.error().empty(), "a refusal says something");
}

}  // namespace nines::fuzz
