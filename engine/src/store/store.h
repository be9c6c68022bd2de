// The store, put together from its parts: the handle on RocksDB, the catalog, the servers' states, the writer and the
// cursors. What each does stands in its own header.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nines/feed.h>
#include <nines/known_history.h>
#include <nines/moment.h>
#include <nines/store.h>

#include "base/contained.h"
#include "store/catalog_table.h"
#include "store/retention.h"
#include "store/scan_cursor.h"
#include "store/store_core.h"
#include "store/writer.h"

namespace nines::engine {

class StoreImpl final : public Store, public KnownHistory, public FeedSource, public MomentSource {
 public:
  StoreImpl(const std::string& path, KvMode mode, Options options,
            const std::function<KvOpener(const Options&)>& make_opener, ReopenTimes times);
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
  [[nodiscard]] Result<std::vector<Rejected>> append_each(std::span<const CheckResult> results,
                                                          Durability durability) override;
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results) override;
  [[nodiscard]] Result<std::uint64_t> erase(ServerId server, Window window,
                                            std::optional<LocationId> location) override;
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
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_interval(ServerId server) const override;
  [[nodiscard]] std::shared_ptr<const std::vector<DaySummary>> days_in_memory(ServerId server,
                                                                              DayRange range) const override;
  [[nodiscard]] Result<void> refresh() override;
  [[nodiscard]] Result<std::unique_ptr<Feed>> subscribe(const FeedOptions& options) override;
  [[nodiscard]] Result<std::vector<std::unique_ptr<Cursor>>> scan_together(std::span<const ServerId> servers,
                                                                           Window window,
                                                                           const ScanOptions& options) const override;

  [[nodiscard]] Result<void> seal() override;
  [[nodiscard]] Result<void> apply_retention() override;
  [[nodiscard]] Result<void> compact() override;
  [[nodiscard]] Result<VerifyReport> verify() const override;
  [[nodiscard]] Result<BackupReport> backup(const std::string& path, const BackupOptions& options) override;
  [[nodiscard]] StoreStats stats() const override;
  [[nodiscard]] Health health() const override;
  [[nodiscard]] std::uint64_t changes() const override { return core_->lane.applied() + refreshed_; }
  [[nodiscard]] Result<void> close() override;

 private:
  enum class Access : std::uint8_t { read, write };
  /// Whether the store takes such a call at all. Errors: closed, read_only.
  [[nodiscard]] Result<void> check(Access access) const;
  /// Every call of the API comes through here: refused when check() says so, and what `body` throws is an error.
  template <class Body>
  [[nodiscard]] auto call(Access access, Body&& body) const noexcept -> decltype(body()) {
    return contained([&]() -> decltype(body()) {
      if (auto allowed = check(access); !allowed) return tl::unexpected<Error>(std::move(allowed.error()));
      return body();
    });
  }

  [[nodiscard]] Result<void> load_catalog(Kv& kv);
  [[nodiscard]] Result<void> put_server(const Server& server) NINES_REQUIRES(catalog_mutex_);
  /// Writes the entry of `server`, whose results have no longer interval than `longest_interval_ms`, if there is one.
  [[nodiscard]] Result<void> put_entry(const Server& server, std::optional<std::uint32_t> longest_interval_ms)
      NINES_REQUIRES(catalog_mutex_);
  [[nodiscard]] Result<void> note_interval(ServerState& state, std::uint32_t interval_ms)
      NINES_EXCLUDES(catalog_mutex_);
  /// Notes the longest interval of a server of which it was not known: of its stored results it is `stored_ms`.
  [[nodiscard]] Result<void> know_interval(const Server& server, std::uint32_t stored_ms)
      NINES_EXCLUDES(catalog_mutex_);
  void set_retention(const Server& server) const;
  [[nodiscard]] Result<std::shared_ptr<ServerState>> find(ServerId id) const;
  [[nodiscard]] Result<void> start_together(std::span<const std::shared_ptr<ServerState>> states, Window window,
                                            std::span<const std::unique_ptr<ScanCursor>> cursors) const;
  template <class Failed, class MakeCursor, class Start, class Visitor>
  [[nodiscard]] Result<ScanCost> visit_many(std::span<const ServerId> servers, const MakeCursor& make_cursor,
                                            const Start& start, const Visitor& visit) const;
  [[nodiscard]] Result<void> close_once();

  OpenReport report_;
  const std::shared_ptr<StoreCore> core_;
  CatalogTable catalog_;
  Writer writer_;
  Retention retention_;
  std::atomic<std::uint64_t> refreshed_{0};
  Mutex catalog_mutex_;       // one change of the catalog at a time
  mutable Mutex care_mutex_;  // one of retention, compaction, backup and refreshing at a time
};

}  // namespace nines::engine
