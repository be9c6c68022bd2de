// A store that can be told to be slow, to fail, or to refuse: everything but append goes straight through.
// Any thread, as far as the store below allows; append is serialized.
#pragma once

#include <nines/store.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace nines::prober_test {

class FaultyStore final : public Store {
 public:
  explicit FaultyStore(Store& below) : below_(below) {}

  /// Called before each append, on the appending thread; an error is what the append returns instead.
  void before_append(std::function<Result<void>(std::span<const CheckResult>)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }

  using Store::append;
  [[nodiscard]] Result<void> append(std::span<const CheckResult> results, Durability durability) override {
    std::function<Result<void>(std::span<const CheckResult>)> hook;
    {
      const std::lock_guard lock(mutex_);
      hook = hook_;
    }
    if (hook) {
      if (auto refused = hook(results); !refused) return refused;
    }
    return below_.append(results, durability);
  }

  [[nodiscard]] const OpenReport& open_report() const noexcept override { return below_.open_report(); }
  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const override { return below_.catalog(); }
  [[nodiscard]] Result<ServerId> add_server(Server server) override { return below_.add_server(std::move(server)); }
  [[nodiscard]] Result<void> update_server(const Server& server) override { return below_.update_server(server); }
  [[nodiscard]] Result<void> remove_server(ServerId id) override { return below_.remove_server(id); }
  [[nodiscard]] Result<std::uint64_t> erase(ServerId server, Window window,
                                            std::optional<LocationId> location) override {
    return below_.erase(server, window, location);
  }
  [[nodiscard]] Result<std::vector<Rejected>> append_each(std::span<const CheckResult> results,
                                                          Durability durability) override {
    return below_.append_each(results, durability);
  }
  [[nodiscard]] Health health() const override { return below_.health(); }
  [[nodiscard]] std::uint64_t changes() const override { return below_.changes(); }
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results) override {
    return below_.load(server, results);
  }
  [[nodiscard]] Result<void> flush() override { return below_.flush(); }
  [[nodiscard]] Result<std::unique_ptr<Cursor>> scan(ServerId server, Window window,
                                                     const ScanOptions& options) const override {
    return below_.scan(server, window, options);
  }
  [[nodiscard]] Result<ScanCost> scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                           const Visit& visit) const override {
    return below_.scan_many(servers, window, options, visit);
  }
  [[nodiscard]] Result<std::unique_ptr<DayCursor>> days(ServerId server, DayRange range,
                                                        bool with_sketch) const override {
    return below_.days(server, range, with_sketch);
  }
  [[nodiscard]] Result<ScanCost> days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                           const VisitDays& visit) const override {
    return below_.days_many(servers, range, with_sketch, visit);
  }
  [[nodiscard]] Result<std::optional<CheckResult>> last_result(ServerId server) const override {
    return below_.last_result(server);
  }
  [[nodiscard]] Result<void> refresh() override { return below_.refresh(); }
  [[nodiscard]] Result<void> seal() override { return below_.seal(); }
  [[nodiscard]] Result<void> apply_retention() override { return below_.apply_retention(); }
  [[nodiscard]] Result<void> compact() override { return below_.compact(); }
  [[nodiscard]] Result<VerifyReport> verify() const override { return below_.verify(); }
  [[nodiscard]] Result<BackupReport> backup(const std::string& path, const BackupOptions& options) override {
    return below_.backup(path, options);
  }
  [[nodiscard]] StoreStats stats() const override { return below_.stats(); }
  [[nodiscard]] Result<void> close() override { return below_.close(); }

 private:
  Store& below_;
  mutable std::mutex mutex_;
  std::function<Result<void>(std::span<const CheckResult>)> hook_;  // guarded by mutex_
};

}  // namespace nines::prober_test
