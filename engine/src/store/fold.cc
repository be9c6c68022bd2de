#include "store/fold.h"

#include <algorithm>
#include <iterator>
#include <optional>
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

/// The first of `results` that is of another day than the front.
std::size_t day_end(std::span<const CheckResult> results) {
  const UtcDay day = day_of(results.front().time);
  const auto end = std::find_if(results.begin(), results.end(), [day](const auto& r) { return day_of(r.time) != day; });
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
Result<std::vector<Stored>> read_day(ServerId server, UtcDay day, View& view) {
  std::vector<Stored> chunks;
  IntactRange checks(view, Space::checks, chunk_key(server, day), chunk_key(server, day + std::chrono::days{1}));
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
  const auto merged = merge_results(to_results(series, server), results);
  batch.erase(Space::checks, chunk_key(server, from_ms(chunk.first_ms)).view());
  return put_new_chunks(server, merged, batch);
}

Result<std::uint64_t> fold_day(ServerId server, std::span<const CheckResult> results, View& view, Batch& batch) {
  const auto chunks = read_day(server, day_of(results.front().time), view);
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

/// A chunk this large is not put together with others. One that was cut because what follows did not fit is larger:
/// what is counted for a result before it is encoded is at most a few times what it takes.
constexpr std::uint32_t kFullResults = kMaxChunkResults / 4 * 3;
constexpr std::size_t kFullBytes = kMaxChunkBytes / 4;
/// Of an open day, small chunks are not put together before there are so many of them.
constexpr std::size_t kFewChunks = 4;

/// The small chunks at the end of a day.
struct Tail {
  std::vector<Stored> chunks;
  std::size_t results = 0;
  std::size_t bytes = 0;
  std::int64_t last_ms = -1;  // of all chunks of the day, also those before these
};

/// Errors as read_day: behind what cannot be read, new chunks would be out of reach.
Result<Tail> read_tail(ServerId server, UtcDay day, View& view) {
  Tail tail;
  const auto begin_anew = [&] {
    tail.chunks.clear();
    tail.results = tail.bytes = 0;
  };
  IntactRange checks(view, Space::checks, chunk_key(server, day), chunk_key(server, day + std::chrono::days{1}));
  while (checks.next()) {
    if (const auto& skipped = checks.skipped()) return tl::unexpected<Error>(skipped->error);
    const auto key = parse_chunk_key(checks.key());
    const auto info = peek_chunk(checks.value());
    if (!key || !info || info->first_ms != to_ms(key->first)) {
      begin_anew();  // it stays as it is, and where it is
      if (key) tail.last_ms = std::max(tail.last_ms, to_ms(key->first));
      continue;
    }
    tail.last_ms = std::max(tail.last_ms, info->last_ms);
    if (info->results >= kFullResults || checks.value().size() >= kFullBytes) {
      begin_anew();
      continue;
    }
    tail.chunks.push_back({info->first_ms, info->last_ms, std::string(checks.value())});
    tail.results += info->results;
    tail.bytes += checks.value().size();
  }
  if (const auto& skipped = checks.skipped()) return tl::unexpected<Error>(skipped->error);
  if (!checks.status()) return tl::unexpected<Error>(checks.status().error());
  return tail;
}

/// The results of the chunks; nothing when one does not decode.
std::optional<std::vector<CheckResult>> results_of(ServerId server, const Tail& tail) {
  std::vector<CheckResult> results;
  std::vector<SeriesColumns> series;
  for (const Stored& chunk : tail.chunks) {
    if (!decode_chunk(chunk.bytes, Columns{true, true, true}, series)) return std::nullopt;
    auto of_chunk = to_results(series, server);
    results.insert(results.end(), std::make_move_iterator(of_chunk.begin()), std::make_move_iterator(of_chunk.end()));
  }
  return results;
}

/// `results`, of one day or none, as chunks behind those of the day, put together with the small ones when it is worth
/// it.
Result<std::uint64_t> seal_day(ServerId server, UtcDay day, std::span<const CheckResult> results, bool is_over,
                               View& view, Batch& batch) {
  const auto tail = read_tail(server, day, view);
  if (!tail) {
    // Chunks that cannot be put together may stay side by side.
    if (results.empty() && tail.error().code == ErrorCode::corruption) return 0;
    return tl::unexpected<Error>(tail.error());
  }
  // What was taken for all that is sealed is not, as after damage.
  if (!results.empty() && to_ms(results.front().time) <= tail->last_ms) return fold_day(server, results, view, batch);
  const std::size_t pieces = tail->chunks.size() + (results.empty() ? 0 : 1);
  const bool is_full = tail->results + results.size() >= kMaxChunkResults || tail->bytes >= kMaxChunkBytes;
  if (pieces < (is_over ? 2 : kFewChunks) || !(is_over || is_full)) return put_new_chunks(server, results, batch);
  auto merged = results_of(server, *tail);
  if (!merged) return put_new_chunks(server, results, batch);
  merged->insert(merged->end(), results.begin(), results.end());
  // The first one's place is taken by what is put.
  for (std::size_t i = 1; i < tail->chunks.size(); ++i) {
    batch.erase(Space::checks, chunk_key(server, from_ms(tail->chunks[i].first_ms)).view());
  }
  return put_new_chunks(server, *merged, batch);
}

}  // namespace

Result<std::uint64_t> seal_chunks(const Kv& kv, ServerId server, std::span<const CheckResult> results,
                                  const SealedTo& sealed, Batch& batch) {
  auto view = kv.view(server, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  std::uint64_t written = 0;
  const UtcDay newest_day = sealed.watermark == kBeforeAll ? sealed.open_day : day_of(sealed.watermark);
  if (newest_day < sealed.open_day && (results.empty() || day_of(results.front().time) != newest_day)) {
    const auto merged = seal_day(server, newest_day, {}, true, **view, batch);
    if (!merged) return merged;
    written += *merged;
  }
  while (!results.empty()) {
    const std::size_t count = day_end(results);
    const UtcDay day = day_of(results.front().time);
    const auto done = day == newest_day
                          ? seal_day(server, day, results.first(count), day < sealed.open_day, **view, batch)
                          : Result<std::uint64_t>(put_new_chunks(server, results.first(count), batch));
    if (!done) return done;
    written += *done;
    results = results.subspan(count);
  }
  return written;
}

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
