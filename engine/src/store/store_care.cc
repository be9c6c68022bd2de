// What takes care of the disk: sealing, retention, compaction, verification, backup, and the figures about it.
#include <algorithm>
#include <utility>

#include "codec/key.h"
#include "store/store.h"
#include "store/summary_cursor.h"
#include "store/verify.h"

namespace nines::engine {

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
    Result<void> damage;  // the first: what is hurt keeps nothing else from being looked after
    const auto goes_on = [&damage](Result<void> step) {
      if (step || step.error().code == ErrorCode::not_found) return true;
      if (step.error().code != ErrorCode::corruption) return false;
      if (damage) damage = std::move(step);
      return true;
    };
    if (auto sealed = writer_.seal_all(true); !goes_on(sealed)) return sealed;
    const auto all = catalog();
    for (const Server& server : all->servers()) {
      const auto longest_ms = retention_.write_summaries(server.id, {.end_day = kDayLimit});
      auto written = longest_ms ? know_interval(server, *longest_ms) : tl::unexpected<Error>(longest_ms.error());
      if (!goes_on(written)) return written;
    }
    if (auto compacted = retention_.compact_spaces(); !goes_on(compacted)) return compacted;
    return damage;
  });
}

Result<VerifyReport> StoreImpl::verify() const {
  return call(Access::read, [&]() -> Result<VerifyReport> {
    return verify_store([this] { return core_->handle.kv(); }, [this] { return catalog(); },
                        [this](ServerId server) { return longest_interval(server); },
                        core_->options.performance.scan_threads);
  });
}

Result<BackupReport> StoreImpl::backup(const std::string& path, const BackupOptions& options) {
  return call(Access::read, [&]() -> Result<BackupReport> {
    const MutexLock lock(care_mutex_);
    if (core_->mode == KvMode::write) {
      if (auto writable = core_->handle.make_writable(); !writable) return tl::unexpected<Error>(writable.error());
    }
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    LocalCare* const local = (*kv)->local();
    if (local == nullptr) return fail(ErrorCode::invalid_argument, "this store does not lie on a local disk");
    BackupOptions dated = options;
    if (!dated.made) dated.made = core_->options.clock();
    // Nobody is to wait for hours: the next backup goes on from where this one ends.
    bool is_in_the_way = false;
    dated.progress = [&](const BackupProgress& progress) {
      is_in_the_way = core_->handle.is_wanted_back();
      return !is_in_the_way && (!options.progress || options.progress(progress));
    };
    auto made = local->backup(path, dated);
    if (!made && is_in_the_way) {
      const std::string why =
          core_->handle.has_fault() ? "a write failed, and the store is opened anew" : "the store closes";
      return fail(ErrorCode::unavailable, why + "; another backup to " + path + " goes on from where this one ended");
    }
    return made;
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
    stats.recent_rows += state->kv_rows;
    stats.head_bytes += state->kv_row_bytes;
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
