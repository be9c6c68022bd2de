#include "exchange/importer.h"

#include <fmt/format.h>
#include <nines/hold.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "exchange/json_line.h"
#include "exchange/kept_results.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// About 30 MB of results; large enough that a month of a hundred servers is sealed in a few pieces.
constexpr std::size_t kBatchResults = 200'000;
// Details and names come on top: with details of 4 KiB so many results would be a gigabyte.
constexpr std::size_t kBatchTextBytes = 32U << 20U;
// What a name costs besides its text, in the list and in the index.
constexpr std::size_t kNameBytes = 160;
// A file of which so many lines are bad and none is good is another file.
constexpr std::uint64_t kHopelessLines = 1'000;
// Fewer results of a server say nothing about how often it was checked.
constexpr std::size_t kTellingResults = 10;

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
      if ((*header)[i]) texts.refer(*(*header)[i], csv.fields()[i]);
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
  JsonLine object;
  std::string_view line;
  while (!interrupted() && lines.next(line)) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto why = lines.too_long() ? std::optional<std::string>("the line is too long") : object.read(line, texts);
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
  if (options_.only && options_.only->find(record->server) == nullptr) {
    return refuse(line, fmt::format("there is no server `{}`", printable(record->server)));
  }
  ++counts_.results;
  if (store_ == nullptr) return;
  batch_bytes_ += record->result.detail.capacity();
  batch_.push_back({number_of(record->server), std::move(record->result)});
}

std::uint32_t Importer::number_of(std::string_view server) {
  // Files of one server after the other ask for the same one again and again.
  if (!names_.empty() && names_.back() == server) return static_cast<std::uint32_t>(names_.size() - 1);
  const auto known = numbers_.find(server);
  if (known != numbers_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(names_.size());
  const std::string& name = names_.emplace_back(server);
  numbers_.emplace(name, number);
  batch_bytes_ += kNameBytes + name.size();
  return number;
}

Result<void> Importer::store_full_batch(std::uint64_t bytes) {
  if (options_.progress != nullptr) options_.progress->update(bytes, counts_.results);
  if (batch_.size() < kBatchResults && batch_bytes_ < kBatchTextBytes) return {};
  return store_batch();
}

Result<void> Importer::store_batch() {
  // Where the rows of each server lie, in the order of the lines.
  std::vector<std::uint32_t> begins(names_.size() + 1);
  for (const Row& row : batch_) ++begins[row.server + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<std::uint32_t> order(batch_.size());
  std::vector<std::uint32_t> next(begins.begin(), begins.end() - 1);
  for (std::uint32_t i = 0; i < batch_.size(); ++i) order[next[batch_[i].server]++] = i;

  const auto key = [this](std::uint32_t i) { return std::pair(batch_[i].result.time, batch_[i].result.location); };
  const auto less = [&key](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); };
  std::vector<CheckResult> results;
  for (std::size_t server = 0; server < names_.size(); ++server) {
    const std::span<std::uint32_t> rows(order.data() + begins[server], begins[server + 1] - begins[server]);
    if (!std::is_sorted(rows.begin(), rows.end(), less)) std::stable_sort(rows.begin(), rows.end(), less);
    const auto id = server_id(names_[server], batch_[rows.front()].result.time);
    if (!id) return tl::unexpected(id.error());
    results.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      // Of equal keys the last one stays, as it would if the lines were written one by one.
      if (i + 1 < rows.size() && key(rows[i]) == key(rows[i + 1])) continue;
      results.push_back(std::move(batch_[rows[i]].result));
      results.back().server = *id;
    }
    look_at_distances(*id, results);
    if (auto stored = store_server(results); !stored) return stored;
  }
  batch_.clear();
  batch_bytes_ = 0;
  numbers_.clear();
  names_.clear();
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
