#include <nines/c/store.h>

#include <chrono>
#include <string>
#include <utility>

#include "c/call.h"
#include "c/handles.h"

namespace nines::c {
namespace {

// 0 is the usual value and stays; -1 is none, which the C++ options write as `none`.
template <class To>
Result<void> set_limit(std::int64_t value, const char* field, To none, To& out) {
  if (value == 0) return {};
  if (value < -1) return fail(ErrorCode::invalid_argument, std::string(field) + " is negative");
  out = value == -1 ? none : static_cast<To>(value);
  return {};
}

Result<void> set_days(std::int32_t value, const char* field, std::chrono::days& out) {
  std::int64_t days = out.count();
  if (auto set = set_limit<std::int64_t>(value, field, 0, days); !set) return set;
  out = std::chrono::days{days};
  return {};
}

Result<void> set_threads(std::int32_t value, const char* field, int& out) {
  if (value < 0) return fail(ErrorCode::invalid_argument, std::string(field) + " is negative");
  if (value > 0) out = value;
  return {};
}

Result<void> set_callbacks(const nines_options& in, Options& out) {
  if (in.clock != nullptr) {
    out.clock = [clock = in.clock, context = in.context] { return from_ms(clock(context)); };
  }
  if (in.log != nullptr) {
    out.log = [log = in.log, context = in.context](LogLevel level, std::string_view message) {
      log(context, static_cast<std::int32_t>(level), std::string(message).c_str());
    };
  }
  return {};
}

Result<Options> options_of(const nines_options* given) {
  Options out;
  if (given == nullptr) return out;
  const auto in = read_struct(given, "options");
  if (!in) return tl::unexpected(in.error());
  out.create_if_missing = in->no_create == 0;
  out.recovery = in->drop_damaged_log != 0 ? Recovery::point_in_time : Recovery::refuse;
  out.trust_clock = in->trust_clock != 0;
  std::int64_t max_ahead_ms = out.max_ahead.count();
  // Half of what the type holds is more than there are moments.
  constexpr std::int64_t kAnyTime = 253'402'300'800'000;
  for (const Result<void>& set :
       {set_limit<std::uint64_t>(in->disk_reserve_bytes, "options.disk_reserve_bytes", 0, out.disk_reserve_bytes),
        set_limit(in->max_ahead_ms, "options.max_ahead_ms", kAnyTime, max_ahead_ms),
        set_limit<std::uint64_t>(in->max_store_bytes, "options.max_store_bytes", 0, out.max_store_bytes),
        set_days(in->keep_checks_days, "options.keep_checks_days", out.keep_checks),
        set_days(in->keep_summaries_days, "options.keep_summaries_days", out.keep_summaries),
        set_limit<std::size_t>(in->head_bytes, "options.head_bytes", 0, out.performance.head_bytes),
        set_limit<std::size_t>(in->block_cache_bytes, "options.block_cache_bytes", 0,
                               out.performance.block_cache_bytes),
        set_threads(in->scan_threads, "options.scan_threads", out.performance.scan_threads),
        set_threads(in->background_threads, "options.background_threads", out.performance.background_threads),
        set_callbacks(*in, out)}) {
    if (!set) return tl::unexpected(set.error());
  }
  out.max_ahead = std::chrono::milliseconds{max_ahead_ms};
  return out;
}

// What the store's clock says, or the system's where the host's throws, as it stops there for the store, too.
std::function<TimeMs()> clock_of(const Options& options) {
  if (!options.clock) return [] { return from_ms(nines_now_ms()); };
  return [clock = options.clock] {
    try {
      return clock();
    } catch (...) {
      return from_ms(nines_now_ms());
    }
  };
}

using Open = Result<std::unique_ptr<Store>> (*)(const std::string&, Options);

nines_code open_with(Open open, const char* path, const nines_options* options, nines_store** store,
                     nines_error* error) {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    *store = nullptr;
    if (path == nullptr) return null_argument("path");
    auto wanted = options_of(options);
    if (!wanted) return tl::unexpected(wanted.error());
    auto handle = std::make_unique<nines_store>();
    handle->clock = clock_of(*wanted);
    auto opened = open(path, std::move(*wanted));
    if (!opened) return tl::unexpected(opened.error());
    handle->store = std::move(*opened);
    *store = handle.release();
    return {};
  });
}

template <class Work>
nines_code with_store(nines_store* store, nines_error* error, Work&& work) noexcept {
  return call(error, [&]() -> Result<void> {
    if (store == nullptr) return null_argument("store");
    return work(*store->store);
  });
}

}  // namespace
}  // namespace nines::c

using nines::Store;
using nines::c::call;
using nines::c::with_store;

nines_code nines_open(const char* path, const nines_options* options, nines_store** store, nines_error* error) {
  return nines::c::open_with(&Store::open, path, options, store, error);
}

nines_code nines_open_read_only(const char* path, const nines_options* options, nines_store** store,
                                nines_error* error) {
  return nines::c::open_with(&Store::open_read_only, path, options, store, error);
}

nines_code nines_refresh(nines_store* store, nines_error* error) {
  return with_store(store, error, [](Store& open) { return open.refresh(); });
}

nines_code nines_close(nines_store* store, nines_error* error) {
  const std::unique_ptr<nines_store> handle(store);
  if (!handle) return NINES_OK;
  return call(error, [&] { return handle->store->close(); });
}

nines_code nines_flush(nines_store* store, nines_error* error) {
  return with_store(store, error, [](Store& open) { return open.flush(); });
}

nines_code nines_apply_retention(nines_store* store, nines_error* error) {
  return with_store(store, error, [](Store& open) { return open.apply_retention(); });
}

nines_code nines_backup(nines_store* store, const char* path, nines_error* error) {
  return with_store(store, error, [path](Store& open) -> nines::Result<void> {
    if (path == nullptr) return nines::c::null_argument("path");
    const auto copied = open.backup(path);
    return copied ? nines::Result<void>{} : tl::unexpected<nines::Error>(copied.error());
  });
}

nines_code nines_backup_with(nines_store* store, const char* path, const nines_backup_options* options,
                             nines_error* error) {
  return with_store(store, error, [&](Store& open) -> nines::Result<void> {
    if (path == nullptr) return nines::c::null_argument("path");
    const auto in = nines::c::read_struct(options, "options");
    if (!in) return tl::unexpected(in.error());
    nines::BackupOptions wanted;
    wanted.previous = nines::c::text_or_empty(in->previous);
    if (in->progress != nullptr) {
      wanted.progress = [told = in->progress, context = in->context](const nines::BackupProgress& so_far) {
        return told(context, so_far.bytes, so_far.total) != 0;
      };
    }
    const auto copied = open.backup(path, wanted);
    return copied ? nines::Result<void>{} : tl::unexpected<nines::Error>(copied.error());
  });
}

nines_code nines_get_stats(nines_store* store, nines_stats* stats, nines_error* error) {
  return with_store(store, error, [&](Store& open) -> nines::Result<void> {
    if (auto fits = nines::c::check_struct(stats, "stats"); !fits) return fits;
    if (auto ours = nines::c::check_owner(store->owner); !ours) return ours;
    const nines::StoreStats now = open.stats();
    nines_stats out{};
    out.writable = open.health().writable ? 1 : 0;
    out.servers = now.servers;
    out.disk_bytes = now.disk_bytes;
    out.head_bytes = now.head_bytes;
    out.block_cache_bytes = now.block_cache_bytes;
    out.memtable_bytes = now.memtable_bytes;
    out.appended = now.appended;
    out.range_scans = now.reads.range_scans;
    out.bytes_read = now.reads.bytes;
    out.changes = open.changes();
    nines::c::write_struct(stats, out);
    return {};
  });
}
