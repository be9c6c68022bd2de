#include "store/fold.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/chunk.h"
#include "codec/key.h"
#include "series/merge.h"
#include "store/intact_range.h"

namespace nines::engine {
namespace {

std::int64_t day_of(const CheckResult& result) {
  return utc_day(to_ms(result.time));
}

/// The first of `results` that is of another day than the front.
std::size_t day_end(std::span<const CheckResult> results) {
  const std::int64_t day = day_of(results.front());
  const auto end = std::find_if(results.begin(), results.end(), [day](const auto& r) { return day_of(r) != day; });
  return static_cast<std::size_t>(end - results.begin());
}

/// A chunk as it is stored.
struct Stored {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::string bytes;
};

Error at_chunk(Error error, ServerId server, std::int64_t first_ms) {
  error.message += " (chunk " + printable_key(chunk_key(server, from_ms(first_ms)).view()) + ")";
  return error;
}

/// The day's chunks. One that does not decode is left as it is, and new ones are written beside it; behind a block that
/// cannot be read they would be out of reach, so that is an error, and rows stay rows.
Result<std::vector<Stored>> read_day(ServerId server, std::int64_t day, View& view) {
  std::vector<Stored> chunks;
  const Key from = chunk_key(server, from_ms(day * kDayMs));
  const Key to = chunk_key(server, from_ms((day + 1) * kDayMs));
  IntactRange checks(view, Space::checks, from, to);
  while (checks.next()) {
    if (const auto& skipped = checks.skipped()) return tl::unexpected<Error>(skipped->error);
    const auto key = parse_chunk_key(checks.key());
    const auto info = peek_chunk(checks.value());
    if (!key || !info) continue;
    chunks.push_back({to_ms(key->first), info->last_ms, std::string(checks.value())});
  }
  if (const auto& skipped = checks.skipped()) return tl::unexpected<Error>(skipped->error);
  if (!checks.status()) return tl::unexpected<Error>(checks.status().error());
  return chunks;
}

/// Writes one series group as a chunk under the time of its first result.
void put_chunk(ServerId server, std::span<const SeriesColumns> series, Batch& batch) {
  std::int64_t first_ms = series.front().time_ms.front();
  for (const SeriesColumns& columns : series) first_ms = std::min(first_ms, columns.time_ms.front());
  batch.put(Space::checks, chunk_key(server, from_ms(first_ms)).view(), encode_chunk(series));
}

std::size_t total(std::span<const SeriesColumns> series) {
  std::size_t results = 0;
  for (const SeriesColumns& columns : series) results += columns.size();
  return results;
}

/// About what results take in a chunk, so that it can be cut before it is encoded.
class ChunkSize {
 public:
  void add(const CheckResult& result) {
    bytes_ += kResultBytes + (result.phases ? kPhasesBytes : 0);
    // A text is stored once, and told by its distance when it comes again soon.
    if (result.detail != last_detail_) bytes_ += result.detail.size();
    if (!result.detail.empty()) last_detail_ = result.detail;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t kResultBytes = 8;
  static constexpr std::size_t kPhasesBytes = 12;
  std::size_t bytes_ = 0;
  std::string_view last_detail_;
};

std::size_t bytes_in_chunk(std::span<const CheckResult> results) {
  ChunkSize size;
  for (const CheckResult& result : results) size.add(result);
  return size.bytes();
}

/// How many of `results`, all of one day, make a chunk.
std::size_t fitting(std::span<const CheckResult> results) {
  ChunkSize size;
  std::size_t count = 0;
  while (count < std::min<std::size_t>(results.size(), kMaxChunkResults) && size.bytes() < kMaxChunkBytes) {
    size.add(results[count++]);
  }
  return count;
}

/// The usual case, a seal: `results` all lie behind what the chunk holds, and fit. Spares taking the chunk apart.
bool append_to(std::vector<SeriesColumns>& series, std::span<const CheckResult> results) {
  if (total(series) + results.size() > kMaxChunkResults) return false;
  for (const CheckResult& result : results) {
    auto place = std::lower_bound(series.begin(), series.end(), result.location,
                                  [](const auto& columns, LocationId wanted) { return columns.location < wanted; });
    if (place == series.end() || place->location != result.location) {
      place = series.insert(place, SeriesColumns{});
      place->location = result.location;
    }
    place->push_back(result);
  }
  return true;
}

/// Puts `results` into `chunk`.
Result<std::uint64_t> fold_into(ServerId server, const Stored& chunk, std::span<const CheckResult> results,
                                Batch& batch) {
  const bool behind = to_ms(results.front().time) > chunk.last_ms;
  if (behind && chunk.bytes.size() + bytes_in_chunk(results) > kMaxChunkBytes) {
    return put_new_chunks(server, results, batch);
  }
  std::vector<SeriesColumns> series;
  if (auto done = decode_chunk(chunk.bytes, Columns{true, true, true}, series); !done) {
    // Beside it, unless that would take its place, and with it the word that results are missing.
    if (to_ms(results.front().time) != chunk.first_ms) return put_new_chunks(server, results, batch);
    return tl::unexpected<Error>(at_chunk(done.error(), server, chunk.first_ms));
  }
  if (behind && append_to(series, results)) {
    put_chunk(server, series, batch);
    return 1;
  }
  const auto merged = merge_results(to_results(series, server), results);
  batch.erase(Space::checks, chunk_key(server, from_ms(chunk.first_ms)).view());
  return put_new_chunks(server, merged, batch);
}

Result<std::uint64_t> fold_day(ServerId server, std::span<const CheckResult> results, View& view, Batch& batch) {
  const auto chunks = read_day(server, day_of(results.front()), view);
  if (!chunks) return tl::unexpected<Error>(chunks.error());
  if (chunks->empty()) return put_new_chunks(server, results, batch);

  std::uint64_t written = 0;
  for (std::size_t i = 0; i < chunks->size() && !results.empty(); ++i) {
    std::size_t here = results.size();
    if (i + 1 < chunks->size()) {
      const std::int64_t next_first_ms = (*chunks)[i + 1].first_ms;
      const auto end = std::partition_point(results.begin(), results.end(),
                                            [&](const auto& result) { return to_ms(result.time) < next_first_ms; });
      here = static_cast<std::size_t>(end - results.begin());
    }
    if (here == 0) continue;
    auto folded = fold_into(server, (*chunks)[i], results.first(here), batch);
    if (!folded) return folded;
    written += *folded;
    results = results.subspan(here);
  }
  return written;
}

}  // namespace

std::uint64_t put_new_chunks(ServerId server, std::span<const CheckResult> results, Batch& batch) {
  std::uint64_t written = 0;
  while (!results.empty()) {
    // Full chunks first: a day that is still being written then grows at its end only. Results of one moment from
    // several locations stay together, so that the times of two chunks never overlap.
    std::size_t count = fitting(results.first(day_end(results)));
    if (count < results.size() && results[count].time == results[count - 1].time) {
      std::size_t shorter = count;
      while (shorter > 0 && results[shorter - 1].time == results[count].time) --shorter;
      if (shorter > 0) count = shorter;
    }
    put_chunk(server, to_columns(results.first(count)), batch);
    results = results.subspan(count);
    ++written;
  }
  return written;
}

Result<std::uint64_t> fold(const Kv& kv, ServerId server, std::span<const CheckResult> results, Batch& batch) {
  auto view = kv.view(server, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  std::uint64_t written = 0;
  while (!results.empty()) {
    const std::size_t count = day_end(results);
    auto folded = fold_day(server, results.first(count), **view, batch);
    if (!folded) return folded;
    written += *folded;
    results = results.subspan(count);
  }
  return written;
}

}  // namespace nines::engine
