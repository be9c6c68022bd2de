// Opening, the catalog, writing and reading; what takes care of the disk is in store_care.cc.
#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "store/summary_cursor.h"

namespace nines::engine {
namespace {

Options with_defaults(Options options) {
  if (!options.clock) {
    options.clock = [] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); };
  }
  return options;
}

Error read_only_error() {
  return {ErrorCode::read_only, "the store was opened read-only; open it for writing to change it"};
}

/// A cursor of Store::scan: keeps the server's state alive, and counts its cost when it is done.
class OwningCursor final : public Cursor {
 public:
  OwningCursor(std::shared_ptr<ServerState> state, const ReadContext& context, const ScanOptions& options,
               std::function<void(const ScanCost&)> count)
      : state_(std::move(state)), cursor_(context, options, Gaps::bound), count_(std::move(count)) {}
  ~OwningCursor() override { count_(cursor_.cost()); }
  OwningCursor(const OwningCursor&) = delete;
  OwningCursor& operator=(const OwningCursor&) = delete;

  [[nodiscard]] Result<void> start(Window window) { return cursor_.start(*state_, window); }
  [[nodiscard]] Result<const Segment*> next() override { return cursor_.next(); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cursor_.cost(); }

 private:
  std::shared_ptr<ServerState> state_;
  ScanCursor cursor_;
  std::function<void(const ScanCost&)> count_;
};

class OwningDayCursor final : public DayCursor {
 public:
  OwningDayCursor(std::shared_ptr<ServerState> state, const ReadContext& context, Handle* store, bool with_sketch,
                  std::function<void(const ScanCost&)> count)
      : state_(std::move(state)), cursor_(context, store, with_sketch), count_(std::move(count)) {}
  ~OwningDayCursor() override { count_(cursor_.cost()); }
  OwningDayCursor(const OwningDayCursor&) = delete;
  OwningDayCursor& operator=(const OwningDayCursor&) = delete;

  [[nodiscard]] Result<void> start(DayRange range) { return cursor_.start(*state_, range); }
  [[nodiscard]] Result<const DaySummary*> next() override { return cursor_.next(); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cursor_.cost(); }

 private:
  std::shared_ptr<ServerState> state_;
  SummaryCursor cursor_;
  std::function<void(const ScanCost&)> count_;
};

}  // namespace

StoreImpl::StoreImpl(const std::string& path, KvMode mode, Options options,
                     const std::function<KvOpener(const Options&)>& make_opener, Patience patience)
    : path_(path),
      mode_(mode),
      options_(with_defaults(std::move(options))),
      handle_(
          make_opener(options_), options_, path_, [this](Kv& kv) { return take_catalog(kv); }, patience),
      states_(options_),
      writer_(handle_, states_, options_) {}

StoreImpl::~StoreImpl() {
  static_cast<void>(close());
}

Result<void> StoreImpl::open() {
  if (auto opened = handle_.open(report_); !opened) return opened;
  auto kv = handle_.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (report_.recovered) {
    report_.warnings.insert(report_.warnings.begin(), "the last writer did not close the store; " +
                                                          std::to_string(report_.replayed_bytes) +
                                                          " bytes of log were read back");
  }
  return take_catalog(**kv);
}

Result<void> StoreImpl::take_catalog(const Kv& kv) {
  if (auto loaded = catalog_.load(kv); !loaded) return loaded;
  const auto catalog = catalog_.snapshot();
  states_.reset(catalog->servers());
  for (const Server& server : catalog->servers()) set_retention(server);
  return mode_ == KvMode::write ? states_.find_rows(kv) : Result<void>{};
}

Result<void> StoreImpl::check_writable() const {
  if (mode_ == KvMode::read_only) return tl::unexpected<Error>(read_only_error());
  return {};
}

void StoreImpl::set_retention(const Server& server) const {
  if (const auto state = states_.find(server.id)) {
    state->keep_days = keep_days(server.retention.checks, options_.keep_checks);
  }
}

Result<void> StoreImpl::put_server(const Server& server) {
  if (auto valid = catalog_.check(server); !valid) return valid;
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  const auto batch = (*kv)->batch();
  catalog_.write_put(server, *batch);
  if (auto written = handle_.write(**kv, *batch, Durability::process); !written) return written;
  catalog_.put(server);
  return {};
}

Result<ServerId> StoreImpl::add_server(Server server) {
  if (auto writable = check_writable(); !writable) return tl::unexpected<Error>(writable.error());
  const MutexLock lock(catalog_mutex_);
  server.id = catalog_.next_id();
  if (server.created_at == TimeMs{}) server.created_at = options_.clock();
  if (auto put = put_server(server); !put) return tl::unexpected<Error>(put.error());
  states_.add(server.id);
  set_retention(server);
  return server.id;
}

Result<void> StoreImpl::update_server(const Server& server) {
  if (auto writable = check_writable(); !writable) return writable;
  const MutexLock lock(catalog_mutex_);
  if (auto state = find(server.id); !state) return tl::unexpected<Error>(state.error());
  if (auto put = put_server(server); !put) return put;
  set_retention(server);
  return {};
}

Result<void> StoreImpl::remove_server(ServerId id) {
  if (auto writable = check_writable(); !writable) return writable;
  const MutexLock lock(catalog_mutex_);
  if (auto state = find(id); !state) return tl::unexpected<Error>(state.error());
  auto dropped = writer_.drop_server(id, [id](Batch& batch) { CatalogTable::write_remove(id, batch); });
  if (dropped) catalog_.remove(id);
  return dropped;
}

Result<void> StoreImpl::append(std::span<const CheckResult> results, Durability durability) {
  if (auto writable = check_writable(); !writable) return writable;
  return writer_.append(results, durability);
}

Result<void> StoreImpl::load(ServerId server, std::span<const CheckResult> results) {
  if (auto writable = check_writable(); !writable) return writable;
  return writer_.load(server, results);
}

Result<void> StoreImpl::flush() {
  if (auto writable = check_writable(); !writable) return writable;
  auto kv = handle_.kv_for_write();
  if (!kv) return tl::unexpected<Error>(kv.error());
  return handle_.change(**kv, [](Kv& target) { return target.flush_log(true); });
}

ReadContext StoreImpl::reading() const {
  return {handle_, states_, mode_ == KvMode::write};
}

Handle* StoreImpl::keeping() const {
  return mode_ == KvMode::write ? &handle_ : nullptr;
}

Result<std::shared_ptr<ServerState>> StoreImpl::find(ServerId id) const {
  auto state = states_.find(id);
  if (state == nullptr) {
    return fail(ErrorCode::not_found, "there is no server " + std::to_string(static_cast<std::uint32_t>(id)));
  }
  return state;
}

Result<std::vector<std::shared_ptr<ServerState>>> StoreImpl::find_all(std::span<const ServerId> ids) const {
  std::vector<std::shared_ptr<ServerState>> states;
  states.reserve(ids.size());
  for (const ServerId id : ids) {
    auto state = find(id);
    if (!state) return tl::unexpected<Error>(state.error());
    states.push_back(std::move(*state));
  }
  return states;
}

void StoreImpl::count(const ScanCost& cost) const {
  const MutexLock lock(reads_mutex_);
  reads_ += cost;
}

Result<std::unique_ptr<Cursor>> StoreImpl::scan(ServerId server, Window window, const ScanOptions& options) const {
  auto state = find(server);
  if (!state) return tl::unexpected<Error>(state.error());
  auto cursor = std::make_unique<OwningCursor>(std::move(*state), reading(), options,
                                               [this](const ScanCost& cost) { count(cost); });
  if (auto started = cursor->start(window); !started) return tl::unexpected<Error>(started.error());
  return cursor;
}

Result<ScanCost> StoreImpl::scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                      const Visit& visit) const {
  const auto states = find_all(servers);
  if (!states) return tl::unexpected<Error>(states.error());
  Mutex total_mutex;
  ScanCost total;
  const auto done = for_each_parallel(servers.size(), options_.performance.scan_threads, [&] {
    auto cursor =
        std::shared_ptr<ScanCursor>(new ScanCursor(reading(), options, Gaps::bound), [&](const ScanCursor* finished) {
          const MutexLock lock(total_mutex);
          total += finished->cost();
          delete finished;
        });
    return [&, cursor](std::size_t index) -> Result<void> {
      if (auto started = cursor->start(*(*states)[index], window); !started) return started;
      return visit(index, *cursor);
    };
  });
  if (!done) return tl::unexpected<Error>(done.error());
  count(total);
  if (mode_ == KvMode::write) states_.keep_budget_after_reading();
  return total;
}

Result<std::unique_ptr<DayCursor>> StoreImpl::days(ServerId server, DayRange range, bool with_sketch) const {
  auto state = find(server);
  if (!state) return tl::unexpected<Error>(state.error());
  auto cursor = std::make_unique<OwningDayCursor>(std::move(*state), reading(), keeping(), with_sketch,
                                                  [this](const ScanCost& cost) { count(cost); });
  if (auto started = cursor->start(range); !started) return tl::unexpected<Error>(started.error());
  return cursor;
}

Result<ScanCost> StoreImpl::days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                      const VisitDays& visit) const {
  const auto states = find_all(servers);
  if (!states) return tl::unexpected<Error>(states.error());
  Mutex total_mutex;
  ScanCost total;
  const auto done = for_each_parallel(servers.size(), options_.performance.scan_threads, [&] {
    auto cursor = std::shared_ptr<SummaryCursor>(new SummaryCursor(reading(), keeping(), with_sketch),
                                                 [&](const SummaryCursor* finished) {
                                                   const MutexLock lock(total_mutex);
                                                   total += finished->cost();
                                                   delete finished;
                                                 });
    return [&, cursor](std::size_t index) -> Result<void> {
      if (auto started = cursor->start(*(*states)[index], range); !started) return started;
      return visit(index, *cursor);
    };
  });
  if (!done) return tl::unexpected<Error>(done.error());
  count(total);
  return total;
}

Result<void> StoreImpl::refresh() {
  if (mode_ == KvMode::write) return {};
  return handle_.refresh();
}

Result<void> StoreImpl::close() {
  if (mode_ == KvMode::write) {
    if (auto kv = handle_.kv()) {
      auto flushed = handle_.change(**kv, [](Kv& target) {
        auto done = target.flush_tables();
        // Rows are erased when they are sealed; without this the next open would pass over all of them. Nothing is lost
        // when it fails, and RocksDB's word about that goes to Options::log.
        if (done) static_cast<void>(target.compact_erased(Space::recent));
        return done;
      });
      kv->reset();
      if (!flushed && flushed.error().code != ErrorCode::unavailable) {
        static_cast<void>(handle_.close());
        return flushed;
      }
    }
  }
  return handle_.close();
}

}  // namespace nines::engine
