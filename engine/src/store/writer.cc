// Appending and sealing; writer_load.cc and writer_drop.cc have the rest.
#include "store/writer.h"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "codec/key.h"
#include "codec/row.h"
#include "series/merge.h"
#include "store/fold.h"
#include "store/intact_range.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

/// How many results are appended between two looks at the heads' budget.
constexpr std::uint64_t kBudgetEvery = 65'536;
/// An append is written in pieces of so many results, to bound its memory.
constexpr std::size_t kAppendPiece = 65'536;
/// How often a change is prepared again because its server was read anew meanwhile, which follows a fault.
constexpr int kAttempts = 3;
/// A log that is too long is made shorter by a server for each so many results: four times as fast as it grows by what
/// these servers had when each is sealed at a quarter of the usual rows.
constexpr std::size_t kShortenEvery = 16;
/// And no more than so many at once.
constexpr std::size_t kShortenAtOnce = 64;
/// Fewer rows are not worth a chunk, unless their details are this large; they are written again.
constexpr std::size_t kFewRows = 32;
constexpr std::size_t kLargeDetails = 4'096;
/// Rows that are older are sealed whatever may still come from a slower place: it is folded in.
constexpr std::chrono::hours kQuiet{1};
/// About what a row takes in the log, for asking whether there is room.
constexpr std::size_t kRowBytes = 32;

bool by_server_and_time(const CheckResult* a, const CheckResult* b) {
  return std::tie(a->server, a->time) < std::tie(b->server, b->time);
}

std::uint32_t longest_interval_ms(std::span<const CheckResult* const> results) {
  std::uint32_t longest_ms = 0;
  for (const CheckResult* result : results) longest_ms = std::max(longest_ms, result->interval_ms);
  return longest_ms;
}

/// Whether no chunk from `time` on can be read.
Result<bool> is_behind_chunks(const Kv& kv, ServerId server, TimeMs time) {
  auto view = kv.view(server, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  IntactRange checks(**view, Space::checks, chunk_key(server, time), prefix_end(server));
  const bool any = checks.next();
  if (!checks.status()) return tl::unexpected<Error>(checks.status().error());
  return !any;
}

void put_row(const CheckResult& result, Batch& batch) {
  std::string row;
  append_row(row, result);
  batch.put(Space::recent, recent_key(result.server, result.time, result.location).view(), row);
}

}  // namespace

Result<void> Writer::validate(std::span<const CheckResult> results) const {
  if (results.empty()) return fail(ErrorCode::invalid_argument, "an append needs at least one check result");
  const TimeMs now = std::clamp(options_.clock(), from_ms(0), kTimeLimit);
  const TimeMs newest = options_.max_ahead < kTimeLimit - now ? now + options_.max_ahead : kTimeLimit;
  for (const CheckResult& result : results) {
    if (auto valid = check_input(result, newest); !valid) return valid;
  }
  return {};
}

/// Whether retention still keeps the day of `oldest`.
Result<void> Writer::check_kept(const ServerState& state, const CheckResult& oldest) const {
  const std::chrono::days keep_days = state.keep_days;
  if (keep_days == std::chrono::days{0} || day_of(oldest.time) >= day_of(options_.clock()) - keep_days) return {};
  return fail(ErrorCode::out_of_range, describe_input(oldest) + " is older than the " +
                                           std::to_string(keep_days.count()) +
                                           " days that this server's retention keeps");
}

Result<void> Writer::write(ServerState& state, Durability durability, const Prepare& prepare) {
  if (auto writable = handle_.make_writable(); !writable) return writable;
  for (int attempt = 1;; ++attempt) {
    LaneChange change(state);
    WriteLane::Turn turn(std::span(&change, 1), durability);
    {
      const MutexLock lock(state.write);
      if (state.removed) return tl::unexpected<Error>(no_such_server(state.id));
      auto kv = handle_.kv();
      if (!kv) return tl::unexpected<Error>(kv.error());
      change.generation = state.generation();  // before the look at whether it is loaded
      state.settle();
      if (auto loaded = states_.ensure_loaded(state, **kv); !loaded) return loaded;
      if (auto prepared = prepare(**kv, change); !prepared) return prepared;
      // Nothing to do may be what a write before it has done, whose outcome is unknown: memory does not agree yet.
      if (change.batch.empty()) return handle_.check_writable();
      lane_.enter(turn);
    }
    lane_.wait(turn);
    if (!change.outdated || attempt == kAttempts) return change.outcome.result();
  }
}

Result<void> Writer::append(std::span<const CheckResult> results, Durability durability) {
  if (auto valid = validate(results); !valid) return valid;
  for (; !results.empty(); results = results.subspan(std::min(kAppendPiece, results.size()))) {
    const auto piece = results.first(std::min(kAppendPiece, results.size()));
    if (auto done = append_piece(piece, durability); !done) return done;
    after_append(piece.size());
  }
  return {};
}

Result<void> Writer::append_piece(std::span<const CheckResult> results, Durability durability) {
  if (auto room = handle_.check_room(results.size() * kRowBytes); !room) return room;
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
    const auto of_server = std::span(order).subspan(begin, end - begin);
    if (auto noted = note_longest(*state, longest_interval_ms(of_server)); !noted) return noted;
    groups.push_back({std::move(state), of_server, {}, false});
    begin = end;
  }
  if (auto done = append_groups(groups, durability); !done) return done;
  // The append has succeeded; a seal that fails is tried again by the next one.
  for (Group& group : groups) static_cast<void>(seal_if_due(*group.state));
  return {};
}

Result<void> Writer::append_groups(std::span<Group> groups, Durability durability) NINES_NO_THREAD_SAFETY_ANALYSIS {
  if (auto writable = handle_.make_writable(); !writable) return writable;
  for (int attempt = 1;; ++attempt) {
    std::vector<LaneChange> changes;
    changes.reserve(groups.size());
    for (Group& group : groups) {
      changes.emplace_back(*group.state);
      changes.back().publish = [this, &group] { publish(group); };
    }
    WriteLane::Turn turn(changes, durability);
    {
      std::vector<std::unique_lock<Mutex>> locks;
      locks.reserve(groups.size());
      for (Group& group : groups) locks.emplace_back(group.state->write);  // ascending by id
      for (std::size_t i = 0; i < groups.size(); ++i) {
        if (auto prepared = prepare_append(groups[i], changes[i]); !prepared) return prepared;
      }
      lane_.enter(turn);
    }
    lane_.wait(turn);
    Result<void> done;
    bool outdated = false;
    for (const LaneChange& change : changes) {
      if (done) done = change.outcome.result();
      outdated = outdated || change.outdated;
    }
    // Appending once more what was stored already changes nothing.
    if (!outdated || attempt == kAttempts) return done;
  }
}

Result<std::vector<Rejected>> Writer::append_each(std::span<const CheckResult> results, Durability durability) {
  if (results.empty()) return fail(ErrorCode::invalid_argument, "an append needs at least one check result");
  std::vector<Rejected> rejected;
  for (std::size_t begin = 0; begin < results.size(); begin += kAppendPiece) {
    const auto piece = results.subspan(begin, std::min(kAppendPiece, results.size() - begin));
    auto ready = handle_.check_room(piece.size() * kRowBytes);
    if (ready) ready = handle_.make_writable();
    if (!ready && begin == 0) return tl::unexpected<Error>(ready.error());
    const auto reject = [&](const CheckResult& result, const Error& error) {
      rejected.push_back({static_cast<std::size_t>(&result - results.data()), error});
    };
    std::vector<const CheckResult*> order;
    for (const CheckResult& result : piece) {
      const auto state = states_.find(result.server);
      auto valid = ready ? validate(std::span(&result, 1)) : ready;
      if (valid && state == nullptr) valid = tl::unexpected<Error>(no_such_server(result.server));
      if (valid) valid = check_kept(*state, result);
      if (valid) valid = note_longest(*state, result.interval_ms);
      if (valid) {
        order.push_back(&result);
      } else {
        reject(result, valid.error());
      }
    }
    std::stable_sort(order.begin(), order.end(), by_server_and_time);
    std::vector<Group> groups;
    for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
      while (end < order.size() && order[end]->server == order[first]->server) ++end;
      const auto of_server = std::span(order).subspan(first, end - first);
      auto state = states_.find(order[first]->server);
      if (state != nullptr) {
        groups.push_back({std::move(state), of_server, {}});
        continue;
      }
      for (const CheckResult* result : of_server) reject(*result, no_such_server(result->server));  // removed just now
    }
    std::vector<Result<void>> outcomes(groups.size());
    write_groups(groups, durability, outcomes);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (outcomes[i]) {
        after_append(groups[i].results.size());
        static_cast<void>(seal_if_due(*groups[i].state));  // tried again by the next append
        continue;
      }
      for (const CheckResult* result : groups[i].results) reject(*result, outcomes[i].error());
    }
  }
  std::sort(rejected.begin(), rejected.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return rejected;
}

void Writer::write_groups(std::span<Group> groups, Durability durability,
                          std::span<Result<void>> outcomes) NINES_NO_THREAD_SAFETY_ANALYSIS {
  std::vector<std::size_t> left(groups.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (int attempt = 1; attempt <= kAttempts && !left.empty(); ++attempt) {
    std::vector<std::size_t> entered;
    std::vector<LaneChange> changes;
    changes.reserve(left.size());
    std::vector<std::unique_lock<Mutex>> locks;
    for (const std::size_t index : left) {
      Group& group = groups[index];
      locks.emplace_back(group.state->write);  // ascending by id
      LaneChange change(*group.state);
      outcomes[index] = prepare_append(group, change);
      if (!outcomes[index]) continue;
      change.publish = [this, &group] { publish(group); };
      changes.push_back(std::move(change));
      entered.push_back(index);
    }
    left.clear();
    if (entered.empty()) return;
    WriteLane::Turn turn(changes, durability);
    lane_.enter(turn);
    locks.clear();
    lane_.wait(turn);
    for (std::size_t i = 0; i < entered.size(); ++i) {
      outcomes[entered[i]] = changes[i].outcome.result();
      if (changes[i].outdated) left.push_back(entered[i]);
    }
  }
}

void Writer::publish(Group& group) {
  // Of a hurt server it is not known what is sealed; with the new rows there is more to tell it by.
  group.hurt ? group.state->forget(states_.count_change()) : group.state->append(group.results);
  feeds_.tell(group.results);
}

Result<void> Writer::prepare_append(Group& group, LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *group.state;
  if (state.removed) return tl::unexpected<Error>(no_such_server(state.id));
  if (auto kept = check_kept(state, *group.results.front()); !kept) return kept;
  change.generation = state.generation();  // before the look at whether it is loaded
  TimeMs sealed_to = state.sealing_to();
  std::shared_ptr<Kv> kv;
  if (!state.loaded() || group.results.front()->time <= sealed_to) {
    auto reading = handle_.kv();
    if (!reading) return tl::unexpected<Error>(reading.error());
    kv = std::move(*reading);
    state.settle();
    if (auto loaded = states_.ensure_loaded(state, *kv); !loaded) return loaded;
    sealed_to = state.unsealed().watermark;
  }
  group.late.clear();
  group.hurt = false;
  std::optional<UtcDay> erased_day;
  for (const CheckResult* result : group.results) {
    if (result->time <= sealed_to) {
      group.late.push_back(*result);
      continue;
    }
    put_row(*result, change.batch);
    const UtcDay day = day_of(result->time);
    change.past = change.past || state.is_past(day);
    if (day == erased_day || !state.may_have_summary(day)) continue;
    change.batch.erase(Space::days, day_key(state.id, day).view());
    erased_day = day;
    change.past = true;
  }
  state.begin_append(group.results.back()->time);
  if (group.late.empty()) return {};
  change.past = true;
  sort_and_unique(group.late);
  erase_summaries(state, group.late, change.batch);
  Batch chunks(state.id);
  const auto folded = fold(*kv, state.id, group.late, chunks);
  if (folded) {
    change.batch.append(chunks);
    sealed_chunks_ += *folded;
    return {};
  }
  if (folded.error().code != ErrorCode::corruption) return tl::unexpected<Error>(folded.error());
  // Where the newest chunk cannot be read, where the chunks end was a guess. Rows behind all that can be read need
  // none.
  const auto last = is_behind_chunks(*kv, state.id, group.late.front().time);
  if (!last) return tl::unexpected<Error>(last.error());
  if (!*last) return tl::unexpected<Error>(folded.error());
  group.hurt = true;
  for (const CheckResult& result : group.late) put_row(result, change.batch);
  return {};
}

TimeMs Writer::seal_end(const ServerState& state) const {
  constexpr std::chrono::milliseconds kOneMs{1};
  const Unsealed unsealed = state.unsealed();
  const std::size_t limit = policy_.limit(state.id, states_.size());
  if (unsealed.rows == 0) return kBeforeAll;
  if (unsealed.rows < limit && day_of(unsealed.first_row) == day_of(unsealed.last)) return kBeforeAll;
  const TimeMs arrived = std::max(std::min(unsealed.last, options_.clock()), from_ms(0));
  const TimeMs complete = std::min(state.slowest(), arrived);
  const TimeMs today = day_of(arrived);
  const TimeMs close = today + SealPolicy::day_delay(state.id);
  TimeMs end = kBeforeAll;
  if (unsealed.first_row < today && (complete >= close || arrived >= close + SealPolicy::kLongestDelay)) {
    end = today - kOneMs;
  }
  if (unsealed.rows < limit) return end;
  // Rows that are ahead wait for their time; a few that may go are not worth a chunk.
  const TimeMs ready = complete - SealPolicy::kGrace;
  if (ready > end && state.rows_until(ready) >= limit / 2) end = ready;
  if (unsealed.rows >= SealPolicy::kHardLimits * limit && state.rows_until(end) == 0) {
    const auto rows = state.rows();
    end = rows[rows.size() / 2].time;
  }
  return end;
}

/// The day that results come in for now: as far as has arrived, and no further than the clock.
UtcDay Writer::open_day(const ServerState& state) const {
  return day_of(std::max(std::min(state.unsealed().last, options_.clock()), from_ms(0)));
}

Result<void> Writer::seal_if_due(ServerState& state) {
  const TimeMs end = seal_end(state);
  if (end == kBeforeAll || end < state.unsealed().first_row) return {};
  return write(state, Durability::buffered, [&](const Kv& kv, LaneChange& sealed) {
    return prepare_seal(kv, seal_end(state), open_day(state), sealed);
  });
}

/// Seals the rows up to a time, and puts together the small chunks of the days before `open_day`.
Result<void> Writer::prepare_seal(const Kv& kv, TimeMs up_to, UtcDay open_day,
                                  LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *change.state;
  const std::vector<CheckResult> rows = state.rows();
  const auto end =
      std::partition_point(rows.begin(), rows.end(), [up_to](const auto& row) { return row.time <= up_to; });
  const std::span<const CheckResult> sealed(rows.begin(), end);
  const TimeMs sealed_to = state.unsealed().watermark;
  if (sealed.empty() && (sealed_to == kBeforeAll || day_of(sealed_to) >= open_day)) return {};
  const auto written = seal_chunks(kv, state.id, sealed, {sealed_to, open_day}, change.batch);
  if (!written) return tl::unexpected<Error>(written.error());
  if (!sealed.empty()) erase_rows(state.id, sealed.back().time, change.batch);
  const TimeMs watermark = sealed.empty() ? sealed_to : sealed.back().time;
  state.begin_seal(watermark);
  change.publish = [this, &state, watermark, chunks = *written] {
    sealed_chunks_ += chunks;
    state.seal(watermark);
    states_.trim_head(state);
  };
  return {};
}

void Writer::erase_rows(ServerId server, TimeMs up_to, Batch& batch) {
  batch.erase_range(Space::recent, server_key(server).view(),
                    recent_key(server, up_to + std::chrono::milliseconds{1}, {}).view());
}

/// Makes the log shorter, where it is too long, by sealing or writing again what keeps it long: a server for so many
/// results that came, so that it is caught up with and no append has much to do.
void Writer::shorten_log(std::size_t results) {
  // What one thread finds another at work at is left to the next.
  if (shorten_due_.fetch_add(results) + results < kShortenEvery) return;
  if (!shortening_.try_lock()) return;
  const MutexLock lock(shortening_, std::adopt_lock);
  const auto kv = handle_.kv();
  if (!kv || (*kv)->local() == nullptr) return;
  const std::size_t due = std::min(shorten_due_.load() / kShortenEvery, kShortenAtOnce);
  const auto servers = (*kv)->local()->holding_log(due);
  if (servers.empty()) {
    shorten_due_ = 0;
  } else {
    shorten_due_.fetch_sub(due * kShortenEvery);
  }
  for (const ServerId server : servers) {
    const auto state = states_.find(server);
    if (state == nullptr) continue;
    // One that fails is named again.
    static_cast<void>(write(*state, Durability::buffered,
                            [&](const Kv& reading, LaneChange& change) { return prepare_shorten(reading, change); }));
  }
}

Result<void> Writer::prepare_shorten(const Kv& kv, LaneChange& change) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *change.state;
  const TimeMs now = std::max(options_.clock(), from_ms(0));
  const TimeMs ready_to = std::max(std::min(state.slowest(), now) - SealPolicy::kGrace, now - kQuiet);
  const std::vector<CheckResult> rows = state.rows();
  std::size_t ready = 0;
  std::size_t details = 0;
  for (; ready < rows.size() && rows[ready].time <= ready_to; ++ready) details += rows[ready].detail.size();
  if (ready >= kFewRows || details >= kLargeDetails) {
    if (prepare_seal(kv, ready_to, open_day(state), change)) return {};
    // What cannot be sealed is carried.
    const std::uint64_t generation = change.generation;
    change.batch.clear();
    change.publish = {};
    change.generation = generation;
  }
  change.batch.erase_range(Space::recent, server_key(state.id).view(), prefix_end(state.id).view());
  std::string value;
  for (const CheckResult& row : rows) {
    value.clear();
    append_row(value, row);
    change.batch.put(Space::recent, recent_key(state.id, row.time, row.location).view(), value);
  }
  return {};
}

Result<void> Writer::seal_all(bool settled) {
  Result<void> done;
  for (const auto& state : states_.all()) {
    auto sealed = write(*state, Durability::buffered, [&](const Kv& kv, LaneChange& sealing) {
      return prepare_seal(kv, state->unsealed().last, settled ? kDayLimit : open_day(*state), sealing);
    });
    if (sealed || sealed.error().code == ErrorCode::not_found) continue;
    if (sealed.error().code != ErrorCode::corruption) return sealed;
    if (done) done = std::move(sealed);
  }
  return done;
}

void Writer::erase_summaries(const ServerState& state, std::span<const CheckResult> results, Batch& batch) {
  std::optional<UtcDay> erased;
  for (const CheckResult& result : results) {
    const UtcDay day = day_of(result.time);
    if (day == erased || !state.may_have_summary(day)) continue;
    batch.erase(Space::days, day_key(state.id, day).view());
    erased = day;
  }
}

void Writer::after_append(std::size_t results) {
  const std::uint64_t before = appended_.fetch_add(results);
  if (before / kBudgetEvery != (before + results) / kBudgetEvery) states_.keep_budget();
  shorten_log(results);
}

}  // namespace nines::engine
