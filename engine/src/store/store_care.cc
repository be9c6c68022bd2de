// What takes care of the disk: sealing, retention, compaction, verification, backup, and the figures about it.
#include <algorithm>
#include <map>
#include <utility>

#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "store/store.h"
#include "store/summary_cursor.h"

namespace nines::engine {
namespace {

/// A store above its cap is brought down to this share of it, so that not every day's results cause another round.
constexpr double kSizeTarget = 0.9;
/// Damage beyond this many values is counted in one closing sentence.
constexpr std::size_t kMaxDamageReports = 100;

void report_damage(VerifyReport& report, std::string_view space, std::string_view key, const Error& error) {
  if (report.damage.size() < kMaxDamageReports) {
    report.damage.push_back(std::string(space) + " key " + printable_key(key) + ": " + error.message);
  } else if (report.damage.size() == kMaxDamageReports) {
    report.damage.emplace_back("and more; only the first are listed");
  }
}

/// Decodes every value of one space. `decode` returns the number of results in the value.
Result<void> verify_space(const Kv& kv, Space space, std::uint64_t& values, VerifyReport& report,
                          const std::function<Result<std::uint64_t>(std::string_view, std::string_view)>& decode) {
  auto view = kv.view_all(space);
  if (!view) return tl::unexpected<Error>(view.error());
  Range& range = (*view)->range(space, {}, {});
  for (; range.valid(); range.next()) {
    ++values;
    const auto results = decode(range.key(), range.value());
    if (results) {
      report.results += *results;
    } else {
      report_damage(report, kSpaceNames[static_cast<std::size_t>(space)], range.key(), results.error());
    }
  }
  if (auto status = range.status(); !status) {
    report_damage(report, kSpaceNames[static_cast<std::size_t>(space)], {}, status.error());
  }
  return {};
}

Result<std::uint64_t> verify_chunk(std::string_view key, std::string_view value, std::vector<SeriesColumns>& scratch) {
  const auto parsed = parse_chunk_key(key);
  if (!parsed) return fail(ErrorCode::corruption, "malformed key");
  const auto info = peek_chunk(value);
  if (!info) return tl::unexpected<Error>(info.error());
  if (info->first_ms != to_ms(parsed->first)) return fail(ErrorCode::corruption, "the key names another time");
  if (auto decoded = decode_chunk(value, Columns{true, true, true}, scratch); !decoded) {
    return tl::unexpected<Error>(decoded.error());
  }
  return info->results;
}

}  // namespace

Result<void> StoreImpl::seal() {
  return call(Access::write, [&] { return writer_.seal_all(); });
}

std::int64_t StoreImpl::keep_days(std::chrono::days of_server, std::chrono::days general) const {
  const auto days = of_server == std::chrono::days{0} ? general : of_server;
  return std::max<std::int64_t>(days.count(), 0);
}

/// Computes and keeps the summaries of days before `end_day` that have none. `refused_before` as in SummaryCursor.
Result<void> StoreImpl::write_summaries(ServerId id, std::int64_t end_day, std::int64_t refused_before) {
  auto state = find(id);
  if (!state) return tl::unexpected<Error>(state.error());
  SummaryCursor cursor(core_, false, refused_before);
  if (auto started = cursor.start(std::move(*state), {0, end_day}); !started) return started;
  for (;;) {
    const auto day = cursor.next();
    if (!day) return tl::unexpected<Error>(day.error());
    if (*day == nullptr) return {};
  }
}

Result<bool> StoreImpl::drop_old_days(const Server& server, std::int64_t today) {
  const std::int64_t keep_checks = keep_days(server.retention.checks, core_->options.keep_checks);
  const std::int64_t keep_summaries = keep_days(server.retention.summaries, core_->options.keep_summaries);
  const std::int64_t checks_day = keep_checks > 0 ? today - keep_checks : 0;
  const std::int64_t summaries_day = keep_summaries > 0 ? today - keep_summaries : 0;
  if (checks_day <= 0 && summaries_day <= 0) return false;
  if (checks_day > summaries_day) {
    // The summaries outlive their checks and cannot be made afterwards.
    if (auto kept = write_summaries(server.id, checks_day, checks_day); !kept)
      return tl::unexpected<Error>(kept.error());
  }
  return writer_.drop_days(server.id, checks_day, summaries_day);
}

Result<void> StoreImpl::apply_retention() {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(care_mutex_);
    const std::int64_t today = utc_day(std::max<std::int64_t>(to_ms(core_->options.clock()), 0));
    const auto all = catalog();
    bool dropped = false;
    for (const Server& server : all->servers()) {
      const auto done = drop_old_days(server, today);
      if (!done && done.error().code == ErrorCode::not_found) continue;  // removed meanwhile
      if (!done) return tl::unexpected<Error>(done.error());
      dropped = dropped || *done;
    }
    if (dropped) {
      if (auto compacted = compact_spaces(); !compacted) return compacted;
    }
    if (core_->options.max_store_bytes == 0) return {};
    const auto shrunk = drop_to_size();
    if (!shrunk) return tl::unexpected<Error>(shrunk.error());
    return *shrunk ? compact_spaces() : Result<void>{};
  });
}

/// Drops the oldest days of all servers, summaries too, until what is left fits the cap.
Result<bool> StoreImpl::drop_to_size() {
  auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  LocalCare* const local = (*kv)->local();
  const std::uint64_t disk_bytes = local == nullptr ? 0 : local->sizes().disk_bytes;
  if (disk_bytes <= core_->options.max_store_bytes) return false;

  std::map<std::int64_t, std::uint64_t> bytes_of_day;
  std::uint64_t chunk_bytes = 0;
  {
    auto view = (*kv)->view_all(Space::checks);
    if (!view) return tl::unexpected<Error>(view.error());
    Range& checks = (*view)->range(Space::checks, {}, {});
    for (; checks.valid(); checks.next()) {
      const auto key = parse_chunk_key(checks.key());
      if (!key) return fail(ErrorCode::corruption, "malformed key " + printable_key(checks.key()));
      const std::uint64_t bytes = checks.key().size() + checks.value().size();
      bytes_of_day[utc_day(to_ms(key->first))] += bytes;
      chunk_bytes += bytes;
    }
    if (auto status = checks.status(); !status) return tl::unexpected<Error>(status.error());
  }
  kv->reset();
  const auto target = static_cast<std::uint64_t>(kSizeTarget * static_cast<double>(core_->options.max_store_bytes));
  const std::uint64_t wanted = std::min(chunk_bytes, disk_bytes - target);
  std::uint64_t freed = 0;
  std::int64_t cutoff_day = 0;
  for (const auto& [day, bytes] : bytes_of_day) {
    if (freed >= wanted) break;
    freed += bytes;
    cutoff_day = day + 1;
  }
  if (cutoff_day == 0) return false;
  const auto all = catalog();
  for (const Server& server : all->servers()) {
    auto done = writer_.drop_days(server.id, cutoff_day, cutoff_day);
    if (!done && done.error().code != ErrorCode::not_found) return done;
  }
  if (core_->options.log) {
    core_->options.log(LogLevel::warning, "the store is over its size: dropped all days before " +
                                              std::to_string(cutoff_day) + " (days since 1970)");
  }
  return true;
}

Result<void> StoreImpl::compact_spaces() {
  for (const Space space : {Space::servers, Space::recent, Space::checks, Space::days}) {
    auto kv = core_->handle.kv_for_write();
    if (!kv) return tl::unexpected<Error>(kv.error());
    if (auto done = core_->handle.change(**kv, [space](LocalCare& local) { return local.compact(space); }); !done)
      return done;
  }
  return {};
}

Result<void> StoreImpl::compact() {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(care_mutex_);
    if (auto sealed = writer_.seal_all(); !sealed) return sealed;
    const auto all = catalog();
    for (const Server& server : all->servers()) {
      auto written = write_summaries(server.id, to_ms(kTimeLimit) / kDayMs, 0);
      if (!written && written.error().code != ErrorCode::not_found) return written;
    }
    return compact_spaces();
  });
}

Result<VerifyReport> StoreImpl::verify() const {
  return call(Access::read, [&]() -> Result<VerifyReport> {
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    VerifyReport report;
    report.servers = catalog()->servers().size();
    if (LocalCare* const local = (*kv)->local(); local != nullptr) {
      if (auto checked = local->verify_blocks(); !checked) report.damage.push_back(checked.error().message);
    }

    std::vector<SeriesColumns> scratch;
    auto done = verify_space(**kv, Space::checks, report.chunks, report,
                             [&](auto key, auto value) { return verify_chunk(key, value, scratch); });
    if (!done) return tl::unexpected<Error>(done.error());
    done = verify_space(**kv, Space::recent, report.rows, report, [](auto key, auto value) -> Result<std::uint64_t> {
      auto row = decode_row(key, value);
      if (!row) return tl::unexpected<Error>(row.error());
      return 1;
    });
    if (!done) return tl::unexpected<Error>(done.error());
    DaySummary summary;
    done =
        verify_space(**kv, Space::days, report.summaries, report, [&](auto key, auto value) -> Result<std::uint64_t> {
          const auto parsed = parse_day_key(key);
          if (!parsed) return fail(ErrorCode::corruption, "malformed key");
          auto decoded = decode_summary(parsed->day, value, true, summary);
          if (!decoded) return tl::unexpected<Error>(decoded.error());
          return 0;
        });
    if (!done) return tl::unexpected<Error>(done.error());
    return report;
  });
}

Result<void> StoreImpl::backup(const std::string& path) {
  return call(Access::read, [&]() -> Result<void> {
    const MutexLock lock(care_mutex_);
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    LocalCare* const local = (*kv)->local();
    if (local == nullptr) return fail(ErrorCode::invalid_argument, "this store does not lie on a local disk");
    return local->backup(path);
  });
}

StoreStats StoreImpl::stats() const {
  StoreStats stats;
  stats.servers = catalog()->servers().size();
  if (auto kv = core_->handle.kv()) {
    LocalCare* const local = (*kv)->local();
    const KvSizes sizes = local == nullptr ? KvSizes{} : local->sizes();
    stats.disk_bytes = sizes.disk_bytes;
    stats.block_cache_bytes = sizes.block_cache_bytes;
    stats.memtable_bytes = sizes.memtable_bytes;
  }
  stats.head_bytes = core_->states.cached_days_bytes();
  for (const auto& state : core_->states.all()) {
    const MutexLock view(state->view);
    stats.recent_rows += state->head().rows();
    for (const SeriesColumns& series : state->found_rows) {
      stats.recent_rows += series.size();
      stats.head_bytes += series.memory_bytes();
    }
    stats.head_results += state->head().results();
    stats.head_bytes += state->head().bytes();
  }
  stats.appended = writer_.appended();
  stats.sealed_chunks = writer_.sealed_chunks();
  stats.reopened = core_->handle.reopened();
  stats.reads = core_->reads();
  return stats;
}

}  // namespace nines::engine
