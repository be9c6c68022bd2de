#include "writer.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "fold.h"
#include "key.h"
#include "merge.h"
#include "row.h"
#include "summary_codec.h"

namespace nines::engine {
namespace {

/// Results newer than this stay rows when a server is sealed, so that what comes a little late, from another location
/// or another thread, is still a row and not a fold.
constexpr std::int64_t kSealGraceMs = 120'000;
/// How many results are appended between two looks at the heads' budget.
constexpr std::uint64_t kBudgetEvery = 65'536;
/// A bulk load is written in batches of about this size, to bound its memory.
constexpr std::size_t kLoadBatchBytes = 1U << 20U;

bool is_stored_state(State state) {
  return state == State::unknown || state == State::up || state == State::degraded || state == State::down;
}

std::string describe(const CheckResult& result) {
  return "the result of server " + std::to_string(static_cast<std::uint32_t>(result.server)) + " at " +
         std::to_string(to_ms(result.time)) + " ms";
}

Result<void> validate_one(const CheckResult& result, TimeMs newest) {
  if (result.time < from_ms(0)) {
    return fail(ErrorCode::out_of_range, describe(result) + " lies before 1970; check its clock or its unit");
  }
  if (result.time >= kTimeLimit || result.time > newest) {
    return fail(ErrorCode::out_of_range, describe(result) + " lies too far in the future; check its clock or its unit");
  }
  if (result.detail.size() > kMaxDetailBytes) {
    return fail(ErrorCode::out_of_range, describe(result) + " has a detail of " + std::to_string(result.detail.size()) +
                                             " bytes; at most " + std::to_string(kMaxDetailBytes) + " are kept");
  }
  if (result.latency_us && *result.latency_us > kMaxLatencyUs) {
    return fail(ErrorCode::out_of_range, describe(result) + " has a latency above 71 minutes");
  }
  if (result.location > kMaxLocation) {
    return fail(ErrorCode::out_of_range, describe(result) + " has a location above 1023");
  }
  if (!is_stored_state(result.state)) {
    return fail(ErrorCode::invalid_argument, describe(result) + " has the state " +
                                                 std::string(to_string(result.state)) +
                                                 ", which belongs into the catalog");
  }
  return {};
}

Error no_such_server(ServerId id) {
  return {ErrorCode::not_found, "there is no server " + std::to_string(static_cast<std::uint32_t>(id))};
}

bool by_server_and_time(const CheckResult* a, const CheckResult* b) {
  return std::tie(a->server, a->time) < std::tie(b->server, b->time);
}

/// Erases the summaries of the days of `results` that a summary may exist for: those before `last_ms`'s.
void erase_summaries(ServerId server, std::span<const CheckResult> results, std::int64_t last_ms, Batch& batch) {
  std::int64_t erased = -1;
  for (const CheckResult& result : results) {
    const std::int64_t day = utc_day(to_ms(result.time));
    if (day == erased || last_ms < 0 || day >= utc_day(last_ms)) continue;
    batch.erase(Space::days, day_key(server, day).view());
    erased = day;
  }
}

}  // namespace

Result<void> Writer::validate(std::span<const CheckResult> results) const {
  if (results.empty()) return fail(ErrorCode::invalid_argument, "an append needs at least one check result");
  const TimeMs newest = options_.clock() + options_.max_ahead;
  for (const CheckResult& result : results) {
    if (auto valid = validate_one(result, newest); !valid) return valid;
  }
  return {};
}

/// Whether retention still keeps the day of `oldest`.
Result<void> Writer::check_kept(const ServerState& state, const CheckResult& oldest) const {
  const std::int64_t keep_days = state.keep_days;
  const std::int64_t today = utc_day(to_ms(options_.clock()));
  if (keep_days == 0 || utc_day(to_ms(oldest.time)) >= today - keep_days) return {};
  return fail(ErrorCode::out_of_range, describe(oldest) + " is older than the " + std::to_string(keep_days) +
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
    groups.push_back({std::move(state), std::span(order).subspan(begin, end - begin), {}, false});
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
  const auto batch = (*kv)->batch();
  for (Group& group : groups) {
    if (group.state->removed) return tl::unexpected<Error>(no_such_server(group.state->id));
    if (auto loaded = states_.ensure_loaded(*group.state, **kv); !loaded) return loaded;
    if (auto added = add_to_batch(**kv, group, *batch); !added) return added;
  }
  for (Group& group : groups) {
    if (!group.changes_past) continue;
    const MutexLock view(group.state->view);
    group.state->changing = true;
  }
  auto written = handle_.write(**kv, *batch, durability);
  for (Group& group : groups) {
    if (written) publish(group);
    if (!group.changes_past) continue;
    const MutexLock view(group.state->view);
    group.state->changing = false;
    group.state->changed_at = states_.count_change();
  }
  if (!written) return written;
  for (Group& group : groups) {
    // The append has succeeded; a seal that fails is tried again by the next one.
    if (!seal_if_due(**kv, *group.state)) break;
  }
  return {};
}

Result<void> Writer::add_to_batch(const Kv& kv, Group& group, Batch& batch) NINES_NO_THREAD_SAFETY_ANALYSIS {
  const ServerState& state = *group.state;
  if (auto kept = check_kept(state, *group.results.front()); !kept) return kept;
  std::string row;
  std::int64_t erased_day = -1;
  for (const CheckResult* result : group.results) {
    const std::int64_t ms = to_ms(result->time);
    const std::int64_t day = utc_day(ms);
    if (ms <= state.watermark_ms) {
      group.late.push_back(*result);
      continue;
    }
    row.clear();
    append_row(row, *result);
    batch.put(Space::recent, recent_key(state.id, result->time, result->location).view(), row);
    // Only a day before the newest can have a summary.
    if (state.last_ms >= 0 && day < utc_day(state.last_ms) && day != erased_day) {
      batch.erase(Space::days, day_key(state.id, day).view());
      erased_day = day;
      group.changes_past = true;
    }
  }
  if (group.late.empty()) return {};
  group.changes_past = true;
  sort_and_unique(group.late);
  erase_summaries(state.id, group.late, state.last_ms, batch);
  const auto folded = fold(kv, state.id, group.late, batch);
  if (!folded) return tl::unexpected<Error>(folded.error());
  sealed_chunks_ += *folded;
  return {};
}

void Writer::publish(Group& group) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *group.state;
  std::vector<CheckResult> misplaced;
  const MutexLock view(state.view);
  for (const CheckResult* result : group.results) {
    const std::int64_t ms = to_ms(result->time);
    if (ms > state.watermark_ms) {
      ++state.rows;
      if (state.first_row_ms < 0 || ms < state.first_row_ms) state.first_row_ms = ms;
    }
    state.last_ms = std::max(state.last_ms, ms);
    if (ms < state.head.start_ms()) continue;
    if (misplaced.empty() && state.head.accepts(*result)) {
      state.head.push_back(*result);
    } else {
      misplaced.push_back(*result);
    }
  }
  if (misplaced.empty()) return;
  sort_and_unique(misplaced);
  state.head.merge(misplaced, state.id);
}

Result<void> Writer::seal_if_due(Kv& kv, ServerState& state) {
  const std::int64_t today = utc_day(state.last_ms) * kDayMs;
  std::int64_t up_to = -1;
  if (state.first_row_ms >= 0 && state.first_row_ms < today) up_to = today - 1;
  if (state.rows >= options_.performance.seal_rows) up_to = std::max(up_to, state.last_ms - kSealGraceMs);
  if (state.rows >= 2 * options_.performance.seal_rows) up_to = state.last_ms;
  if (up_to <= state.watermark_ms) return {};
  return seal(kv, state, up_to);
}

Result<void> Writer::seal(Kv& kv, ServerState& state, std::int64_t up_to_ms) {
  std::vector<CheckResult> rows;
  {
    const MutexLock view(state.view);
    rows = state.head.results_from(state.watermark_ms + 1, state.id);
  }
  const auto end = std::partition_point(rows.begin(), rows.end(),
                                        [up_to_ms](const auto& row) { return to_ms(row.time) <= up_to_ms; });
  const std::span<const CheckResult> sealed(rows.begin(), end);
  if (sealed.empty()) {
    state.first_row_ms = rows.empty() ? -1 : to_ms(rows.front().time);
    return {};
  }

  const auto batch = kv.batch();
  const auto folded = fold(kv, state.id, sealed, *batch);
  if (!folded) return tl::unexpected<Error>(folded.error());
  // One by one: where RocksDB 7.8 steps over an erased range it forgets the errors of damaged blocks, and a compaction
  // that leaves nothing but such a range aborts the process when its write fails.
  for (const CheckResult& row : sealed) {
    batch->erase(Space::recent, recent_key(state.id, row.time, row.location).view());
  }
  // Nothing is lost when this is: the rows are durable as they are.
  if (auto written = handle_.write(kv, *batch, Durability::buffered); !written) return written;
  sealed_chunks_ += *folded;
  state.watermark_ms = to_ms(sealed.back().time);
  state.rows = static_cast<std::uint32_t>(rows.size() - sealed.size());
  state.first_row_ms = end == rows.end() ? -1 : to_ms(end->time);
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
    if (auto sealed = seal(**kv, *state, state->last_ms); !sealed) return sealed;
  }
  return {};
}

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
  if (auto sealed = seal(kv, state, state.last_ms); !sealed) return sealed;
  {
    const MutexLock view(state.view);
    state.changing = true;
  }
  Result<void> done;
  const auto batch = kv.batch();
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
    done = load_day(kv, state, day, begin < results.size(), *batch);
    if (done && (batch->bytes() >= kLoadBatchBytes || begin == results.size())) {
      done = handle_.write(kv, *batch, Durability::buffered);
      batch->clear();
    }
  }
  // Whatever of it was stored, the state and the head are read anew from there.
  state.loaded = false;
  auto loaded = states_.ensure_loaded(state, kv);
  const MutexLock view(state.view);
  state.changing = false;
  state.changed_at = states_.count_change();
  return done ? loaded : done;
}

Result<void> Writer::load_day(const Kv& kv, ServerState& state, std::span<const CheckResult> day, bool closed,
                              Batch& batch) {
  const std::int64_t number = utc_day(to_ms(day.front().time));
  if (state.watermark_ms >= number * kDayMs) {
    erase_summaries(state.id, day, state.last_ms, batch);
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
  std::vector<CheckResult> rows;
  {
    const MutexLock view(state.view);
    rows = state.head.results_from(state.watermark_ms + 1, id);
  }
  for (const CheckResult& row : rows) {
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
  {
    const MutexLock view(state->view);
    state->changing = true;
  }
  const auto written = handle_.write(**kv, *batch, Durability::process);
  const MutexLock view(state->view);
  state->changing = false;
  state->changed_at = states_.count_change();
  if (!written) return tl::unexpected<Error>(written.error());
  state->head.trim(checks_end_ms);
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

void Writer::after_append(std::size_t results) {
  const std::uint64_t before = appended_.fetch_add(results);
  if (before / kBudgetEvery != (before + results) / kBudgetEvery) states_.keep_budget();
}

}  // namespace nines::engine
