// What takes care of the disk: sealing, retention, compaction, verification, backup, and the figures about it.
#include <algorithm>
#include <utility>

#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "store/store.h"
#include "store/summary_cursor.h"

namespace nines::engine {
namespace {

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

Result<void> StoreImpl::apply_retention() {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(care_mutex_);
    return retention_.apply(*catalog_.snapshot());
  });
}

Result<void> StoreImpl::compact() {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(care_mutex_);
    if (auto sealed = writer_.seal_all(); !sealed) return sealed;
    const auto all = catalog();
    for (const Server& server : all->servers()) {
      auto written = retention_.write_summaries(server.id, to_ms(kTimeLimit) / kDayMs, 0);
      if (!written && written.error().code != ErrorCode::not_found) return written;
    }
    return retention_.compact_spaces();
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
    if (core_->mode == KvMode::write) {
      if (auto writable = core_->handle.make_writable(); !writable) return writable;
    }
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    LocalCare* const local = (*kv)->local();
    if (local == nullptr) return fail(ErrorCode::invalid_argument, "this store does not lie on a local disk");
    return local->backup(path);
  });
}

StoreStats StoreImpl::stats() const {
  StoreStats stats;
  if (core_->is_forked()) return stats;
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
