// Appending and sealing; writer_load.cc and writer_drop.cc have the rest.
#include "store/writer.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "codec/key.h"
#include "codec/row.h"
#include "series/merge.h"
#include "store/fold.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

/// Results newer than this stay rows when a server is sealed, so that what comes a little late, from another location
/// or another thread, is still a row and not a fold.
constexpr std::int64_t kSealGraceMs = 120'000;
/// How many results are appended between two looks at the heads' budget.
constexpr std::uint64_t kBudgetEvery = 65'536;

bool by_server_and_time(const CheckResult* a, const CheckResult* b) {
  return std::tie(a->server, a->time) < std::tie(b->server, b->time);
}

}  // namespace

Result<void> Writer::validate(std::span<const CheckResult> results) const {
  if (results.empty()) return fail(ErrorCode::invalid_argument, "an append needs at least one check result");
  const TimeMs newest = options_.clock() + options_.max_ahead;
  for (const CheckResult& result : results) {
    if (auto valid = check_input(result, newest); !valid) return valid;
  }
  return {};
}

/// Whether retention still keeps the day of `oldest`.
Result<void> Writer::check_kept(const ServerState& state, const CheckResult& oldest) const {
  const std::int64_t keep_days = state.keep_days;
  const std::int64_t today = utc_day(to_ms(options_.clock()));
  if (keep_days == 0 || utc_day(to_ms(oldest.time)) >= today - keep_days) return {};
  return fail(ErrorCode::out_of_range, describe_input(oldest) + " is older than the " + std::to_string(keep_days) +
                                           " days that this server's retention keeps");
}

Result<void> Writer::append(std::span<const CheckResult> results, Durability durability) {
  if (auto valid = validate(results); !valid) return valid;
  std::vector<const CheckResult*> order;
  order.reserve(results.size());
  for (const CheckResult& result : results) order.push_back(&result);
  if (!std::is_sorted(order.begin(), order.end(), by_server_and_time)) {
    std::stable_sort(order.begin(), order.end(), by_server_and_time);
  }

  std::vector<Group> groups;
  for (std::size_t begin = 0; begin < order.size();) {
    const ServerId id = order[begin]->server;
    std::size_t end = begin;
    while (end < order.size() && order[end]->server == id) ++end;
    auto state = states_.find(id);
    if (state == nullptr) return tl::unexpected<Error>(no_such_server(id));
    groups.push_back({std::move(state), std::span(order).subspan(begin, end - begin), {}, false, Batch(id)});
    begin = end;
  }
  auto done = append_groups(groups, durability);
  if (done) after_append(results.size());
  return done;
}

Result<void> Writer::append_groups(std::span<Group> groups, Durability durability) NINES_NO_THREAD_SAFETY_ANALYSIS {
  std::vector<std::unique_lock<Mutex>> locks;
  locks.reserve(groups.size());
  for (Group& group : groups) locks.emplace_back(group.state->write);  // ascending by id

  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  for (Group& group : groups) {
    if (group.state->removed) return tl::unexpected<Error>(no_such_server(group.state->id));
    if (auto loaded = states_.ensure_loaded(*group.state, **kv); !loaded) return loaded;
    if (auto added = add_to_batch(**kv, group); !added) return added;
  }
  std::vector<const Batch*> batches;
  batches.reserve(groups.size());
  for (const Group& group : groups) batches.push_back(&group.batch);
  std::vector<Outcome> outcomes(groups.size());
  Result<void> done;
  {
    std::vector<std::unique_ptr<HistoryChange>> changes;
    for (Group& group : groups) {
      if (group.changes_past) changes.push_back(std::make_unique<HistoryChange>(*group.state, states_));
    }
    handle_.write(**kv, batches, durability, outcomes);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      ServerState& state = *groups[i].state;
      if (outcomes[i].ok()) state.append(groups[i].results);
      if (outcomes[i].applied == Outcome::Applied::unknown) state.forget(states_.count_change());
      if (done) done = outcomes[i].result();
    }
  }
  if (!done) return done;
  for (Group& group : groups) {
    // The append has succeeded; a seal that fails is tried again by the next one.
    if (!seal_if_due(**kv, *group.state)) break;
  }
  return {};
}

Result<void> Writer::write(Kv& kv, ServerState& state, const Batch& batch, Durability durability) {
  const Outcome outcome = handle_.write(kv, batch, durability);
  if (outcome.applied == Outcome::Applied::unknown) state.forget(states_.count_change());
  return outcome.result();
}

Result<void> Writer::add_to_batch(const Kv& kv, Group& group) NINES_NO_THREAD_SAFETY_ANALYSIS {
  const ServerState& state = *group.state;
  if (auto kept = check_kept(state, *group.results.front()); !kept) return kept;
  const std::int64_t watermark_ms = state.unsealed().watermark_ms;
  Batch& batch = group.batch;
  std::string row;
  std::int64_t erased_day = -1;
  for (const CheckResult* result : group.results) {
    if (to_ms(result->time) <= watermark_ms) {
      group.late.push_back(*result);
      continue;
    }
    row.clear();
    append_row(row, *result);
    batch.put(Space::recent, recent_key(state.id, result->time, result->location).view(), row);
    const std::int64_t day = utc_day(to_ms(result->time));
    if (day == erased_day || !state.may_have_summary(day)) continue;
    batch.erase(Space::days, day_key(state.id, day).view());
    erased_day = day;
    group.changes_past = true;
  }
  if (group.late.empty()) return {};
  group.changes_past = true;
  sort_and_unique(group.late);
  erase_summaries(state, group.late, batch);
  const auto folded = fold(kv, state.id, group.late, batch);
  if (!folded) return tl::unexpected<Error>(folded.error());
  sealed_chunks_ += *folded;
  return {};
}

Result<void> Writer::seal_if_due(Kv& kv, ServerState& state) {
  const Unsealed unsealed = state.unsealed();
  const std::int64_t today = utc_day(unsealed.last_ms) * kDayMs;
  std::int64_t up_to = -1;
  if (unsealed.rows > 0 && unsealed.first_row_ms < today) up_to = today - 1;
  if (unsealed.rows >= options_.performance.seal_rows) up_to = std::max(up_to, unsealed.last_ms - kSealGraceMs);
  if (unsealed.rows >= 2 * options_.performance.seal_rows) up_to = unsealed.last_ms;
  if (up_to <= unsealed.watermark_ms) return {};
  return seal(kv, state, up_to);
}

Result<void> Writer::seal(Kv& kv, ServerState& state, std::int64_t up_to_ms) {
  const std::vector<CheckResult> rows = state.rows();
  const auto end = std::partition_point(rows.begin(), rows.end(),
                                        [up_to_ms](const auto& row) { return to_ms(row.time) <= up_to_ms; });
  const std::span<const CheckResult> sealed(rows.begin(), end);
  if (sealed.empty()) return {};

  Batch batch(state.id);
  const auto folded = fold(kv, state.id, sealed, batch);
  if (!folded) return tl::unexpected<Error>(folded.error());
  // One by one: they are known here, and a range over `recent` is dear.
  for (const CheckResult& row : sealed) {
    batch.erase(Space::recent, recent_key(state.id, row.time, row.location).view());
  }
  // Nothing is lost when this is: the rows are durable as they are.
  if (auto written = write(kv, state, batch, Durability::buffered); !written) return written;
  sealed_chunks_ += *folded;
  state.seal(to_ms(sealed.back().time));
  states_.trim_head(state);
  return {};
}

Result<void> Writer::seal_all() {
  for (const auto& state : states_.all()) {
    const MutexLock lock(state->write);
    if (state->removed) continue;
    auto kv = handle_.kv_for_write();
    if (!kv) return tl::unexpected<Error>(kv.error());
    if (auto loaded = states_.ensure_loaded(*state, **kv); !loaded) return loaded;
    if (auto sealed = seal(**kv, *state, state->unsealed().last_ms); !sealed) return sealed;
  }
  return {};
}

void Writer::erase_summaries(const ServerState& state, std::span<const CheckResult> results, Batch& batch) {
  std::int64_t erased = -1;
  for (const CheckResult& result : results) {
    const std::int64_t day = utc_day(to_ms(result.time));
    if (day == erased || !state.may_have_summary(day)) continue;
    batch.erase(Space::days, day_key(state.id, day).view());
    erased = day;
  }
}

void Writer::after_append(std::size_t results) {
  const std::uint64_t before = appended_.fetch_add(results);
  if (before / kBudgetEvery != (before + results) / kBudgetEvery) states_.keep_budget();
}

}  // namespace nines::engine
