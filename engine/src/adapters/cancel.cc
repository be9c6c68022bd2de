#include <nines/cancel.h>

#include <cassert>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nines/known_history.h>
#include <nines/moment.h>

namespace nines {
namespace {

using Cancelled = std::function<bool()>;

Error cancelled_error() {
  return {ErrorCode::unavailable, "cancelled"};
}

Error refused_error() {
  return {ErrorCode::read_only, "a store that can be cancelled is for reading"};
}

Error no_care_error() {
  return {ErrorCode::unavailable, "a store that can be cancelled is for reading; ask the store that it reads"};
}

/// A cursor over results or days of the store below, which it owns or, in a bulk scan, only refers to.
template <class AnyCursor>
class CancellableCursor final : public AnyCursor {
 public:
  CancellableCursor(AnyCursor& below, const Cancelled& cancelled) : below_(below), cancelled_(cancelled) {}
  CancellableCursor(std::unique_ptr<AnyCursor> below, const Cancelled& cancelled)
      : own_(std::move(below)), below_(*own_), cancelled_(cancelled) {}

  [[nodiscard]] auto next() -> decltype(std::declval<AnyCursor&>().next()) override {
    if (cancelled_()) return tl::unexpected<Error>(cancelled_error());
    return below_.next();
  }
  [[nodiscard]] std::span<const Hole> holes() const noexcept override { return below_.holes(); }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return below_.cost(); }

 private:
  const std::unique_ptr<AnyCursor> own_;
  AnyCursor& below_;
  const Cancelled cancelled_;
};

class CancellableStore final : public Store, public KnownHistory, public MomentSource {
 public:
  CancellableStore(const Store& below, Cancelled cancelled)
      : below_(below), known_(dynamic_cast<const KnownHistory*>(&below)), cancelled_(std::move(cancelled)) {}

  [[nodiscard]] const OpenReport& open_report() const noexcept override { return below_.open_report(); }
  [[nodiscard]] std::shared_ptr<const Catalog> catalog() const override { return below_.catalog(); }

  [[nodiscard]] Result<std::unique_ptr<Cursor>> scan(ServerId server, Window window,
                                                     const ScanOptions& options) const override {
    return own<Cursor>([&] { return below_.scan(server, window, options); });
  }
  [[nodiscard]] Result<std::unique_ptr<DayCursor>> days(ServerId server, DayRange range,
                                                        bool with_sketch) const override {
    return own<DayCursor>([&] { return below_.days(server, range, with_sketch); });
  }
  [[nodiscard]] Result<ScanCost> scan_many(std::span<const ServerId> servers, Window window, const ScanOptions& options,
                                           const Visit& visit) const override {
    return below_.scan_many(servers, window, options, checked<Cursor>(visit));
  }
  [[nodiscard]] Result<ScanCost> days_many(std::span<const ServerId> servers, DayRange range, bool with_sketch,
                                           const VisitDays& visit) const override {
    return below_.days_many(servers, range, with_sketch, checked<DayCursor>(visit));
  }
  [[nodiscard]] Result<std::vector<std::unique_ptr<Cursor>>> scan_together(std::span<const ServerId> servers,
                                                                           Window window,
                                                                           const ScanOptions& options) const override {
    if (cancelled_()) return tl::unexpected<Error>(cancelled_error());
    auto cursors = nines::scan_together(below_, servers, window, options);
    if (!cursors) return cursors;
    for (auto& cursor : *cursors) {
      cursor = std::make_unique<CancellableCursor<Cursor>>(std::move(cursor), cancelled_);
    }
    return cursors;
  }
  [[nodiscard]] Result<std::optional<CheckResult>> last_result(ServerId server) const override {
    if (cancelled_()) return tl::unexpected<Error>(cancelled_error());
    return below_.last_result(server);
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_interval(ServerId server) const override {
    return known_ == nullptr ? std::nullopt : known_->longest_interval(server);
  }
  [[nodiscard]] std::shared_ptr<const std::vector<DaySummary>> days_in_memory(ServerId server,
                                                                              DayRange range) const override {
    return known_ == nullptr ? nullptr : known_->days_in_memory(server, range);
  }
  [[nodiscard]] StoreStats stats() const override { return below_.stats(); }
  [[nodiscard]] Health health() const override { return {false, below_.health().since, refused_error()}; }
  [[nodiscard]] std::uint64_t changes() const override { return below_.changes(); }
  /// Nothing here is open that would not end with it.
  [[nodiscard]] Result<void> close() override { return {}; }

  [[nodiscard]] Result<ServerId> add_server(Server /*server*/) override { return refused<ServerId>(); }
  [[nodiscard]] Result<void> update_server(const Server& /*server*/) override { return refused<void>(); }
  [[nodiscard]] Result<void> remove_server(ServerId /*id*/) override { return refused<void>(); }
  [[nodiscard]] Result<void> append(std::span<const CheckResult> /*results*/, Durability /*durability*/) override {
    return refused<void>();
  }
  [[nodiscard]] Result<std::vector<Rejected>> append_each(std::span<const CheckResult> /*results*/,
                                                          Durability /*durability*/) override {
    return refused<std::vector<Rejected>>();
  }
  [[nodiscard]] Result<void> load(ServerId /*server*/, std::span<const CheckResult> /*results*/) override {
    return refused<void>();
  }
  [[nodiscard]] Result<std::uint64_t> erase(ServerId /*server*/, Window /*window*/,
                                            std::optional<LocationId> /*location*/) override {
    return refused<std::uint64_t>();
  }
  [[nodiscard]] Result<void> flush() override { return refused<void>(); }
  [[nodiscard]] Result<void> seal() override { return refused<void>(); }
  [[nodiscard]] Result<void> apply_retention() override { return refused<void>(); }
  [[nodiscard]] Result<void> compact() override { return refused<void>(); }
  [[nodiscard]] Result<void> refresh() override { return tl::unexpected<Error>(no_care_error()); }
  [[nodiscard]] Result<VerifyReport> verify() const override { return tl::unexpected<Error>(no_care_error()); }
  [[nodiscard]] Result<BackupReport> backup(const std::string& /*path*/, const BackupOptions& /*options*/) override {
    return tl::unexpected<Error>(no_care_error());
  }

 private:
  template <class Value>
  [[nodiscard]] static Result<Value> refused() {
    return tl::unexpected<Error>(refused_error());
  }
  template <class AnyCursor, class Make>
  [[nodiscard]] Result<std::unique_ptr<AnyCursor>> own(const Make& make) const {
    if (cancelled_()) return tl::unexpected<Error>(cancelled_error());
    auto cursor = make();
    if (!cursor) return cursor;
    return std::make_unique<CancellableCursor<AnyCursor>>(std::move(*cursor), cancelled_);
  }
  /// A visit's cursor is its scan's, and what the visit reads beside it is read through this store.
  template <class AnyCursor, class AnyVisit>
  [[nodiscard]] AnyVisit checked(const AnyVisit& visit) const {
    return [this, &visit](std::size_t index, AnyCursor& cursor) -> Result<void> {
      if (cancelled_()) return tl::unexpected<Error>(cancelled_error());
      CancellableCursor<AnyCursor> below(cursor, cancelled_);
      return visit(index, below);
    };
  }

  const Store& below_;
  const KnownHistory* const known_;  // null where the store keeps no such knowledge
  const Cancelled cancelled_;
};

}  // namespace

std::unique_ptr<Store> cancellable(const Store& store, std::function<bool()> cancelled) {
  assert(cancelled);
  return std::make_unique<CancellableStore>(store, std::move(cancelled));
}

}  // namespace nines
