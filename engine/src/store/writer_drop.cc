// Erasing, retention and removal: history goes, and the heads forget it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "codec/chunk.h"
#include "codec/key.h"
#include "series/merge.h"
#include "store/catalog_table.h"
#include "store/fold.h"
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

/// An erasure is written in batches of about this size.
constexpr std::size_t kEraseBatchBytes = 1U << 20U;

}  // namespace

Result<void> Writer::erase_history(const Kv& kv, ServerState& state, DropBefore before, Batch& batch) {
  auto view = kv.view(state.id, {Space::checks, Space::days});
  if (!view) return tl::unexpected<Error>(view.error());
  const ServerId id = state.id;
  auto done = erase_if_any(**view, Space::checks, server_key(id), chunk_key(id, before.checks), batch);
  if (done) done = erase_if_any(**view, Space::days, server_key(id), day_key(id, before.summaries), batch);
  if (!done) return done;
  const Unsealed unsealed = state.unsealed();
  if (unsealed.rows > 0 && unsealed.first_row < before.checks) {
    erase_rows(id, before.checks - std::chrono::milliseconds{1}, batch);
  }
  return {};
}

Result<bool> Writer::drop_days(ServerId server, DropBefore before) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  before = {std::max(before.checks, UtcDay{}), std::max(before.summaries, UtcDay{})};
  bool dropped = false;
  auto written =
      write(*state, Durability::process, [&](const Kv& kv, LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
        change.past = true;
        change.publish = [&] {
          state->drop(before.checks);
          dropped = true;
        };
        return erase_history(kv, *state, before, change.batch);
      });
  if (!written) return tl::unexpected<Error>(written.error());
  return dropped;
}

Result<std::uint64_t> Writer::erase(ServerId server, Window window, std::optional<LocationId> location) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  std::uint64_t erased = 0;
  const TimeMs end = std::min(window.to, kTimeLimit);
  for (TimeMs from = std::max(window.from, from_ms(0)); from < end;) {
    ErasePiece piece;
    auto written = write(*state, Durability::process, [&](const Kv& kv, LaneChange& change) {
      piece = {from, end, 0};
      return prepare_erase(kv, location, piece, change);
    });
    if (!written) return tl::unexpected<Error>(written.error());
    erased += piece.results;
    from = piece.end;
  }
  return erased;
}

/// Takes results out of chunks until the batch is full, and out of the rows when it has come to them.
Result<void> Writer::prepare_erase(const Kv& kv, std::optional<LocationId> location, ErasePiece& piece,
                                   LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *change.state;
  const auto goes = [&](const CheckResult& result) {
    return result.time >= piece.from && result.time < piece.end && (!location || result.location == *location);
  };
  std::vector<CheckResult> gone;
  const auto view = kv.view(state.id, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  const Key from = chunk_key(state.id, day_of(piece.from));
  Range& checks = (*view)->range(Space::checks, from.view(), chunk_key(state.id, piece.end).view());
  std::vector<SeriesColumns> series;
  for (; checks.valid(); checks.next()) {
    if (auto decoded = decode_chunk(checks.value(), Columns{true, true, true}, series); !decoded) {
      return fail(decoded.error().code, decoded.error().message + " (chunk " + printable_key(checks.key()) + ")");
    }
    auto kept = to_results(series, state.id);
    const TimeMs last = kept.back().time;
    const auto first_gone = std::stable_partition(kept.begin(), kept.end(), [&](const auto& r) { return !goes(r); });
    if (first_gone == kept.end()) continue;
    gone.insert(gone.end(), std::make_move_iterator(first_gone), std::make_move_iterator(kept.end()));
    kept.erase(first_gone, kept.end());
    change.batch.erase(Space::checks, checks.key());
    sealed_chunks_ += put_new_chunks(state.id, kept, change.batch);
    if (change.batch.bytes() < kEraseBatchBytes) continue;
    piece.end = std::min(piece.end, last + std::chrono::milliseconds{1});
    break;
  }
  if (auto status = checks.status(); !status) return status;
  std::vector<CheckResult> rows;  // that stay
  for (CheckResult& row : state.rows()) {
    if (!goes(row)) {
      rows.push_back(std::move(row));
      continue;
    }
    change.batch.erase(Space::recent, recent_key(state.id, row.time, row.location).view());
    gone.push_back(std::move(row));
  }
  if (gone.empty()) return {};
  piece.results = gone.size();
  sort_and_unique(gone);
  erase_summaries(state, gone, change.batch);
  change.past = true;
  // Where its history ends may be another place now: it is read anew.
  change.publish = [this, &state, rows = std::move(rows)] { state.forget_sealed(rows, states_.count_change()); };
  return {};
}

Result<void> Writer::drop_server(ServerId server, const Batch& mark) {
  const auto state = states_.find(server);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(server));
  if (auto writable = handle_.make_writable(); !writable) return writable;
  LaneChange marked(server);
  marked.batch = mark;
  if (auto written = lane_.write(marked, Durability::process); !written) return written;

  LaneChange erased(*state);
  erased.past = true;
  WriteLane::Turn turn(std::span(&erased, 1), Durability::process);
  {
    const MutexLock lock(state->write);
    state->removed = true;
    states_.remove(server);
    state->settle();
    const auto kv = handle_.kv();
    // What is in memory tells the rows, which spares looking for them.
    if (!kv || !state->loaded() || !erase_history(**kv, *state, {kDayLimit, kDayLimit}, erased.batch)) {
      erased.batch.clear();
      erase_everything(erased.batch);
    }
    CatalogTable::write_remove(server, erased.batch);
    erased.generation = state->generation();
    lane_.enter(turn);
  }
  lane_.wait(turn);
  if (!erased.outcome.ok() && options_.log) {
    options_.log(LogLevel::warning, "a removed server's history will be erased when the store is opened next: " +
                                        erased.outcome.error.message);
  }
  return {};
}

Result<void> Writer::sweep(ServerId server) {
  LaneChange swept(server);
  erase_everything(swept.batch);
  CatalogTable::write_remove(server, swept.batch);
  return lane_.write(swept, Durability::process);
}

}  // namespace nines::engine
