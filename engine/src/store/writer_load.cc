// Bulk loading: history is sealed directly, in pieces of whole days where they are not too large.
#include <algorithm>
#include <iterator>
#include <utility>

#include "codec/key.h"
#include "codec/summary_codec.h"
#include "series/merge.h"
#include "series/summarise.h"
#include "store/fold.h"
#include "store/writer.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

/// A bulk load is written in batches of about this size, to bound its memory and how long readers of the server wait.
constexpr std::size_t kLoadBatchBytes = 1U << 20U;
/// A day of more results than this is loaded in pieces.
constexpr std::size_t kLoadDayResults = 65'536;

}  // namespace

Result<void> Writer::load(ServerId server, std::span<const CheckResult> results) {
  if (auto valid = validate(results); !valid) return valid;
  const bool ordered =
      std::is_sorted(results.begin(), results.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  const bool same = std::all_of(results.begin(), results.end(), [&](const auto& r) { return r.server == server; });
  if (!ordered || !same) {
    return fail(ErrorCode::invalid_argument, "a load takes results of one server, ascending by time");
  }
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  if (auto kept = check_kept(*state, results.front()); !kept) return kept;
  std::uint32_t longest_ms = 0;
  for (const CheckResult& result : results) longest_ms = std::max(longest_ms, result.interval_ms);
  if (auto noted = note_longest(*state, longest_ms); !noted) return noted;
  const std::size_t count = results.size();
  while (!results.empty()) {
    if (auto room = handle_.check_room(kLoadBatchBytes); !room) return room;
    LoadPiece piece;
    auto stored = write(*state, Durability::buffered, [&](const Kv& kv, LaneChange& change) {
      piece = {};
      return prepare_piece(kv, results, piece, change);
    });
    if (!stored) return stored;
    results = results.subspan(piece.results);
  }
  after_append(count);
  return {};
}

/// Takes the first days of `results` until they are enough for a batch.
Result<void> Writer::prepare_piece(const Kv& kv, std::span<const CheckResult> results, LoadPiece& piece,
                                   LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *change.state;
  const Unsealed before = state.unsealed();
  const std::int64_t last_ms = to_ms(std::max(before.last, results.back().time));
  // The head begins no earlier once all is loaded, so that what lies before need not pass through it.
  const TimeMs head_start = from_ms(states_.head_start(last_ms, last_ms));
  std::vector<CheckResult> rows = state.rows();
  std::vector<CheckResult> day;
  while (!results.empty() && change.batch.bytes() < kLoadBatchBytes) {
    const UtcDay today = day_of(results.front().time);
    const auto next_day =
        std::partition_point(results.begin(), results.end(), [&](const auto& r) { return day_of(r.time) == today; });
    std::size_t count = std::min(static_cast<std::size_t>(next_day - results.begin()), kLoadDayResults);
    // What is equal in time stays together: the last of equal keys wins.
    while (count < results.size() && results[count].time == results[count - 1].time) ++count;
    day.assign(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(count));
    sort_and_unique(day);
    const TimeMs day_end = day.back().time;

    // Rows must stay later than the watermark, which the load moves: those before its end are sealed with it.
    const auto passed =
        std::partition_point(rows.begin(), rows.end(), [&](const auto& row) { return row.time <= day_end; });
    const bool whole_day = results.begin() + static_cast<std::ptrdiff_t>(count) == next_day && count < results.size();
    if (passed != rows.begin()) {
      // They are folded into what is stored, so nothing of their days may be on its way in this batch.
      if (!change.batch.empty()) break;
      const std::span<const CheckResult> sealed(rows.begin(), passed);
      erase_rows(state.id, sealed.back().time, change.batch);
      day = merge_results(sealed, day);
      erase_summaries(state, day, change.batch);
      const auto folded = fold(kv, state.id, day, change.batch);
      if (!folded) return tl::unexpected<Error>(folded.error());
      sealed_chunks_ += *folded;
      rows.erase(rows.begin(), passed);
    } else if (auto loaded = load_day(kv, state, day, whole_day, change.batch); !loaded) {
      return loaded;
    }
    piece.results += count;
    piece.last = day_end;
    std::copy_if(day.begin(), day.end(), std::back_inserter(piece.newest),
                 [&](const auto& result) { return result.time >= head_start; });
    results = results.subspan(count);
    // The rest of a day that is cut into pieces is folded into what this piece stores.
    if (!whole_day) break;
  }
  change.past = true;
  state.begin_seal(piece.last);
  state.begin_append(piece.last);
  change.publish = [this, &state, &piece, head_start] {
    state.load_sealed(piece.newest, piece.last, head_start, states_.count_change());
  };
  return {};
}

Result<void> Writer::load_day(const Kv& kv, ServerState& state, std::span<const CheckResult> day, bool closed,
                              Batch& batch) {
  const UtcDay date = day_of(day.front().time);
  if (state.unsealed().watermark >= date || state.may_have_summary(date)) {
    erase_summaries(state, day, batch);
    const auto folded = fold(kv, state.id, day, batch);
    if (!folded) return tl::unexpected<Error>(folded.error());
    sealed_chunks_ += *folded;
    return {};
  }
  // Beyond all that is stored: nothing to fold into, and the day's summary can be had on the way.
  sealed_chunks_ += put_new_chunks(state.id, day, batch);
  if (!closed) return {};
  DaySummary summary;
  reset_summary(summary, day_number(date));
  for (const SeriesColumns& series : to_columns(day)) add_to_summary(summary, series);
  if (!is_storable(summary)) return {};
  state.expect_summary(date);
  batch.put(Space::days, day_key(state.id, date).view(), encode_summary(summary));
  return {};
}

}  // namespace nines::engine
