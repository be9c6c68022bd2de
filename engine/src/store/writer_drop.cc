// Retention and removal: history is erased, and the heads forget it.
#include <algorithm>
#include <utility>

#include "codec/key.h"
#include "store/writer.h"
#include "vocabulary/check_input.h"

namespace nines::engine {

/// Erases the results before `checks_end_ms` and the summaries before the UTC day `summaries_end`, each key by itself:
/// ranges would be fewer, but see seal().
Result<void> Writer::erase_history(const Kv& kv, ServerState& state, std::int64_t checks_end_ms,
                                   std::int64_t summaries_end, Batch& batch) {
  auto ranges = kv.ranges({Space::checks, Space::days});
  if (!ranges) return tl::unexpected<Error>(ranges.error());
  const auto erase_between = [&](Space space, Range& range, const Key& from, const Key& to) {
    for (range.seek(from.view()); range.valid() && range.key() < to.view(); range.next()) {
      batch.erase(space, range.key());
    }
    return range.status();
  };
  const ServerId id = state.id;
  auto done =
      erase_between(Space::checks, *(*ranges)[0], chunk_key(id, from_ms(0)), chunk_key(id, from_ms(checks_end_ms)));
  if (done) done = erase_between(Space::days, *(*ranges)[1], day_key(id, 0), day_key(id, summaries_end));
  if (!done) return done;
  for (const CheckResult& row : state.rows()) {
    if (to_ms(row.time) >= checks_end_ms) break;
    batch.erase(Space::recent, recent_key(id, row.time, row.location).view());
  }
  return {};
}

Result<bool> Writer::drop_days(ServerId server, std::int64_t checks_day, std::int64_t summaries_day) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  const MutexLock lock(state->write);
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (auto loaded = states_.ensure_loaded(*state, **kv); !loaded) return tl::unexpected<Error>(loaded.error());

  const auto batch = (*kv)->batch();
  const std::int64_t checks_end_ms = std::max<std::int64_t>(checks_day, 0) * kDayMs;
  const std::int64_t summaries_end = std::max<std::int64_t>(summaries_day, 0);
  if (auto erased = erase_history(**kv, *state, checks_end_ms, summaries_end, *batch); !erased) {
    return tl::unexpected<Error>(erased.error());
  }
  if (batch->empty()) return false;
  const HistoryChange change(*state, states_);
  if (auto written = handle_.write(**kv, *batch, Durability::process); !written) {
    return tl::unexpected<Error>(written.error());
  }
  state->drop(checks_end_ms);
  return true;
}

Result<void> Writer::drop_server(ServerId server, const std::function<void(Batch&)>& and_also) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  const MutexLock lock(state->write);
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (auto loaded = states_.ensure_loaded(*state, **kv); !loaded) return loaded;
  const auto batch = (*kv)->batch();
  constexpr std::int64_t kEndMs = to_ms(kTimeLimit);
  if (auto erased = erase_history(**kv, *state, kEndMs, kEndMs / kDayMs, *batch); !erased) return erased;
  and_also(*batch);
  if (auto written = handle_.write(**kv, *batch, Durability::process); !written) return written;
  state->removed = true;
  states_.remove(server);
  return {};
}

}  // namespace nines::engine
