// The store, put together from its parts: the handle on RocksDB, the catalog, the servers' states, the writer and the
// cursors. What each does stands in its own header.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <nines/store.h>

#include "store/catalog_table.h"
#include "store/kv_handle.h"
#include "store/scan_cursor.h"
#include "store/server_state.h"
#include "store/writer.h"

namespace nines::engine {

class StoreImpl final : public Store {
 public:
  StoreImpl(const std::string& path, KvMode mode, Options options,
            const std::function<KvOpener(const Options&)>& make_opener, Patience patience);
  ~StoreImpl() override;
  StoreImpl(const StoreImpl&) = delete;
  StoreImpl& operator=(const StoreImpl&) = delete;

  [[nodiscard]] Result<void> open();

  [[nodiscard]] const OpenReport& open_report() const noexcept override { return report_; }
  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const override { return catalog_.snapshot(); }
  [[nodiscard]] Result<ServerId> add_server(Server server) override;
  [[nodiscard]] Result<void> update_server(const Server& server) override;
  [[nodiscard]] Result<void> remove_server(ServerId id) override;

  [[nodiscard]] Result<void> append(std::span<const CheckResult> results, Durability durability) override;
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results) override;
  [[nodiscard]] Result<void> flush() override;

  [[nodiscard]] Result<std::unique_ptr<Cursor>> scan(ServerId server, Window window,
                                                     const ScanOptions& options) const override;
  [[nodiscard]] Result<ScanCost> scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                           const Visit& visit) const override;
  [[nodiscard]] Result<std::unique_ptr<DayCursor>> days(ServerId server, DayRange range,
                                                        bool with_sketch) const override;
  [[nodiscard]] Result<ScanCost> days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                           const VisitDays& visit) const override;
  [[nodiscard]] Result<std::optional<CheckResult>> last_result(ServerId server) const override;
  [[nodiscard]] Result<void> refresh() override;

  [[nodiscard]] Result<void> seal() override;
  [[nodiscard]] Result<void> apply_retention() override;
  [[nodiscard]] Result<void> compact() override;
  [[nodiscard]] Result<VerifyReport> verify() const override;
  [[nodiscard]] Result<void> backup(const std::string& path) override;
  [[nodiscard]] StoreStats stats() const override;
  [[nodiscard]] Result<void> close() override;

 private:
  [[nodiscard]] Result<void> check_writable() const;
  [[nodiscard]] Result<void> take_catalog(const Kv& kv);
  [[nodiscard]] Result<void> put_server(const Server& server) NINES_REQUIRES(catalog_mutex_);
  void set_retention(const Server& server) const;
  [[nodiscard]] ReadContext reading() const;
  /// Where summaries are kept; null in a read-only store.
  [[nodiscard]] Handle* keeping() const;
  [[nodiscard]] Result<std::shared_ptr<ServerState>> find(ServerId id) const;
  [[nodiscard]] Result<std::vector<std::shared_ptr<ServerState>>> find_all(std::span<const ServerId> ids) const;
  void count(const ScanCost& cost) const;

  [[nodiscard]] std::int64_t keep_days(std::chrono::days of_server, std::chrono::days general) const;
  [[nodiscard]] Result<bool> drop_old_days(const Server& server, std::int64_t today);
  [[nodiscard]] Result<bool> drop_to_size();
  [[nodiscard]] Result<void> write_summaries(ServerId id, std::int64_t end_day, std::int64_t refused_before);
  [[nodiscard]] Result<void> compact_spaces();

  const std::string path_;
  const KvMode mode_;
  const Options options_;
  OpenReport report_;
  mutable Handle handle_;
  CatalogTable catalog_;
  StateTable states_;
  Writer writer_;
  Mutex catalog_mutex_;  // one change of the catalog at a time
  Mutex care_mutex_;     // one of retention, compaction and backup at a time

  mutable Mutex reads_mutex_;
  mutable ScanCost reads_ NINES_GUARDED_BY(reads_mutex_);
};

}  // namespace nines::engine
