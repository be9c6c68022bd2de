#include "store/retention.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "codec/key.h"
#include "store/scan_cursor.h"
#include "store/summary_cursor.h"

namespace nines::engine {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;

/// A result's time is confirmed when its server has others between so long before it.
constexpr days kConfirmedFrom{1};
constexpr days kConfirmedTo{3};
/// How many pauses of a server are looked behind for a result whose time is confirmed.
constexpr int kPauses = 8;
/// A store above its cap is brought down to this share of it, so that not every day's results cause another round.
constexpr double kSizeTarget = 0.9;
/// Servers whose chunks are measured to learn how large days are; a sample is enough where there are many.
constexpr std::size_t kMeasuredServers = 256;
/// Rounds of dropping and looking again; each frees most of what is too much.
constexpr int kRounds = 8;
/// How often the summaries of a server that is written to meanwhile are begun anew.
constexpr int kSummaryAttempts = 4;

/// Keeps the first error of several calls; a server that was removed meanwhile is none.
void note(Result<void>& first, const Error& error) {
  if (first && error.code != ErrorCode::not_found) first = tl::unexpected<Error>(error);
}

}  // namespace

days Retention::keep_days(days of_server, days general) noexcept {
  return std::max(of_server == days{0} ? general : of_server, days{0});
}

Result<bool> Retention::has_result(std::shared_ptr<ServerState> state, Window window) const {
  ScanCursor cursor(core_, {.columns = {false, false, false}, .lookback = milliseconds{0}}, Gaps::bound);
  if (auto started = cursor.start(std::move(state), window); !started) return tl::unexpected<Error>(started.error());
  const auto segment = cursor.next();
  if (!segment) return tl::unexpected<Error>(segment.error());
  return *segment != nullptr;
}

/// The time of the newest result before `end`, kBeforeAll without one; from chunks, a day's precision is enough.
Result<TimeMs> Retention::newest_before(const ServerState& state, TimeMs end) const {
  const auto rows = state.rows();
  const auto later = std::partition_point(rows.begin(), rows.end(), [end](const auto& row) { return row.time < end; });
  if (later != rows.begin()) return std::prev(later)->time;
  const auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  auto view = (*kv)->view(state.id, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  const Key from = server_key(state.id);
  const Range& chunk = (*view)->last(Space::checks, from.view(), chunk_key(state.id, end).view());
  if (!chunk.valid()) {
    if (auto status = chunk.status(); !status) return tl::unexpected<Error>(status.error());
    return kBeforeAll;
  }
  const auto key = parse_chunk_key(chunk.key());
  if (!key) return fail(ErrorCode::corruption, "malformed key " + printable_key(chunk.key()));
  return key->first;
}

Result<std::optional<UtcDay>> Retention::today() const {
  const UtcDay clock_day = day_of(std::clamp(core_->options.clock(), from_ms(0), kTimeLimit - milliseconds{1}));
  if (core_->options.trust_clock) return clock_day;
  auto states = core_->states.all();
  std::erase_if(states, [](const auto& state) { return !state->loaded(); });
  std::sort(states.begin(), states.end(),
            [](const auto& a, const auto& b) { return a->unsealed().last > b->unsealed().last; });
  TimeMs confirmed_time = kBeforeAll;
  for (const auto& state : states) {
    TimeMs newest = state->unsealed().last;
    if (newest <= confirmed_time) break;
    for (int pause = 0; pause < kPauses && newest > confirmed_time; ++pause) {
      const Window before_it{std::max(newest - kConfirmedTo, from_ms(0)),
                             std::max(newest - kConfirmedFrom, from_ms(0))};
      const auto confirmed = has_result(state, before_it);
      if (!confirmed) break;  // a damaged server says nothing about the time
      if (*confirmed) {
        confirmed_time = newest;
        break;
      }
      const auto before = newest_before(*state, newest - kConfirmedFrom);
      if (!before) break;
      newest = *before;
    }
  }
  if (confirmed_time == kBeforeAll) return std::optional<UtcDay>();
  return std::min(clock_day, day_of(confirmed_time));
}

Result<std::uint32_t> Retention::write_summaries(ServerId id, SummaryDays summaries) {
  auto state = core_->states.find(id);
  if (state == nullptr) return fail(ErrorCode::not_found, "the server was removed");
  SummaryCursor cursor(core_, false, summaries.refused_before);
  Result<void> written;
  for (int attempt = 0; attempt < kSummaryAttempts; ++attempt) {
    std::uint32_t longest_ms = 0;
    written = cursor.start(state, {0, day_number(summaries.end_day)});
    for (const DaySummary* day = nullptr; written;) {
      if (const auto next = cursor.next()) {
        day = *next;
      } else {
        written = tl::unexpected<Error>(next.error());
      }
      if (written && day == nullptr) return longest_ms;
      if (!written) break;
      for (const DaySeries& series : day->series) {
        for (const Run& run : series.runs) longest_ms = std::max(longest_ms, run.interval_ms);
      }
    }
    // Appenders may have changed a day while it was read.
    if (written.error().code != ErrorCode::unavailable) break;
  }
  return tl::unexpected<Error>(written.error());
}

DropBefore Retention::cutoff_of(const Server& server, UtcDay today) const {
  const auto cutoff = [today](days kept) { return kept > days{0} ? std::max(today - kept, UtcDay{}) : UtcDay{}; };
  return {cutoff(keep_days(server.retention.checks, core_->options.keep_checks)),
          cutoff(keep_days(server.retention.summaries, core_->options.keep_summaries))};
}

Result<void> Retention::drop_old_days(const Catalog& catalog, UtcDay today) {
  Result<void> done;
  bool dropped = false;
  UtcDay passed_day = today;  // no server keeps anything of the days before it
  for (const Server& server : catalog.servers()) {
    const DropBefore cutoff = cutoff_of(server, today);
    Result<void> kept;
    // The summaries outlive their checks and cannot be made afterwards.
    if (cutoff.checks > cutoff.summaries) {
      const auto summarised = write_summaries(server.id, {.end_day = cutoff.checks, .refused_before = cutoff.checks});
      if (!summarised) kept = tl::unexpected<Error>(summarised.error());
    }
    if (!kept) {
      note(done, kept.error());
      if (kept.error().code != ErrorCode::not_found) passed_day = {};
      continue;
    }
    passed_day = std::min(passed_day, cutoff.checks);
    if (cutoff.checks == UtcDay{} && cutoff.summaries == UtcDay{}) continue;
    const auto old = writer_.drop_days(server.id, cutoff);
    dropped = dropped || (old && *old);
    if (old) continue;
    note(done, old.error());
    // What is damaged cannot be erased key by key, and goes with its month.
    if (old.error().code != ErrorCode::corruption && old.error().code != ErrorCode::not_found) passed_day = {};
  }
  if (!dropped && passed_day == UtcDay{}) return done;
  if (auto given = give_back(passed_day, Erased::most); !given) note(done, given.error());
  return done;
}

Result<void> Retention::give_back(UtcDay day, Erased erased) {
  if (auto writable = core_->handle.make_writable(); !writable) return writable;
  return core_->handle.change([&](LocalCare& local) -> Result<void> {
    if (auto dropped = local.drop_before(day); !dropped) return dropped;
    for (const Space space : {Space::servers, Space::recent, Space::checks, Space::days}) {
      if (auto done = local.compact_erased(space, erased); !done) return done;
    }
    return {};
  });
}

Result<void> Retention::apply(const Catalog& catalog) {
  Result<void> done;
  bool any = core_->options.max_store_bytes > 0;
  for (const Server& server : catalog.servers()) {
    any = any || keep_days(server.retention.checks, core_->options.keep_checks) > days{0} ||
          keep_days(server.retention.summaries, core_->options.keep_summaries) > days{0};
  }
  if (!any) return {};
  for (const Server& server : catalog.servers()) {
    const auto state = core_->states.find(server.id);
    if (state == nullptr) continue;
    const auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    const MutexLock lock(state->write);
    if (auto loaded = core_->states.ensure_loaded(*state, **kv); !loaded) note(done, loaded.error());
  }
  const auto today = this->today();
  if (!today) return tl::unexpected<Error>(today.error());
  if (!*today) return done;

  if (auto dropped = drop_old_days(catalog, **today); !dropped) note(done, dropped.error());
  if (core_->options.max_store_bytes > 0) {
    if (auto kept = keep_size(catalog, **today); !kept) note(done, kept.error());
  }
  return done;
}

Result<std::uint64_t> Retention::table_bytes() {
  if (auto writable = core_->handle.make_writable(); !writable) return tl::unexpected<Error>(writable.error());
  if (auto flushed = core_->handle.change([](LocalCare& local) { return local.flush_tables(); }); !flushed) {
    return tl::unexpected<Error>(flushed.error());
  }
  const auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  LocalCare* const local = (*kv)->local();
  return local == nullptr ? 0 : local->sizes().table_bytes;
}

Result<UtcDay> Retention::day_to_free(std::uint64_t bytes, UtcDay today) const {
  const auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  const auto states = core_->states.all();
  const std::size_t step = std::max<std::size_t>(states.size() / kMeasuredServers, 1);
  std::map<UtcDay, std::uint64_t> bytes_of_day;
  for (std::size_t i = 0; i < states.size(); i += step) {
    const ServerId id = states[i]->id;
    auto view = (*kv)->view(id, {Space::checks});
    if (!view) return tl::unexpected<Error>(view.error());
    Range& checks = (*view)->range(Space::checks, server_key(id).view(), prefix_end(id).view());
    for (; checks.valid(); checks.next()) {
      const auto key = parse_chunk_key(checks.key());
      if (key) bytes_of_day[day_of(key->first)] += step * (checks.key().size() + checks.value().size());
    }
    // A damaged server is measured as far as it can be read: the others' days are enough to go on.
  }
  std::uint64_t freed = 0;
  UtcDay end_day{};
  for (const auto& [day, of_day] : bytes_of_day) {
    if (freed >= bytes || day >= today) break;
    freed += of_day;
    end_day = day + days{1};
  }
  return end_day;
}

Result<void> Retention::keep_size(const Catalog& catalog, UtcDay today) {
  auto bytes = table_bytes();
  // What has been erased counts no more than what was never there.
  const auto look_again = [&](UtcDay dropped_day) {
    const auto given = give_back(dropped_day, Erased::any);
    bytes = given ? table_bytes() : tl::unexpected<Error>(given.error());
  };
  if (bytes && *bytes > core_->options.max_store_bytes) look_again({});
  const auto target = static_cast<std::uint64_t>(kSizeTarget * static_cast<double>(core_->options.max_store_bytes));
  for (int round = 0; bytes && *bytes > core_->options.max_store_bytes; ++round) {
    const auto end_day = day_to_free(*bytes - target, today);
    if (!end_day) return tl::unexpected<Error>(end_day.error());
    if (*end_day == UtcDay{} || round == kRounds) {
      return fail(ErrorCode::out_of_space, "the store's tables take " + std::to_string(*bytes >> 20U) +
                                               " MiB, more than Options::max_store_bytes, and there is no day before "
                                               "the current one left to drop; raise the cap");
    }
    Result<void> done;
    for (const Server& server : catalog.servers()) {
      const auto dropped = writer_.drop_days(server.id, {.checks = *end_day, .summaries = *end_day});
      if (!dropped) note(done, dropped.error());
    }
    if (!done) return done;
    if (core_->options.log) {
      core_->options.log(LogLevel::warning, "the store is over its size: dropped all days before " +
                                                std::to_string(day_number(*end_day)) + " (days since 1970)");
    }
    look_again(*end_day);
  }
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  return {};
}

Result<void> Retention::compact_spaces() {
  if (auto writable = core_->handle.make_writable(); !writable) return writable;
  for (const Space space : {Space::servers, Space::recent, Space::checks, Space::days}) {
    if (auto done = core_->handle.change([space](LocalCare& local) { return local.compact(space); }); !done)
      return done;
  }
  return {};
}

}  // namespace nines::engine
