#include "engine/kv/map_kv.h"

#include <algorithm>
#include <cassert>
#include <thread>
#include <utility>
#include <vector>

namespace nines::test {

using engine::Batch;
using engine::LocalCare;
using engine::Outcome;
using engine::Range;
using engine::ReadCounts;
using engine::Reading;
using engine::View;

namespace {

Error moved() {
  return {ErrorCode::unavailable, "the server has changed since; read on behind the last key"};
}

}  // namespace

class MapKv final : public engine::Kv {
 public:
  explicit MapKv(MapCluster& cluster) : cluster_(cluster) {}
  ~MapKv() override { *alive_ = false; }
  MapKv(const MapKv&) = delete;
  MapKv& operator=(const MapKv&) = delete;

  void write(std::span<const Batch* const> batches, Durability /*durability*/, std::span<Outcome> outcomes) override {
    assert(batches.size() == outcomes.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      cluster_.begin_call();
      const auto& between = cluster_.plan_.between_batches;
      if (between) between();
      {
        const std::lock_guard lock(cluster_.mutex_);
        outcomes[i] = ended_ ? Outcome{Outcome::Applied::no, {ErrorCode::unavailable, "the connection is at its end"}}
                             : cluster_.write_locked(*batches[i]);
      }
      if (between) between();
    }
  }

  [[nodiscard]] Result<void> fence(ServerId server) override {
    cluster_.begin_call();
    const std::lock_guard lock(cluster_.mutex_);
    const MapCluster::Plan& plan = cluster_.plan_;
    if (plan.fence_fails ? plan.fence_fails() : cluster_.chance_locked(plan.failed_fences)) {
      ended_ = true;
      return fail(ErrorCode::unavailable, "fencing has timed out");
    }
    ++cluster_.servers_[server].epoch;
    return {};
  }

  [[nodiscard]] Result<std::unique_ptr<View>> view(ServerId server,
                                                   std::initializer_list<engine::Space> spaces) const override;
  [[nodiscard]] Result<std::unique_ptr<View>> view_all(engine::Space space) const override;
  [[nodiscard]] LocalCare* local() noexcept override { return nullptr; }

 private:
  MapCluster& cluster_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
  bool ended_ = false;  // guarded by the cluster's mutex
};

/// A view that has read what it hands out page by page, each page as its server was then; it is over once that is not
/// what it was when the view was made.
class MapView final : public View {
 public:
  /// `server` has no value in a view of all.
  MapView(MapCluster& cluster, std::shared_ptr<std::atomic<bool>> alive, std::optional<ServerId> server)
      : cluster_(cluster), alive_(std::move(alive)) {
    for (std::size_t i = 0; i < ranges_.size(); ++i) ranges_[i] = std::make_unique<MapRange>(*this, i);
    if (server) move_to(*server);
  }

  void move_to(ServerId server) override {
    server_ = server;
    over_ = false;
    for (auto& range : ranges_) range->end();
    const std::lock_guard lock(cluster_.mutex_);
    const MapCluster::Object& object = cluster_.servers_[server];
    version_ = object.version;
    if (cluster_.plan_.page_keys == 0) whole_ = std::make_unique<MapCluster::Spaces>(object.spaces);
  }
  [[nodiscard]] Range& range(engine::Space space, std::string_view from, std::string_view to,
                             Reading reading) override {
    MapRange& range = *ranges_[static_cast<std::size_t>(space)];
    range.begin(from, to, reading, false);
    return range;
  }
  [[nodiscard]] Range& last(engine::Space space, std::string_view from, std::string_view to) override {
    MapRange& range = *ranges_[static_cast<std::size_t>(space)];
    range.begin(from, to, {.values = true, .limit = 1}, true);
    return range;
  }
  [[nodiscard]] bool is_over() const override { return over_ || !*alive_; }
  [[nodiscard]] ReadCounts read_counts() const override { return {pages_, 0}; }

 private:
  class MapRange final : public Range {
   public:
    MapRange(MapView& view, std::size_t space) : view_(view), space_(space) {}

    void begin(std::string_view from, std::string_view to, Reading reading, bool last) {
      end();
      next_ = from;
      to_ = to;
      reading_ = reading;
      left_ = reading.limit;
      read_page(last);
    }
    void end() {
      page_.clear();
      at_ = 0;
      exhausted_ = true;
      status_ = {};
    }

    void next() override {
      assert(valid());
      ++at_;
      if (at_ == page_.size() && !exhausted_) read_page(false);
      if (view_.is_over()) fail_moved();
    }
    [[nodiscard]] bool valid() const override { return status_.has_value() && at_ < page_.size(); }
    [[nodiscard]] std::string_view key() const override { return page_[at_].first; }
    [[nodiscard]] std::string_view value() const override {
      return reading_.values ? std::string_view(page_[at_].second) : std::string_view();
    }
    [[nodiscard]] Result<void> status() const override {
      return view_.is_over() ? Result<void>(tl::unexpected<Error>(moved())) : status_;
    }

   private:
    void fail_moved() {
      page_.clear();
      at_ = 0;
      exhausted_ = true;
      status_ = tl::unexpected<Error>(moved());
    }

    void read_page(bool last) {
      view_.cluster_.begin_call();
      const std::lock_guard lock(view_.cluster_.mutex_);
      page_.clear();
      at_ = 0;
      if (!view_.check_locked()) return fail_moved();
      ++view_.pages_;
      const std::size_t limit = view_.cluster_.plan_.page_keys == 0 ? SIZE_MAX : view_.cluster_.plan_.page_keys;
      std::vector<std::pair<std::string, std::string>> found;
      exhausted_ = true;
      view_.for_each_locked(space_, next_, to_, [&](const auto& entry) {
        if (last) {
          found.assign(1, entry);
          return true;
        }
        if (found.size() == limit || (reading_.limit > 0 && left_ == found.size())) {
          exhausted_ = found.size() != limit;
          return false;
        }
        found.push_back(entry);
        return true;
      });
      page_ = std::move(found);
      if (reading_.limit > 0) {
        left_ -= static_cast<std::uint32_t>(page_.size());
        exhausted_ = exhausted_ || left_ == 0;
      }
      if (!page_.empty()) next_ = page_.back().first + '\0';
    }

    MapView& view_;
    const std::size_t space_;
    std::string next_;
    std::string to_;
    Reading reading_;
    std::uint32_t left_ = 0;
    std::vector<std::pair<std::string, std::string>> page_;
    std::size_t at_ = 0;
    bool exhausted_ = true;
    Result<void> status_;
  };

  /// Whether the server is still what it was.
  [[nodiscard]] bool check_locked() {
    if (is_over()) return false;
    if (!server_ || whole_ != nullptr || cluster_.servers_[*server_].version == version_) return true;
    ++cluster_.counts_.moved;
    over_ = true;
    return false;
  }

  template <class Take>
  void for_each_locked(std::size_t space, const std::string& from, const std::string& to, const Take& take) const {
    const auto each_of = [&](const MapCluster::Space& keys) {
      for (auto it = keys.lower_bound(from); it != keys.end() && (to.empty() || it->first < to); ++it) {
        if (!take(*it)) return false;
      }
      return true;
    };
    if (whole_ != nullptr) {
      each_of((*whole_)[space]);
    } else if (server_) {
      each_of(cluster_.servers_.at(*server_).spaces[space]);
    } else {
      for (const auto& [id, object] : cluster_.servers_) {
        if (!each_of(object.spaces[space])) return;
      }
    }
  }

  [[nodiscard]] bool begin_use() override { return !is_over(); }
  void end_use() override {}

  MapCluster& cluster_;
  const std::shared_ptr<std::atomic<bool>> alive_;
  std::optional<ServerId> server_;
  std::uint64_t version_ = 0;
  std::unique_ptr<MapCluster::Spaces> whole_;
  std::array<std::unique_ptr<MapRange>, engine::kSpaceCount> ranges_;
  bool over_ = false;
  std::uint64_t pages_ = 0;
};

Result<std::unique_ptr<View>> MapKv::view(ServerId server, std::initializer_list<engine::Space> /*spaces*/) const {
  cluster_.begin_call();
  return std::make_unique<MapView>(cluster_, alive_, server);
}

Result<std::unique_ptr<View>> MapKv::view_all(engine::Space /*space*/) const {
  cluster_.begin_call();
  return std::make_unique<MapView>(cluster_, alive_, std::nullopt);
}

std::unique_ptr<engine::Kv> MapCluster::connect() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, object] : servers_) ++object.epoch;
  return std::make_unique<MapKv>(*this);
}

MapCluster::Counts MapCluster::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

/// What is under way arrives when its time has come, between any two calls.
void MapCluster::begin_call() {
  std::chrono::microseconds pause{0};
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
    for (auto it = late_.begin(); it != late_.end();) {
      if (it->due > calls_) {
        ++it;
        continue;
      }
      const bool is_current = servers_[it->batch.server()].epoch == it->epoch;
      ++(is_current ? counts_.applied_late : counts_.fenced_off);
      if (is_current) apply_locked(it->batch);
      it = late_.erase(it);
    }
    if (plan_.delay.count() > 0)
      pause = std::chrono::microseconds{random_() % static_cast<std::uint64_t>(plan_.delay.count())};
  }
  if (pause.count() > 0) std::this_thread::sleep_for(pause);
}

bool MapCluster::chance_locked(int percent) {
  return percent > 0 && std::uniform_int_distribution<int>(1, 100)(random_) <= percent;
}

MapCluster::Fate MapCluster::fate_locked() {
  if (plan_.fate) return plan_.fate();
  if (chance_locked(plan_.refused)) return Fate::refused;
  const int lot = std::uniform_int_distribution<int>(1, 100)(random_);
  const int late_above = plan_.unknown_but_applied;
  const int lost_above = late_above + plan_.unknown_and_late;
  if (lot <= late_above) return Fate::unknown_but_applied;
  if (lot <= lost_above) return Fate::unknown_and_late;
  return lot <= lost_above + plan_.unknown_and_lost ? Fate::unknown_and_lost : Fate::applied;
}

Outcome MapCluster::write_locked(const Batch& batch) {
  const Fate fate = fate_locked();
  if (fate == Fate::refused) {
    ++counts_.refused;
    return {Outcome::Applied::no, {ErrorCode::io, "refused for once"}};
  }
  if (fate == Fate::applied || fate == Fate::unknown_but_applied) apply_locked(batch);
  if (fate == Fate::applied) return {Outcome::Applied::yes, {}};
  ++counts_.timed_out;
  if (fate == Fate::unknown_and_late) {
    const auto after = std::uniform_int_distribution<std::uint64_t>(plan_.late_from, plan_.late_to)(random_);
    late_.push_back({calls_ + after, servers_[batch.server()].epoch, batch});
  }
  return {Outcome::Applied::unknown, {ErrorCode::io, "no answer in time"}};
}

void MapCluster::apply_locked(const Batch& batch) {
  Object& object = servers_[batch.server()];
  ++object.version;
  batch.for_each([&](const Batch::Change& change) {
    Space& space = object.spaces[static_cast<std::size_t>(change.space)];
    switch (change.kind) {
      case Batch::Kind::put:
        space.insert_or_assign(std::string(change.key), std::string(change.value));
        break;
      case Batch::Kind::erase:
        space.erase(std::string(change.key));
        break;
      case Batch::Kind::erase_range:
        space.erase(space.lower_bound(std::string(change.key)), space.lower_bound(std::string(change.value)));
        break;
    }
  });
}

}  // namespace nines::test
