// Opening, the catalog, writing and reading; what takes care of the disk is in store_care.cc.
#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

#include "base/parallel.h"
#include "store/scan_cursor.h"
#include "store/summary_cursor.h"
#include "vocabulary/callbacks.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

/// Stands for a server that cannot be read, in a bulk scan.
class FailedCursor final : public Cursor {
 public:
  explicit FailedCursor(Error error) : error_(std::move(error)) {}
  [[nodiscard]] Result<const Segment*> next() override { return tl::unexpected<Error>(error_); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

 private:
  const Error error_;
  const ScanCost cost_;
};

class FailedDayCursor final : public DayCursor {
 public:
  explicit FailedDayCursor(Error error) : error_(std::move(error)) {}
  [[nodiscard]] Result<const DaySummary*> next() override { return tl::unexpected<Error>(error_); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

 private:
  const Error error_;
  const ScanCost cost_;
};

Error read_only_error() {
  return {ErrorCode::read_only, "the store was opened read-only; open it for writing to change it"};
}

}  // namespace

StoreImpl::StoreImpl(const std::string& path, KvMode mode, Options options,
                     const std::function<KvOpener(const Options&)>& make_opener, ReopenTimes times)
    : core_(std::make_shared<StoreCore>(
          path, mode, with_callbacks_contained(std::move(options)), make_opener,
          [this](Kv& kv) { return load_catalog(kv); }, times)),
      writer_(core_->handle, core_->lane, core_->states, core_->feeds, core_->options,
              [this](ServerState& state, std::uint32_t interval_ms) { return note_interval(state, interval_ms); }),
      retention_(core_, writer_) {}

StoreImpl::~StoreImpl() {
  if (core_->is_forked()) {
    // Left as it is: closing would write the parent's buffers into its files.
    static_cast<void>(new std::shared_ptr<StoreCore>(core_));
    return;
  }
  static_cast<void>(close());
  core_->closed = true;  // for a cursor that outlives the store, and kept close() from letting go of the Kv
  core_->feeds.end();
}

Result<void> StoreImpl::open() {
  if (auto opened = core_->handle.open(report_); !opened) return opened;
  auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (report_.recovered) {
    report_.warnings.insert(report_.warnings.begin(), "the last writer did not close the store; " +
                                                          std::to_string(report_.replayed_bytes) +
                                                          " bytes of log were read back");
  }
  if (auto taken = load_catalog(**kv); !taken || core_->mode == KvMode::read_only) return taken;
  kv->reset();
  for (const ServerId id : catalog_.removed()) {
    if (auto swept = writer_.sweep(id); !swept) {
      report_.warnings.push_back("what is left of a removed server could not be erased: " + swept.error().message);
    }
  }
  return {};
}

Result<void> StoreImpl::load_catalog(Kv& kv) {
  if (auto loaded = catalog_.load(kv); !loaded) return loaded;
  const auto catalog = catalog_.snapshot();
  core_->states.reset(catalog->servers());
  for (const Server& server : catalog->servers()) {
    set_retention(server);
    const auto state = core_->states.find(server.id);
    const auto noted = catalog_.noted_interval_ms(server.id);
    state->longest_interval_ms = std::max(state->longest_interval_ms.load(), noted.value_or(0));
    state->interval_known = noted.has_value();
  }
  return core_->mode == KvMode::write ? core_->states.find_rows(kv) : Result<void>{};
}

Result<void> StoreImpl::check(Access access) const {
  if (core_->is_forked()) return tl::unexpected<Error>(forked_error());
  if (core_->closed) return tl::unexpected<Error>(closed_error());
  if (access == Access::write && core_->mode == KvMode::read_only) return tl::unexpected<Error>(read_only_error());
  return {};
}

void StoreImpl::set_retention(const Server& server) const {
  if (const auto state = core_->states.find(server.id)) {
    state->keep_days = Retention::keep_days(server.retention.checks, core_->options.keep_checks);
  }
}

Result<void> StoreImpl::put_server(const Server& server) {
  if (auto valid = catalog_.check(server); !valid) return valid;
  if (auto writable = core_->handle.make_writable(); !writable) return writable;
  auto state = core_->states.find(server.id);
  const bool is_new = state == nullptr;
  if (is_new) {
    LaneChange reserved(ServerId{});
    reserved.batch = CatalogTable::reserve(server.id);
    if (auto written = core_->lane.write(reserved, Durability::process); !written) return written;
  }
  // Results mostly have the interval of their rules: as it is noted with these, they cause no write of the entry.
  std::optional<std::uint32_t> longest_ms;
  if (is_new || state->interval_known) {
    longest_ms = is_new ? 0 : state->longest_interval_ms.load();
    for (const Rules& rules : server.rules) {
      longest_ms = std::max(*longest_ms, static_cast<std::uint32_t>(rules.interval.count()));
    }
  }
  if (auto put = put_entry(server, longest_ms); !put) return put;
  catalog_.put(server);
  if (is_new) {
    core_->states.add(server.id);
    state = core_->states.find(server.id);
  }
  if (state != nullptr && longest_ms) {
    state->longest_interval_ms = *longest_ms;
    state->interval_known = true;
  }
  return {};
}

Result<void> StoreImpl::put_entry(const Server& server, std::optional<std::uint32_t> longest_interval_ms) {
  LaneChange change(server.id);
  CatalogTable::write_put(server, {.removed = false, .longest_interval_ms = longest_interval_ms}, change.batch);
  return core_->lane.write(change, Durability::process);
}

Result<void> StoreImpl::note_interval(ServerState& state, std::uint32_t interval_ms) {
  const MutexLock lock(catalog_mutex_);
  if (interval_ms <= state.longest_interval_ms) return {};
  if (state.interval_known) {
    const auto server = catalog_.find(state.id);
    if (!server) return tl::unexpected<Error>(no_such_server(state.id));
    if (auto writable = core_->handle.make_writable(); !writable) return writable;
    if (auto put = put_entry(*server, interval_ms); !put) return put;
  }
  state.longest_interval_ms = interval_ms;
  return {};
}

Result<void> StoreImpl::know_interval(const Server& server, std::uint32_t stored_ms) {
  const auto state = core_->states.find(server.id);
  if (state == nullptr || state->interval_known) return {};
  const MutexLock lock(catalog_mutex_);
  const auto entry = catalog_.find(server.id);
  if (!entry) return {};
  // What was appended since `stored_ms` was found has been noted in memory, before it was stored.
  state->longest_interval_ms = std::max(state->longest_interval_ms.load(), stored_ms);
  if (auto put = put_entry(*entry, state->longest_interval_ms); !put) return put;
  state->interval_known = true;
  return {};
}

std::optional<std::chrono::milliseconds> StoreImpl::longest_interval(ServerId server) const {
  const auto state = core_->states.find(server);
  if (state == nullptr || !state->interval_known) return std::nullopt;
  return std::chrono::milliseconds{state->longest_interval_ms.load()};
}

std::shared_ptr<const std::vector<DaySummary>> StoreImpl::days_in_memory(ServerId server, DayRange range) const {
  if (!check(Access::read) || !core_->has_heads() || range.first >= range.last) return nullptr;
  const auto state = core_->states.find(server);
  if (state == nullptr) return nullptr;
  const MutexLock view(state->view);
  const auto& days = state->days;
  const bool there = days != nullptr && days->packed() == nullptr && days->covers(range.first) &&
                     days->covers(range.last - 1) && state->unchanged_since(days->taken_at());
  return there ? std::shared_ptr<const std::vector<DaySummary>>(days, &days->days()) : nullptr;
}

Result<ServerId> StoreImpl::add_server(Server server) {
  return call(Access::write, [&]() -> Result<ServerId> {
    const MutexLock lock(catalog_mutex_);
    auto id = catalog_.next_id();
    if (!id) return id;
    server.id = *id;
    if (server.created_at == TimeMs{}) server.created_at = core_->options.clock();
    if (auto put = put_server(server); !put) return tl::unexpected<Error>(put.error());
    set_retention(server);
    return server.id;
  });
}

Result<void> StoreImpl::update_server(const Server& server) {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(catalog_mutex_);
    if (auto state = find(server.id); !state) return tl::unexpected<Error>(state.error());
    if (auto put = put_server(server); !put) return put;
    set_retention(server);
    return {};
  });
}

Result<void> StoreImpl::remove_server(ServerId id) {
  return call(Access::write, [&]() -> Result<void> {
    const MutexLock lock(catalog_mutex_);
    if (auto state = find(id); !state) return tl::unexpected<Error>(state.error());
    Batch mark(id);
    catalog_.write_mark(id, mark);
    auto dropped = writer_.drop_server(id, mark);
    if (dropped) catalog_.remove(id);
    return dropped;
  });
}

Result<void> StoreImpl::append(std::span<const CheckResult> results, Durability durability) {
  return call(Access::write, [&] { return writer_.append(results, durability); });
}

Result<void> StoreImpl::load(ServerId server, std::span<const CheckResult> results) {
  return call(Access::write, [&] { return writer_.load(server, results); });
}

Result<std::vector<Rejected>> StoreImpl::append_each(std::span<const CheckResult> results, Durability durability) {
  return call(Access::write, [&] { return writer_.append_each(results, durability); });
}

Health StoreImpl::health() const {
  if (auto allowed = check(Access::write); !allowed) return {false, core_->handle.health().since, allowed.error()};
  return core_->handle.health();
}

Result<std::uint64_t> StoreImpl::erase(ServerId server, Window window, std::optional<LocationId> location) {
  return call(Access::write, [&] { return writer_.erase(server, window, location); });
}

Result<void> StoreImpl::flush() {
  return call(Access::write, [&]() -> Result<void> {
    if (auto writable = core_->handle.make_writable(); !writable) return writable;
    return core_->lane.flush();
  });
}

Result<std::shared_ptr<ServerState>> StoreImpl::find(ServerId id) const {
  auto state = core_->states.find(id);
  if (state == nullptr) return tl::unexpected<Error>(no_such_server(id));
  return state;
}

/// The loop of scan_many and days_many: in each thread a cursor by `make_cursor()`, and for each server
/// `start(cursor, state)` and `visit(index, cursor)`. A server whose start fails, or that is not there, is visited with
/// a cursor that says so.
template <class Failed, class MakeCursor, class Start, class Visitor>
Result<ScanCost> StoreImpl::visit_many(std::span<const ServerId> servers, const MakeCursor& make_cursor,
                                       const Start& start, const Visitor& visit) const {
  const int threads = core_->options.performance.scan_threads;
  std::vector<decltype(make_cursor())> cursors(static_cast<std::size_t>(threads));
  const auto visit_failed = [&](std::size_t index, Error error) {
    Failed failed(std::move(error));
    return contained_callback("a visit", [&] { return visit(index, failed); });
  };
  const auto done = for_each_parallel(servers.size(), threads, [&](std::size_t number) {
    cursors[number] = make_cursor();
    return [&, cursor = cursors[number].get()](std::size_t index) -> Result<void> {
      auto state = find(servers[index]);
      if (!state) return visit_failed(index, std::move(state.error()));
      if (auto started = start(*cursor, std::move(*state)); !started) {
        return visit_failed(index, std::move(started.error()));
      }
      return contained_callback("a visit", [&] { return visit(index, *cursor); });
    };
  });
  if (!done) return tl::unexpected<Error>(done.error());
  ScanCost total;
  for (const auto& cursor : cursors) {
    if (cursor != nullptr) total += cursor->cost();
  }
  return total;
}

Result<std::unique_ptr<Cursor>> StoreImpl::scan(ServerId server, Window window, const ScanOptions& options) const {
  return call(Access::read, [&]() -> Result<std::unique_ptr<Cursor>> {
    auto state = find(server);
    if (!state) return tl::unexpected<Error>(state.error());
    auto cursor = std::make_unique<ScanCursor>(core_, options, Gaps::bound);
    if (auto started = cursor->start(std::move(*state), window); !started) {
      return tl::unexpected<Error>(started.error());
    }
    return cursor;
  });
}

Result<ScanCost> StoreImpl::scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                      const Visit& visit) const {
  return call(Access::read, [&] {
    auto total = visit_many<FailedCursor>(
        servers, [&] { return std::make_unique<ScanCursor>(core_, options, Gaps::bound); },
        [&](ScanCursor& cursor, std::shared_ptr<ServerState> state) { return cursor.start(std::move(state), window); },
        visit);
    if (total && core_->has_heads()) core_->states.keep_budget_after_reading();
    return total;
  });
}

/// Starts `cursors`, one for each of `states`, while nothing is written to any of them: with their write locks held
/// nothing enters the lane, and what is in it is waited for.
Result<void> StoreImpl::start_together(std::span<const std::shared_ptr<ServerState>> states, Window window,
                                       std::span<const std::unique_ptr<ScanCursor>> cursors) const
    NINES_NO_THREAD_SAFETY_ANALYSIS {
  std::vector<ServerState*> order;
  for (const auto& state : states) order.push_back(state.get());
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  order.erase(std::unique(order.begin(), order.end()), order.end());
  auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  for (ServerState* state : order) {  // one by one: what has to be read first holds up nobody else
    const MutexLock lock(state->write);
    state->settle();
    if (auto loaded = core_->states.ensure_loaded(*state, **kv); !loaded) return loaded;
  }
  std::vector<std::unique_lock<Mutex>> locks;
  locks.reserve(order.size());
  for (ServerState* state : order) locks.emplace_back(state->write);
  for (ServerState* state : order) state->settle();
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (auto started = cursors[i]->start(states[i], window, ScanCursor::Writers::wait); !started) return started;
  }
  return {};
}

Result<std::vector<std::unique_ptr<Cursor>>> StoreImpl::scan_together(std::span<const ServerId> servers, Window window,
                                                                      const ScanOptions& options) const {
  using Cursors = std::vector<std::unique_ptr<Cursor>>;
  return call(Access::read, [&]() -> Result<Cursors> {
    if (servers.size() > kMaxTogether) {
      return fail(ErrorCode::invalid_argument, std::to_string(servers.size()) +
                                                   " servers are too many to be read together; " +
                                                   std::to_string(kMaxTogether) + " are not");
    }
    std::vector<std::shared_ptr<ServerState>> states;
    std::vector<std::unique_ptr<ScanCursor>> cursors;
    for (const ServerId server : servers) {
      auto state = find(server);
      if (!state) return tl::unexpected<Error>(state.error());
      states.push_back(std::move(*state));
      cursors.push_back(std::make_unique<ScanCursor>(core_, options, Gaps::bound));
    }
    Result<void> started;
    if (core_->has_heads()) {
      started = start_together(states, window, cursors);
      core_->states.keep_budget_after_reading();
    } else {
      const MutexLock lock(care_mutex_);  // what a read-only store sees changes by refresh() alone
      for (std::size_t i = 0; i < states.size() && started; ++i) started = cursors[i]->start(states[i], window);
    }
    if (!started) return tl::unexpected<Error>(started.error());
    return Cursors(std::make_move_iterator(cursors.begin()), std::make_move_iterator(cursors.end()));
  });
}

Result<std::unique_ptr<Feed>> StoreImpl::subscribe(const FeedOptions& options) {
  return call(Access::write, [&] { return make_feed(core_, options); });
}

Result<std::unique_ptr<DayCursor>> StoreImpl::days(ServerId server, DayRange range, bool with_sketch) const {
  return call(Access::read, [&]() -> Result<std::unique_ptr<DayCursor>> {
    auto state = find(server);
    if (!state) return tl::unexpected<Error>(state.error());
    auto cursor = std::make_unique<SummaryCursor>(core_, with_sketch);
    if (auto started = cursor->start(std::move(*state), range); !started) {
      return tl::unexpected<Error>(started.error());
    }
    return cursor;
  });
}

Result<ScanCost> StoreImpl::days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                      const VisitDays& visit) const {
  return call(Access::read, [&] {
    return visit_many<FailedDayCursor>(
        servers, [&] { return std::make_unique<SummaryCursor>(core_, with_sketch); },
        [&](SummaryCursor& cursor, std::shared_ptr<ServerState> state) {
          return cursor.start(std::move(state), range);
        },
        visit);
  });
}

Result<std::optional<CheckResult>> StoreImpl::last_result(ServerId server) const {
  return call(Access::read, [&]() -> Result<std::optional<CheckResult>> {
    auto state = find(server);
    if (!state) return tl::unexpected<Error>(state.error());
    if (core_->has_heads()) {
      if (!(*state)->loaded()) {
        const MutexLock lock((*state)->write);
        auto kv = core_->handle.kv();
        if (!kv) return tl::unexpected<Error>(kv.error());
        if (auto loaded = core_->states.ensure_loaded(**state, **kv); !loaded)
          return tl::unexpected<Error>(loaded.error());
      }
      const MutexLock view((*state)->view);
      CheckResult result;
      if ((*state)->head().newest(server, result)) return result;
    }
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    if (!core_->has_heads()) {
      auto row = newest_row(**kv, server);
      if (!row || *row) return row;
    }
    return newest_sealed(**kv, server);
  });
}

Result<void> StoreImpl::refresh() {
  return call(Access::read, [&]() -> Result<void> {
    if (core_->mode == KvMode::write) return {};
    // One at a time: the later of two that were opened side by side could be replaced by the earlier one.
    const MutexLock lock(care_mutex_);
    auto refreshed = core_->handle.refresh();
    if (refreshed) ++refreshed_;
    return refreshed;
  });
}

Result<void> StoreImpl::close() {
  if (core_->is_forked()) return tl::unexpected<Error>(forked_error());
  auto done = contained([&]() -> Result<void> {
    if (core_->closed) return {};
    return close_once();
  });
  if (done) {
    core_->closed = true;
    core_->feeds.end();
  }
  return done;
}

Result<void> StoreImpl::close_once() {
  Handle& handle = core_->handle;
  if (core_->mode == KvMode::read_only) return handle.close();
  // After a fault it is opened once more, to write again what was acknowledged before.
  auto flushed = handle.make_writable(true);
  if (flushed) flushed = core_->lane.flush();
  if (flushed) {
    flushed = handle.change([](LocalCare& local) {
      auto done = local.flush_tables();
      if (done) done = local.close_log();
      return done;
    });
  }
  auto closed = handle.close();
  return flushed ? closed : flushed;
}

}  // namespace nines::engine
