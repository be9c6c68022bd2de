#include <nines/state_feed.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nines/dashboard.h>
#include <nines/uptime.h>

namespace nines {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A state needs no long window: what holds at its start is looked for before it.
constexpr std::chrono::minutes kWindow{1};
/// A result that is ahead of the clock by no more is judged at once; one that is further ahead when its time has come.
constexpr std::chrono::seconds kLittleAhead{1};
constexpr std::chrono::hours kLongestWait{24 * 365};
constexpr milliseconds kOneMs{1};

class StoreStateFeed final : public StateFeed {
 public:
  StoreStateFeed(Store& store, StateFeedOptions options, std::unique_ptr<Feed> feed)
      : store_(store), options_(std::move(options)), feed_(std::move(feed)) {}

  /// The states of all servers, as what changes are from.
  [[nodiscard]] Result<void> begin() {
    const auto judged = judge({}, now());
    if (!judged) return tl::unexpected(judged.error());
    looked_at_ = steady_clock::now();
    begun_ = true;
    return {};
  }

  [[nodiscard]] Result<std::vector<ChangedState>> next(milliseconds wait) override {
    const auto until = steady_clock::now() + std::clamp<milliseconds>(wait, {}, kLongestWait);
    for (;;) {
      const auto due = all_due_ ? steady_clock::now() : looked_at_ + options_.look_every;
      const auto slice_end = std::min(until, due);
      const auto slice = std::chrono::ceil<milliseconds>(slice_end - steady_clock::now());
      auto batch = feed_->next(slice);
      if (!batch) return tl::unexpected(batch.error());
      const bool nothing = batch->results.empty() && batch->dropped.empty();
      const auto here = steady_clock::now();
      const bool look = here >= due;
      if (nothing && here < slice_end) return std::vector<ChangedState>{};  // woken
      if (!nothing || look) {
        auto changes = changes_by(*batch, look);
        if (!changes || !changes->empty()) return changes;
      }
      if (here >= until) return std::vector<ChangedState>{};
    }
  }

  void wake() noexcept override { feed_->wake(); }

 private:
  [[nodiscard]] TimeMs now() const {
    return options_.clock ? options_.clock()
                          : std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }

  [[nodiscard]] Result<std::vector<ChangedState>> changes_by(const FeedBatch& batch, bool look) {
    std::set<ServerId> touched;
    TimeMs newest{};
    for (const DroppedResults& dropped : batch.dropped) {
      if (dropped.server == ServerId{}) look = true;
      touched.insert(dropped.server);
    }
    for (const CheckResult& result : batch.results) {
      touched.insert(result.server);
      newest = std::max(newest, result.time);
    }
    // What was taken out of the feed is not in it any more: where this fails, all are judged the next time.
    all_due_ = true;
    const TimeMs clock = now();
    auto changes =
        judge(look ? std::set<ServerId>{} : touched, std::max(clock, std::min(newest + kOneMs, clock + kLittleAhead)));
    if (!changes) return changes;
    all_due_ = false;
    if (look) looked_at_ = steady_clock::now();
    return changes;
  }

  /// Judges the servers `some`, or all when there are none, and notes what they are now.
  [[nodiscard]] Result<std::vector<ChangedState>> judge(const std::set<ServerId>& some, TimeMs at) {
    const auto catalog = store_.catalog();
    std::vector<std::string> names;
    for (const ServerId id : some) {
      if (const Server* const server = catalog->find(id)) names.push_back(server->name);
    }
    if (!some.empty() && names.empty()) return std::vector<ChangedState>{};
    DashboardOptions options;
    options.filter.names = std::move(names);
    options.figures = {.latency = false, .details = false, .since = false, .places = false};
    Query query;
    query.window = {at - kWindow, at};
    query.now = at;
    query.policy = options_.policy;
    auto board = dashboard(store_, query, options);
    if (!board) {
      // One of them was removed after the catalog was looked at.
      if (board.error().code == ErrorCode::not_found && !some.empty()) return judge({}, at);
      return tl::unexpected(board.error());
    }
    return compare(*board, query, some.empty());
  }

  [[nodiscard]] Result<std::vector<ChangedState>> compare(const Dashboard& board, const Query& query, bool all) {
    std::vector<ChangedState> changes;
    std::map<ServerId, State> states = all ? std::map<ServerId, State>{} : states_;
    for (const DashboardRow& row : board.rows) {
      const State state = state_now(row.figures);
      states[row.server] = state;
      const auto known = states_.find(row.server);
      const State before = known == states_.end() ? State::unknown : known->second;
      if (state == before || !begun_) continue;
      ChangedState change{row.server, row.name, before, state, query.window.from};
      const auto whole = uptime(store_, row.server, query, {.latency = false, .details = false});
      if (whole && whole->figures.current) change.since = whole->figures.current->since;
      changes.push_back(std::move(change));
    }
    std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.server < b.server; });
    states_.swap(states);
    return changes;
  }

  Store& store_;
  const StateFeedOptions options_;
  const std::unique_ptr<Feed> feed_;
  std::map<ServerId, State> states_;
  steady_clock::time_point looked_at_;
  bool begun_ = false;
  bool all_due_ = false;
};

}  // namespace

Result<std::unique_ptr<StateFeed>> StateFeed::create(Store& store, StateFeedOptions options) {
  if (options.look_every < kOneMs) return fail(ErrorCode::invalid_argument, "look_every is less than a millisecond");
  auto feed = subscribe(store, options.feed);
  if (!feed) return tl::unexpected(feed.error());
  auto made = std::make_unique<StoreStateFeed>(store, std::move(options), std::move(*feed));
  if (auto begun = made->begin(); !begun) return tl::unexpected(begun.error());
  return made;
}

}  // namespace nines
