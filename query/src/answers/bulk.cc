#include "answers/bulk.h"

#include <bit>
#include <map>
#include <memory>

#include <nines/known_history.h>

#include "base/mutex.h"
#include "figures/figures.h"
#include "figures/latency_sink.h"
#include "judgement/plan.h"
#include "judgement/readable.h"

namespace nines::query {
namespace {

// Everything one thread needs for one server after the other, with the memory kept in between.
struct Workspace {
  ServerReader reader;
  LatencyAccumulator latencies;
  LatencySink latency_sink{latencies};
  BucketSink buckets;
  std::vector<ResultSink*> sinks;
};

// What a bulk read hands out of one server: its results or its summaries, or neither.
struct Given {
  Cursor* results = nullptr;
  GivenDays days;
};

class Bulk {
 public:
  Bulk(const Store& store, std::span<const Server* const> servers, const Query& query, const BulkOptions& options,
       const TakeItem& take)
      : store_(store),
        known_(dynamic_cast<const KnownHistory*>(&store)),
        servers_(servers),
        query_(query),
        options_(options),
        take_(take) {
    if (!options.bar_windows.empty()) edges_ = edges_of(options.bar_windows);
  }

  Result<Explain> run() {
    if (auto done = visit_all(); !done) return tl::unexpected(done.error());
    const engine::MutexLock lock(mutex_);
    return std::move(explain_);
  }

 private:
  Result<void> visit_all() {
    const Window window{query_.window.from, std::min(query_.window.to, query_.now)};
    if (window.empty()) {
      Workspace workspace;
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (auto done = visit(i, {}, reach_of(*servers_[i]), workspace); !done) return done;
      }
      return {};
    }
    if (takes_summaries(window, query_.summaries)) return read_by_days(window);
    for (const auto& [minutes, indices] : classes()) {
      if (auto done = scan_class(minutes, indices); !done) return done;
    }
    return {};
  }

  // One bulk read for all servers that begin with the same day.
  Result<void> read_by_days(Window window) {
    std::map<std::int64_t, std::vector<std::size_t>> by_first_day;
    DayRange range;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      range = days_at_once(window, query_.summaries, reach_of(*servers_[i]));
      by_first_day[range.first].push_back(i);
    }
    for (const auto& [first_day, indices] : by_first_day) {
      range.first = first_day;
      const auto cost = store_.days_many(
          ids_of(indices), range, options_.figures.latency, [&](std::size_t i, DayCursor& cursor) -> Result<void> {
            std::unique_ptr<Workspace> workspace = borrow();
            auto done = visit(indices[i], {nullptr, {&cursor, range}}, reach_of(*servers_[indices[i]]), *workspace);
            give_back(std::move(workspace));
            return done;
          });
      if (!cost) return tl::unexpected(cost.error());
      const engine::MutexLock lock(mutex_);
      explain_.cost += *cost;
    }
    return {};
  }

  [[nodiscard]] std::vector<ServerId> ids_of(const std::vector<std::size_t>& indices) const {
    std::vector<ServerId> ids;
    ids.reserve(indices.size());
    for (const std::size_t index : indices) ids.push_back(servers_[index]->id);
    return ids;
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_interval(const Server& server) const {
    return known_ == nullptr ? std::nullopt : known_->longest_interval(server.id);
  }
  [[nodiscard]] Reach reach_of(const Server& server) const {
    Reach own = reach(server, query_.policy, query_.window, longest_interval(server));
    own.known = known_;
    return own;
  }

  // A bulk scan has one reach for all of its servers. Servers that are checked daily would have those that are checked
  // every minute read days more, so each power of two of minutes is a scan of its own; there are few.
  [[nodiscard]] std::map<std::uint64_t, std::vector<std::size_t>> classes() const {
    std::map<std::uint64_t, std::vector<std::size_t>> classes;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      const Reach own = reach_of(*servers_[i]);
      const auto longest_ms = static_cast<std::uint64_t>(std::max(own.back_ms, own.ahead_ms));
      classes[std::bit_ceil((longest_ms + 59'999) / 60'000)].push_back(i);
    }
    return classes;
  }

  Result<void> scan_class(std::uint64_t minutes, const std::vector<std::size_t>& indices) {
    const auto reach_ms = static_cast<std::int64_t>(minutes) * 60'000;
    const TimeMs to = std::min(query_.window.to, query_.now);
    const TimeMs horizon = std::min(to + std::chrono::milliseconds{reach_ms}, query_.now);
    ScanOptions options;
    options.columns = columns();
    options.lookback = std::chrono::milliseconds{reach_ms};
    const auto all_of = [&](std::size_t index) {
      return Reach{reach_ms, reach_ms, longest_interval(*servers_[index]), known_};
    };
    const auto cost = store_.scan_many(ids_of(indices), {query_.window.from, horizon}, options,
                                       [&](std::size_t i, Cursor& cursor) -> Result<void> {
                                         std::unique_ptr<Workspace> workspace = borrow();
                                         auto done = visit(indices[i], {&cursor, {}}, all_of(indices[i]), *workspace);
                                         give_back(std::move(workspace));
                                         return done;
                                       });
    if (!cost) return tl::unexpected(cost.error());
    const engine::MutexLock lock(mutex_);
    explain_.cost += *cost;
    return {};
  }

  [[nodiscard]] Columns columns() const {
    return {
        .latency = options_.figures.latency || !edges_.empty(), .phases = false, .details = options_.figures.details};
  }

  Result<void> read(std::size_t index, const Given& given, const Reading& reading, Reach reach, ServerReader& reader) {
    if (auto done = reader.begin(*servers_[index], query_, reading, reach); !done) return done;
    if (given.results != nullptr) {
      if (auto done = reader.take(store_, *given.results); !done) return done;
    } else if (auto done = reader.read(store_, query_.summaries, given.days); !done) {
      return done;
    }
    return reader.settle(store_);
  }

  // Reads the results of `given`, or by a plan of its own when there are none.
  Result<void> visit(std::size_t index, const Given& given, Reach reach, Workspace& workspace) {
    workspace.latencies.clear();
    workspace.sinks.clear();
    if (!edges_.empty()) {
      workspace.buckets.begin(edges_, options_.figures.latency ? &workspace.latencies : nullptr);
      workspace.sinks.push_back(&workspace.buckets);
    } else if (options_.figures.latency) {
      workspace.sinks.push_back(&workspace.latency_sink);
    }
    Reading reading{columns(), options_.figures.latency, edges_, workspace.sinks};
    reading.incidents = true;
    reading.since = options_.figures.since;
    ServerReader& reader = workspace.reader;
    if (auto done = read(index, given, reading, reach, reader); !done) {
      // One server's damage, or its removal meanwhile, is no other's.
      if (!is_of_one_server(done.error())) return done;
      reader.give_up(std::move(done.error()));
      workspace.latencies.clear();
      if (!edges_.empty()) workspace.buckets.begin(edges_, options_.figures.latency ? &workspace.latencies : nullptr);
    }
    auto figures = compose_figures(reader, store_, options_.figures.details);
    if (!figures) return tl::unexpected(figures.error());
    figures->latency = workspace.latencies.figures();
    if (options_.figures.places) figures->places = figures_of_places(reader);
    add_explain(reader.explain());
    const auto cells = edges_.empty() ? std::span<const Cell>{} : workspace.buckets.cells();
    take_(index, {reader, std::move(*figures), options_.bar_windows, cells});
    return {};
  }

  void add_explain(const Explain& of_server) {
    const engine::MutexLock lock(mutex_);
    explain_.cost += of_server.cost;
    explain_.plan.insert(explain_.plan.end(), of_server.plan.begin(), of_server.plan.end());
  }

  std::unique_ptr<Workspace> borrow() {
    const engine::MutexLock lock(mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>();
    std::unique_ptr<Workspace> workspace = std::move(idle_.back());
    idle_.pop_back();
    return workspace;
  }

  void give_back(std::unique_ptr<Workspace> workspace) {
    const engine::MutexLock lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

  const Store& store_;
  const KnownHistory* const known_;  // null where the store keeps no such knowledge
  std::span<const Server* const> servers_;
  const Query& query_;
  const BulkOptions& options_;
  const TakeItem& take_;
  std::vector<std::int64_t> edges_;  // of the bars; empty without bars
  engine::Mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_ NINES_GUARDED_BY(mutex_);
  Explain explain_ NINES_GUARDED_BY(mutex_);
};

}  // namespace

Result<Explain> read_many(const Store& store, std::span<const Server* const> servers, const Query& query,
                          const BulkOptions& options, const TakeItem& take) {
  if (auto valid = validate(query.policy); !valid) return tl::unexpected(valid.error());
  return Bulk(store, servers, query, options, take).run();
}

}  // namespace nines::query
