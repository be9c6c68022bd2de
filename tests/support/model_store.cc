#include "support/model_store.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>

#include "support/model_cursors.h"

namespace nines::test {
namespace {

class ModelCatalog final : public Catalog {
 public:
  explicit ModelCatalog(const std::map<ServerId, Server>& servers) {
    for (const auto& [id, server] : servers) servers_.push_back(server);
  }
  [[nodiscard]] std::span<const Server> servers() const noexcept override { return servers_; }
  [[nodiscard]] const Server* find(ServerId id) const noexcept override {
    for (const Server& server : servers_) {
      if (server.id == id) return &server;
    }
    return nullptr;
  }
  [[nodiscard]] const Server* find(std::string_view name) const noexcept override {
    for (const Server& server : servers_) {
      if (server.name == name) return &server;
    }
    return nullptr;
  }

 private:
  std::vector<Server> servers_;
};

Error no_such_server(ServerId id) {
  return {ErrorCode::not_found, "there is no server " + std::to_string(static_cast<std::uint32_t>(id))};
}

// Days kept by the server's setting, else by the store's: 0 and negative are forever.
std::int64_t days_kept(std::chrono::days of_server, std::chrono::days of_store) {
  return of_server.count() != 0 ? of_server.count() : of_store.count();
}

}  // namespace

ModelStore::ModelStore(Options options, ScanShape shape) : options_(std::move(options)), shape_(shape) {}

TimeMs ModelStore::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

template <class EachResult>
void ModelStore::for_each_result(ServerId server, std::int64_t first, std::int64_t last,
                                 const EachResult& visit) const {
  // A day that is out of bounds is no time.
  const std::int64_t limit = to_ms(kTimeLimit) / kDayMs;
  const TimeMs from = from_ms(std::clamp<std::int64_t>(first, 0, limit) * kDayMs);
  const TimeMs to = from_ms(std::clamp<std::int64_t>(last, 0, limit) * kDayMs);
  for (auto it = results_.lower_bound({server, from, LocationId{0}});
       it != results_.end() && it->first.server == server && it->first.time < to; ++it) {
    visit(utc_day(to_ms(it->first.time)), it->second);
  }
}

std::vector<CheckResult> ModelStore::results(ServerId server, Window window) const {
  std::vector<CheckResult> found;
  for (auto it = results_.lower_bound({server, window.from, LocationId{0}});
       it != results_.end() && it->first.server == server && it->first.time < window.to; ++it) {
    found.push_back(it->second);
  }
  return found;
}

std::shared_ptr<const Catalog> ModelStore::catalog() const {
  return std::make_shared<ModelCatalog>(servers_);
}

ServerId ModelStore::add(Server server) {
  const auto id = add_server(std::move(server));
  if (!id) std::abort();
  return *id;
}

Result<ServerId> ModelStore::add_server(Server server) {
  if (server.name.empty()) return fail(ErrorCode::invalid_argument, "name is empty");
  if (catalog()->find(server.name) != nullptr) return fail(ErrorCode::already_exists, server.name + " exists already");
  server.id = ServerId{++last_id_};
  if (to_ms(server.created_at) == 0) server.created_at = now();
  servers_[server.id] = server;
  note_intervals(server);
  return server.id;
}

Result<void> ModelStore::update_server(const Server& server) {
  if (!servers_.contains(server.id)) return tl::unexpected(no_such_server(server.id));
  const auto all = catalog();
  const Server* const namesake = all->find(server.name);
  if (namesake != nullptr && namesake->id != server.id) {
    return fail(ErrorCode::already_exists, server.name + " exists already");
  }
  servers_[server.id] = server;
  note_intervals(server);
  return {};
}

Result<void> ModelStore::remove_server(ServerId id) {
  if (servers_.erase(id) == 0) return tl::unexpected(no_such_server(id));
  std::erase_if(results_, [&](const auto& entry) { return entry.first.server == id; });
  std::erase_if(kept_days_, [&](const auto& entry) { return entry.first.first == id; });
  return {};
}

Result<void> ModelStore::append(std::span<const CheckResult> results, Durability /*durability*/) {
  if (results.empty()) return fail(ErrorCode::invalid_argument, "nothing to append");
  for (const CheckResult& result : results) {
    if (!servers_.contains(result.server)) return tl::unexpected(no_such_server(result.server));
    if (to_ms(result.time) < 0 || result.time >= kTimeLimit) return fail(ErrorCode::out_of_range, "time");
    if (result.time > now() + options_.max_ahead) return fail(ErrorCode::out_of_range, "time is too far ahead");
    if (result.detail.size() > kMaxDetailBytes) return fail(ErrorCode::out_of_range, "detail is too long");
    const std::int64_t keep = days_kept(servers_.at(result.server).retention.checks, options_.keep_checks);
    if (keep > 0 && utc_day(to_ms(result.time)) < utc_day(to_ms(now())) - keep) {
      return fail(ErrorCode::out_of_range, "older than what retention keeps");
    }
  }
  put(results);
  return {};
}

void ModelStore::put(std::span<const CheckResult> results) {
  ++changes_;
  for (const CheckResult& result : results) {
    results_[{result.server, result.time, result.location}] = result;
    auto& longest = longest_interval_[result.server];
    longest = std::max(longest, std::chrono::milliseconds{result.interval_ms});
  }
}

void ModelStore::note_intervals(const Server& server) {
  auto& longest = longest_interval_[server.id];
  for (const Rules& rules : server.rules) longest = std::max(longest, rules.interval);
}

std::optional<std::chrono::milliseconds> ModelStore::longest_interval(ServerId server) const {
  const auto found = longest_interval_.find(server);
  if (!knows_intervals_ || found == longest_interval_.end()) return std::nullopt;
  return found->second;
}

void ModelStore::set_retention(std::chrono::days keep_checks, std::chrono::days keep_summaries) {
  options_.keep_checks = keep_checks;
  options_.keep_summaries = keep_summaries;
}

Result<std::vector<Rejected>> ModelStore::append_each(std::span<const CheckResult> results, Durability durability) {
  std::vector<Rejected> rejected;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (auto done = append(results.subspan(i, 1), durability); !done) rejected.push_back({i, done.error()});
  }
  return rejected;
}

Result<std::uint64_t> ModelStore::erase(ServerId server, Window window, std::optional<LocationId> location) {
  if (!servers_.contains(server)) return tl::unexpected(no_such_server(server));
  ++changes_;
  return std::erase_if(results_, [&](const auto& entry) {
    const CheckResult& result = entry.second;
    return result.server == server && window.contains(result.time) && (!location || result.location == *location);
  });
}

Result<void> ModelStore::load(ServerId server, std::span<const CheckResult> results) {
  for (const CheckResult& result : results) {
    if (result.server != server) return fail(ErrorCode::invalid_argument, "a result of another server");
  }
  return append(results, Durability::disk);
}

Result<std::unique_ptr<Cursor>> ModelStore::scan(ServerId server, Window window, const ScanOptions& options) const {
  if (!servers_.contains(server)) return tl::unexpected(no_such_server(server));
  std::int64_t begin_ms = std::max<std::int64_t>(0, to_ms(window.from) - options.lookback.count());
  if (shape_.whole_days) begin_ms -= begin_ms % kDayMs;
  const Window read{from_ms(begin_ms), window.to};
  auto damage = holes(server, read, false);
  auto found = results(server, read);
  std::erase_if(found, [&](const CheckResult& result) {
    return std::any_of(damage.begin(), damage.end(), [&](const Hole& hole) {
      return result.time >= hole.window.from && result.time < hole.window.to;
    });
  });
  return std::make_unique<ModelCursor>(std::move(found), window.from, options.columns, shape_.segment_rows,
                                       std::move(damage));
}

std::vector<Hole> ModelStore::holes(ServerId server, Window window, bool days) const {
  std::vector<Hole> holes;
  const auto damaged = damage_.find(server);
  if (damaged == damage_.end()) return holes;
  for (Window hole : damaged->second) {
    if (days) {
      hole = {from_ms(utc_day(to_ms(hole.from)) * kDayMs), from_ms((utc_day(to_ms(hole.to) - 1) + 1) * kDayMs)};
    }
    hole = {std::max(hole.from, window.from), std::min(hole.to, window.to)};
    if (!hole.empty()) holes.push_back({hole, {ErrorCode::corruption, "damaged on purpose"}});
  }
  return holes;
}

Result<ScanCost> ModelStore::scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                       const Visit& visit) const {
  ScanCost cost;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto cursor = scan(servers[i], window, options);
    if (!cursor) return tl::unexpected(cursor.error());
    if (auto visited = visit(i, **cursor); !visited) return tl::unexpected(visited.error());
    cost += (*cursor)->cost();
  }
  return cost;
}

Result<std::unique_ptr<DayCursor>> ModelStore::days(ServerId server, DayRange range, bool with_sketch) const {
  if (!servers_.contains(server)) return tl::unexpected(no_such_server(server));
  std::map<std::int64_t, std::vector<const CheckResult*>> by_day;
  for_each_result(server, range.first, range.last,
                  [&](std::int64_t day, const CheckResult& result) { by_day[day].push_back(&result); });
  std::map<std::int64_t, DaySummary> summaries;
  for (const auto& [key, summary] : kept_days_) {
    if (key.first != server || key.second < range.first || key.second >= range.last) continue;
    summaries[key.second] = summary;
    if (!with_sketch) summaries[key.second].latency = {};
  }
  for (const auto& [day, results] : by_day) summaries[day] = summarise(day, results, with_sketch);
  auto damage = holes(server, {from_ms(range.first * kDayMs), from_ms(range.last * kDayMs)}, true);
  for (const Hole& hole : damage) {
    for (auto day = utc_day(to_ms(hole.window.from)); day < utc_day(to_ms(hole.window.to)); ++day) summaries.erase(day);
  }
  return std::make_unique<ModelDayCursor>(std::move(summaries), std::move(damage));
}

Result<ScanCost> ModelStore::days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                       const VisitDays& visit) const {
  ScanCost cost;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    auto cursor = days(servers[i], range, with_sketch);
    if (!cursor) return tl::unexpected(cursor.error());
    if (auto visited = visit(i, **cursor); !visited) return tl::unexpected(visited.error());
    cost += (*cursor)->cost();
  }
  return cost;
}

Result<std::optional<CheckResult>> ModelStore::last_result(ServerId server) const {
  if (!servers_.contains(server)) return tl::unexpected(no_such_server(server));
  const auto after = results_.lower_bound({server, kTimeLimit, LocationId{0}});
  if (after == results_.begin() || std::prev(after)->first.server != server) return std::nullopt;
  return std::prev(after)->second;
}

void ModelStore::retain(const Server& server) {
  const std::int64_t today = utc_day(to_ms(now()));
  const std::int64_t checks = days_kept(server.retention.checks, options_.keep_checks);
  const std::int64_t summaries = days_kept(server.retention.summaries, options_.keep_summaries);
  const std::int64_t first_checked = checks > 0 ? today - checks : 0;
  const std::int64_t first_summarised = summaries > 0 ? today - summaries : 0;
  std::map<std::int64_t, std::vector<const CheckResult*>> dropped;
  for_each_result(server.id, 0, first_checked,
                  [&](std::int64_t day, const CheckResult& result) { dropped[day].push_back(&result); });
  for (const auto& [day, results] : dropped) kept_days_[{server.id, day}] = summarise(day, results, true);
  results_.erase(
      results_.lower_bound({server.id, from_ms(0), LocationId{0}}),
      results_.lower_bound({server.id, from_ms(std::max<std::int64_t>(first_checked, 0) * kDayMs), LocationId{0}}));
  std::erase_if(kept_days_, [&](const auto& entry) {
    return entry.first.first == server.id && entry.first.second < first_summarised;
  });
}

Result<void> ModelStore::apply_retention() {
  for (const auto& [id, server] : servers_) retain(server);
  return {};
}

Result<VerifyReport> ModelStore::verify() const {
  VerifyReport report;
  report.servers = servers_.size();
  report.rows = results_.size();
  report.results = results_.size();
  return report;
}

Result<BackupReport> ModelStore::backup(const std::string& /*path*/, const BackupOptions& /*options*/) {
  return fail(ErrorCode::unavailable, "the model keeps nothing on disk");
}

StoreStats ModelStore::stats() const {
  StoreStats stats;
  stats.servers = servers_.size();
  stats.recent_rows = results_.size();
  return stats;
}

}  // namespace nines::test
