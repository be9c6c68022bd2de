#include "exchange/importer.h"

#include <fmt/format.h>
#include <nines/hold.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "exchange/kept_results.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// About 30 MB of results; large enough that a month of a hundred servers is sealed in a few pieces.
constexpr std::size_t kBatchResults = 200'000;
// Details and names come on top: with details of 4 KiB so many results would be a gigabyte.
constexpr std::size_t kBatchTextBytes = 32U << 20U;
// A file of which so many lines are bad and none is good is another file.
constexpr std::uint64_t kHopelessLines = 1'000;
// Fewer results of a server say nothing about how often it was checked.
constexpr std::size_t kTellingResults = 10;

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
    : store_(store), options_(std::move(options)), dialect_(options_.dialect), latest_(now() + Options{}.max_ahead) {}

Result<void> Importer::read(std::istream& in) {
  return options_.ndjson ? read_ndjson(in) : read_csv(in);
}

Result<void> Importer::read_csv(std::istream& in) {
  CsvReader csv(in, options_.delimiter);
  const CsvReader::Next first = csv.next();
  if (first == CsvReader::Next::end)
    return fail(ErrorCode::invalid_argument, "the file is empty; it needs a header line");
  if (first == CsvReader::Next::bad) return fail(ErrorCode::invalid_argument, fmt::format("line 1: {}", csv.error()));
  const auto header = read_header(csv.fields(), options_.dialect);
  if (!header) return fail(header.error().code, fmt::format("line 1: {}", header.error().message));
  RecordTexts texts;
  while (!interrupted()) {
    const CsvReader::Next next = csv.next();
    if (next == CsvReader::Next::end) return {};
    if (next == CsvReader::Next::bad) {
      refuse(csv.line(), csv.error());
      if (auto go_on = hopeless(); !go_on) return go_on;
      continue;
    }
    if (csv.fields().size() != header->size()) {
      refuse(csv.line(), fmt::format("it has {} fields where the header has {}", csv.fields().size(), header->size()));
      if (auto go_on = hopeless(); !go_on) return go_on;
      continue;
    }
    // What a line before it was put into another field is not this one's.
    texts.clear();
    for (std::size_t i = 0; i < header->size(); ++i) {
      if ((*header)[i]) texts[*(*header)[i]] = csv.fields()[i];
    }
    take(texts, csv.line());
    if (auto go_on = hopeless(); !go_on) return go_on;
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
      if (auto go_on = hopeless(); !go_on) return go_on;
      continue;
    }
    take(texts, lines.number());
    if (auto go_on = hopeless(); !go_on) return go_on;
    if (auto stored = store_full_batch(lines.bytes()); !stored) return stored;
  }
  return {};
}

void Importer::refuse(std::uint64_t line, const std::string& why) {
  ++counts_.bad_lines;
  if (options_.bad_line) options_.bad_line(line, why);
}

Result<void> Importer::hopeless() const {
  if (counts_.results > 0 || counts_.bad_lines < kHopelessLines) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("none of the first {} lines can be taken", kHopelessLines));
}

void Importer::take(RecordTexts& texts, std::uint64_t line) {
  dialect_.translate(texts);
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
    look_at_distances(*id, results);
    if (auto stored = store_server(results); !stored) return stored;
    begin = end;
  }
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

void Importer::look_at_distances(ServerId id, std::span<const CheckResult> results) {
  if (results.size() < kTellingResults || results.front().interval_ms > 0) return;
  const auto catalog = store_->catalog();
  const Server* const server = catalog->find(id);
  if (server == nullptr) return;
  std::vector<std::chrono::milliseconds> distances;
  for (std::size_t i = 1; i < results.size(); ++i) distances.push_back(results[i].time - results[i - 1].time);
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  if (*middle <= hold_of(server->current_rules(), 0)) return;
  if (counts_.sparse_servers++ == 0) counts_.sparse_name = server->name;
  counts_.sparse_distance = std::max(counts_.sparse_distance, *middle);
}

Result<void> Importer::store_server(std::span<const CheckResult> results) {
  const auto expired = store_kept(*store_, results);
  if (!expired) return tl::unexpected(expired.error());
  counts_.expired += *expired;
  counts_.results -= *expired;
  return {};
}

Result<ServerId> Importer::server_id(const std::string& name, TimeMs first) {
  const auto lock =
      options_.catalog_mutex != nullptr ? std::unique_lock(*options_.catalog_mutex) : std::unique_lock<engine::Mutex>();
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
