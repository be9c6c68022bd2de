// Retention and removal: history is erased, and the heads forget it.
#include <algorithm>
#include <utility>

#include "codec/key.h"
#include "store/catalog_table.h"
#include "store/writer.h"
#include "vocabulary/check_input.h"

namespace nines::engine {

namespace {

/// Adds the erasure of [from, to) in `space` to `batch`, if there is anything.
Result<void> erase_if_any(View& view, Space space, const Key& from, const Key& to, Batch& batch) {
  const Range& any = view.range(space, from.view(), to.view(), {.values = false, .limit = 1});
  if (any.valid()) batch.erase_range(space, from.view(), to.view());
  return any.status();
}

void erase_everything(Batch& batch) {
  const Key from = server_key(batch.server());
  const Key to = prefix_end(batch.server());
  for (const Space space : {Space::recent, Space::checks, Space::days}) {
    batch.erase_range(space, from.view(), to.view());
  }
}

constexpr std::int64_t kEndMs = to_ms(kTimeLimit);

}  // namespace

/// Erases the results before `checks_end_ms` and the summaries before the UTC day `summaries_end`.
Result<void> Writer::erase_history(const Kv& kv, ServerState& state, std::int64_t checks_end_ms,
                                   std::int64_t summaries_end, Batch& batch) {
  auto view = kv.view(state.id, {Space::checks, Space::days});
  if (!view) return tl::unexpected<Error>(view.error());
  const ServerId id = state.id;
  auto done = erase_if_any(**view, Space::checks, server_key(id), chunk_key(id, from_ms(checks_end_ms)), batch);
  if (done) done = erase_if_any(**view, Space::days, server_key(id), day_key(id, summaries_end), batch);
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

  Batch batch(server);
  const std::int64_t checks_end_ms = std::max<std::int64_t>(checks_day, 0) * kDayMs;
  const std::int64_t summaries_end = std::max<std::int64_t>(summaries_day, 0);
  if (auto erased = erase_history(**kv, *state, checks_end_ms, summaries_end, batch); !erased) {
    return tl::unexpected<Error>(erased.error());
  }
  if (batch.empty()) return false;
  const HistoryChange change(*state, states_);
  if (auto written = write(**kv, *state, batch, Durability::process); !written) {
    return tl::unexpected<Error>(written.error());
  }
  state->drop(checks_end_ms);
  return true;
}

Result<void> Writer::drop_server(ServerId server, const Batch& mark) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  const MutexLock lock(state->write);
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (auto written = write(**kv, *state, mark, Durability::process); !written) return written;
  state->removed = true;
  states_.remove(server);
  // What is in memory tells the rows, which spares looking for them.
  Batch batch(server);
  if (!states_.ensure_loaded(*state, **kv) || !erase_history(**kv, *state, kEndMs, kEndMs / kDayMs, batch)) {
    batch.clear();
    erase_everything(batch);
  }
  CatalogTable::write_remove(server, batch);
  if (auto swept = handle_.write(**kv, batch, Durability::process); !swept.ok() && options_.log) {
    options_.log(LogLevel::warning,
                 "a removed server's history will be erased when the store is opened next: " + swept.error.message);
  }
  return {};
}

Result<void> Writer::sweep(ServerId server) {
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  Batch batch(server);
  erase_everything(batch);
  CatalogTable::write_remove(server, batch);
  return handle_.write(**kv, batch, Durability::process).result();
}

}  // namespace nines::engine
