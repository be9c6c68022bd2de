// A store in memory that is obviously right and never fast: the model that the engine is compared with, and the store
// that query/ is tested on.
//
// Every call answers from a std::map of results in key order; nothing is cached. Durability, sealing, compaction and
// backup have nothing to do here and succeed. Not thread-safe.
#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nines/known_history.h>
#include <nines/store.h>

namespace nines::test {

/// Shapes a scan may take within the contract; no answer may depend on them.
struct ScanShape {
  std::uint32_t segment_rows = 0;  ///< results a segment at most; 0 is no limit
  bool whole_days = false;         ///< hand out the results from the start of the UTC day in which the look-back begins
};

/// The runs over results of one series, by the rule of segment.h. `results` ascend by time.
[[nodiscard]] std::vector<Run> runs_of(const std::vector<const CheckResult*>& results);

/// The summary of one UTC day. `results` are all of one server and that day.
[[nodiscard]] DaySummary summarise(std::int64_t day, const std::vector<const CheckResult*>& results, bool with_sketch);

class ModelStore final : public Store, public KnownHistory {
 public:
  explicit ModelStore(Options options = {}, ScanShape shape = {});

  void set_shape(ScanShape shape) { shape_ = shape; }
  /// All results of a server in a window, by time and then location.
  [[nodiscard]] std::vector<CheckResult> results(ServerId server, Window window) const;
  /// As add_server, which must succeed, for short tests.
  ServerId add(Server server);
  /// Stores what a store has taken, whatever this model's clock and retention say of it.
  void put(std::span<const CheckResult> results);
  /// Makes the results of a server in `window` unreadable.
  void damage(ServerId server, Window window) { damage_[server].push_back(window); }
  /// From now on longest_interval() knows nothing, as of a store that was written before it was noted.
  void forget_intervals() { knows_intervals_ = false; }
  /// What is kept from now on, as a store that is opened anew with other options.
  void set_retention(std::chrono::days keep_checks, std::chrono::days keep_summaries);

  [[nodiscard]] const OpenReport& open_report() const noexcept override { return report_; }
  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const override;
  [[nodiscard]] Result<ServerId> add_server(Server server) override;
  [[nodiscard]] Result<void> update_server(const Server& server) override;
  [[nodiscard]] Result<void> remove_server(ServerId id) override;
  using Store::append;
  [[nodiscard]] Result<void> append(std::span<const CheckResult> results, Durability durability) override;
  [[nodiscard]] Result<std::vector<Rejected>> append_each(std::span<const CheckResult> results,
                                                          Durability durability) override;
  [[nodiscard]] Health health() const override { return {}; }
  [[nodiscard]] std::uint64_t changes() const override { return changes_; }
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results) override;
  [[nodiscard]] Result<std::uint64_t> erase(ServerId server, Window window,
                                            std::optional<LocationId> location) override;
  [[nodiscard]] Result<void> flush() override { return {}; }
  [[nodiscard]] Result<std::unique_ptr<Cursor>> scan(ServerId server, Window window,
                                                     const ScanOptions& options) const override;
  [[nodiscard]] Result<ScanCost> scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                           const Visit& visit) const override;
  [[nodiscard]] Result<std::unique_ptr<DayCursor>> days(ServerId server, DayRange range,
                                                        bool with_sketch) const override;
  [[nodiscard]] Result<ScanCost> days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                           const VisitDays& visit) const override;
  [[nodiscard]] Result<std::optional<CheckResult>> last_result(ServerId server) const override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_interval(ServerId server) const override;
  /// Nothing is cached.
  [[nodiscard]] std::shared_ptr<const std::vector<DaySummary>> days_in_memory(ServerId, DayRange) const override {
    return nullptr;
  }
  [[nodiscard]] Result<void> refresh() override { return {}; }
  [[nodiscard]] Result<void> seal() override { return {}; }
  /// Drops the days that the server's or the store's retention no longer keeps; their summaries stay by their own.
  [[nodiscard]] Result<void> apply_retention() override;
  [[nodiscard]] Result<void> compact() override { return {}; }
  [[nodiscard]] Result<VerifyReport> verify() const override;
  [[nodiscard]] Result<BackupReport> backup(const std::string& path, const BackupOptions& options) override;
  [[nodiscard]] StoreStats stats() const override;
  [[nodiscard]] Result<void> close() override { return {}; }

 private:
  struct Key {
    ServerId server{};
    TimeMs time{};
    LocationId location{};
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  [[nodiscard]] TimeMs now() const;
  /// Calls `visit` with each of a server's results on days in [first, last), in order.
  template <class EachResult>
  void for_each_result(ServerId server, std::int64_t first, std::int64_t last, const EachResult& visit) const;
  void retain(const Server& server);
  void note_intervals(const Server& server);
  /// The damaged times of a server in `window`, whole days of them if `days`.
  [[nodiscard]] std::vector<Hole> holes(ServerId server, Window window, bool days) const;

  Options options_;
  ScanShape shape_;
  OpenReport report_;
  std::uint32_t last_id_ = 0;
  std::map<ServerId, Server> servers_;
  bool knows_intervals_ = true;
  std::map<ServerId, std::chrono::milliseconds> longest_interval_;
  std::map<Key, CheckResult> results_;
  std::map<ServerId, std::vector<Window>> damage_;
  std::uint64_t changes_ = 0;
  std::map<std::pair<ServerId, std::int64_t>, DaySummary> kept_days_;  // of days whose results are gone
};

}  // namespace nines::test
