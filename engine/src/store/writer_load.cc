// Bulk loading: history is sealed directly, a day at a time.
#include <algorithm>
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

/// A bulk load is written in batches of about this size, to bound its memory.
constexpr std::size_t kLoadBatchBytes = 1U << 20U;

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
  {
    const MutexLock lock(state->write);
    if (state->removed) return tl::unexpected<Error>(no_such_server(server));
    auto kv = handle_.kv_for_write();
    if (!kv) return tl::unexpected<Error>(kv.error());
    if (auto loaded = states_.ensure_loaded(*state, **kv); !loaded) return loaded;
    if (auto kept = check_kept(*state, results.front()); !kept) return kept;
    if (auto stored = load_locked(**kv, *state, results); !stored) return stored;
  }
  after_append(results.size());
  return {};
}

Result<void> Writer::load_locked(Kv& kv, ServerState& state, std::span<const CheckResult> results) {
  // Rows must stay later than the watermark, which the load is going to move.
  if (auto sealed = seal(kv, state, state.unsealed().last_ms); !sealed) return sealed;
  const HistoryChange change(state, states_);
  Result<void> done;
  Batch batch(state.id);
  std::vector<CheckResult> day;
  for (std::size_t begin = 0; begin < results.size() && done;) {
    const std::int64_t today = utc_day(to_ms(results[begin].time));
    const auto rest = results.subspan(begin);
    const auto end =
        std::partition_point(rest.begin(), rest.end(), [&](const auto& r) { return utc_day(to_ms(r.time)) == today; });
    const auto of_day = rest.first(static_cast<std::size_t>(end - rest.begin()));
    day.assign(of_day.begin(), of_day.end());
    begin += day.size();
    sort_and_unique(day);
    done = load_day(kv, state, day, begin < results.size(), batch);
    if (done && (batch.bytes() >= kLoadBatchBytes || begin == results.size())) {
      done = write(kv, state, batch, Durability::buffered);
      batch.clear();
    }
  }
  // Whatever of it was stored, the state and the head are read anew from there.
  state.forget(states_.count_change());
  if (done) {
    const MutexLock view(state.view);
    state.rows_found = true;  // none, they have been sealed
  }
  auto loaded = states_.ensure_loaded(state, kv);
  return done ? loaded : done;
}

Result<void> Writer::load_day(const Kv& kv, ServerState& state, std::span<const CheckResult> day, bool closed,
                              Batch& batch) {
  const std::int64_t number = utc_day(to_ms(day.front().time));
  if (state.unsealed().watermark_ms >= number * kDayMs || state.may_have_summary(number)) {
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
  reset_summary(summary, number);
  for (const SeriesColumns& series : to_columns(day)) add_to_summary(summary, series);
  if (is_storable(summary)) batch.put(Space::days, day_key(state.id, number).view(), encode_summary(summary));
  return {};
}

}  // namespace nines::engine
