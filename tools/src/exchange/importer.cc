#include "exchange/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// About 30 MB of results; large enough that a month of a hundred servers is sealed in a few pieces.
constexpr std::size_t kBatchResults = 200'000;
// Details and names come on top: with details of 4 KiB so many results would be a gigabyte.
constexpr std::size_t kBatchTextBytes = 32U << 20U;
// Fewer results of one server than this are appended; more are loaded, which seals them at once.
constexpr std::size_t kLoadResults = 256;

Result<std::vector<Field>> read_header(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  for (const std::string& name : names) {
    const auto field = parse_field(name);
    if (!field) {
      const std::string_view near = closest_field(name);
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("line 1: there is no column `{}`{}", printable(name),
                      near.empty() ? "; columns are server, time, state, latency_us, code, location, interval_s, "
                                     "error, detail"
                                   : fmt::format("; did you mean `{}`?", near)));
    }
    if (std::find(fields.begin(), fields.end(), *field) != fields.end()) {
      return fail(ErrorCode::invalid_argument, fmt::format("line 1: the column `{}` is there twice", printable(name)));
    }
    fields.push_back(*field);
  }
  const auto has = [&](Field field) { return std::find(fields.begin(), fields.end(), field) != fields.end(); };
  if (!has(Field::server) || !(has(Field::time) || has(Field::time_ms)) || !(has(Field::state) || has(Field::up))) {
    return fail(ErrorCode::invalid_argument,
                "line 1: the header needs the columns server, time (or time_ms) and state (or up)");
  }
  return fields;
}

// The text of a JSON value as CSV would have it; nothing for an array or object.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_number()) return dump(value);
  return std::nullopt;
}

// Fills `texts` from a line of NDJSON; the reason when it cannot.
std::optional<std::string> read_object(const std::string& line, RecordTexts& texts) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return "it is not a JSON object";
  texts.clear();
  for (const auto& [name, value] : object.items()) {
    const auto field = parse_field(name);
    if (!field) return fmt::format("there is no field `{}`", printable(fit(name, 60)));
    auto text = text_of(value);
    if (!text) return fmt::format("{} must be a single value", name);
    texts[*field] = std::move(*text);
  }
  return std::nullopt;
}

}  // namespace

Importer::Importer(Store* store, ImportOptions options)
    : store_(store), options_(std::move(options)), latest_(now() + Options{}.max_ahead) {}

Result<void> Importer::read(std::istream& in) {
  return options_.ndjson ? read_ndjson(in) : read_csv(in);
}

Result<void> Importer::read_csv(std::istream& in) {
  CsvReader csv(in, options_.delimiter);
  const CsvReader::Next first = csv.next();
  if (first == CsvReader::Next::end)
    return fail(ErrorCode::invalid_argument, "the file is empty; it needs a header line");
  if (first == CsvReader::Next::bad) return fail(ErrorCode::invalid_argument, fmt::format("line 1: {}", csv.error()));
  const auto header = read_header(csv.fields());
  if (!header) return tl::unexpected(header.error());
  RecordTexts texts;
  while (!interrupted()) {
    const CsvReader::Next next = csv.next();
    if (next == CsvReader::Next::end) return {};
    if (next == CsvReader::Next::bad) {
      refuse(csv.line(), csv.error());
      continue;
    }
    if (csv.fields().size() != header->size()) {
      refuse(csv.line(), fmt::format("it has {} fields where the header has {}", csv.fields().size(), header->size()));
      continue;
    }
    for (std::size_t i = 0; i < header->size(); ++i) texts[(*header)[i]] = csv.fields()[i];
    take(texts, csv.line());
    if (auto stored = store_full_batch(csv.bytes()); !stored) return stored;
  }
  return {};
}

Result<void> Importer::read_ndjson(std::istream& in) {
  LineReader lines(in);
  RecordTexts texts;
  std::string line;
  while (!interrupted() && lines.next(line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto why = lines.too_long() ? std::optional<std::string>("the line is too long") : read_object(line, texts);
    if (why) {
      refuse(lines.number(), *why);
      continue;
    }
    take(texts, lines.number());
    if (auto stored = store_full_batch(lines.bytes()); !stored) return stored;
  }
  return {};
}

void Importer::refuse(std::uint64_t line, const std::string& why) {
  ++counts_.bad_lines;
  if (options_.bad_line) options_.bad_line(line, why);
}

void Importer::take(const RecordTexts& texts, std::uint64_t line) {
  auto record = parse_record(texts, latest_);
  if (!record) return refuse(line, record.error().message);
  if (record->result.interval_ms == 0) record->result.interval_ms = options_.interval_ms;
  if (options_.only && options_.only->find(std::string_view(record->server)) == nullptr) {
    return refuse(line, fmt::format("there is no server `{}`", printable(record->server)));
  }
  ++counts_.results;
  if (store_ == nullptr) return;
  batch_bytes_ += record->server.capacity() + record->result.detail.capacity();
  batch_.push_back(std::move(*record));
}

Result<void> Importer::store_full_batch(std::uint64_t bytes) {
  if (options_.progress != nullptr) options_.progress->update(bytes, counts_.results);
  if (batch_.size() < kBatchResults && batch_bytes_ < kBatchTextBytes) return {};
  return store_batch();
}

Result<void> Importer::store_batch() {
  // Of equal keys the last one stays, as it would if the lines were written one by one.
  const auto key = [](const Record& r) { return std::tie(r.server, r.result.time, r.result.location); };
  std::stable_sort(batch_.begin(), batch_.end(), [&](const Record& a, const Record& b) { return key(a) < key(b); });
  std::vector<CheckResult> results;
  for (std::size_t begin = 0; begin < batch_.size();) {
    const std::string& name = batch_[begin].server;
    const auto id = server_id(name, batch_[begin].result.time);
    if (!id) return tl::unexpected(id.error());
    results.clear();
    std::size_t end = begin;
    for (; end < batch_.size() && batch_[end].server == name; ++end) {
      if (end + 1 < batch_.size() && key(batch_[end]) == key(batch_[end + 1])) continue;
      results.push_back(std::move(batch_[end].result));
      results.back().server = *id;
    }
    if (auto stored = store_server(results); !stored) return stored;
    begin = end;
  }
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Result<void> Importer::store_server(std::span<const CheckResult> results) {
  if (results.size() >= kLoadResults) return store_->load(results.front().server, results);
  return store_->append(results, Durability::buffered);
}

Result<ServerId> Importer::server_id(const std::string& name, TimeMs first) {
  const auto lock =
      options_.catalog_mutex != nullptr ? std::unique_lock(*options_.catalog_mutex) : std::unique_lock<std::mutex>();
  const auto catalog = store_->catalog();
  if (const Server* known = catalog->find(std::string_view(name)); known != nullptr) {
    // Time before a server's creation is in no answer: what has history was there by then.
    if (first < known->created_at) {
      Server earlier = *known;
      earlier.created_at = first;
      if (auto saved = store_->update_server(earlier); !saved) return tl::unexpected(saved.error());
    }
    return known->id;
  }
  Server server;
  server.name = name;
  server.created_at = first;
  if (options_.interval_ms > 0) server.rules.front().interval = std::chrono::milliseconds{options_.interval_ms};
  ++counts_.new_servers;
  return store_->add_server(server);
}

Result<void> Importer::finish() {
  if (store_ == nullptr) return {};
  if (auto stored = store_batch(); !stored) return stored;
  return store_->flush();
}

}  // namespace nines::tools
