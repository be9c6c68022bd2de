#include "prober/restore.h"

#include <algorithm>
#include <optional>

#include "base/hold.h"

namespace nines::prober {
namespace {

// What a window of stored results says about a server.
struct Reading {
  Restored restored;
  /// Earlier results would change nothing: a row of successes has ended whatever outage was before it, and what lasts
  /// has begun within the window.
  bool decided = false;
};

class Reader {
 public:
  Reader(ServerId server, LocationId location, const Rules& rules)
      : server_(server), location_(location), rules_(rules) {}

  void take(const Segment& segment) {
    if (segment.location != location_) return;
    for (std::uint32_t i = 0; i < segment.size(); ++i) take(segment.at(i, server_));
  }
  [[nodiscard]] Reading finish() {
    reading_.decided = recovered_ && well_;
    for (const AlertTopic topic : {AlertTopic::degraded, AlertTopic::certificate}) {
      const Judges::TopicChange known = reading_.restored.judges.topic(topic);
      reading_.decided = reading_.decided && !(known.lasts && known.since == first_);
    }
    return std::move(reading_);
  }

 private:
  void take(CheckResult result) {
    reading_.restored.judges.apply(result, rules_);
    if (result.state == State::down) successes_ = 0;
    if (result.state == State::up || result.state == State::degraded) ++successes_;
    // What else lasts is ended by answers that are up, and certainly by as many of them in a row.
    if (result.state == State::up) ++ups_;
    if (result.state == State::down || result.state == State::degraded) ups_ = 0;
    well_ = well_ || ups_ >= rules_.confirm_successes || lasts_since_within();
    recovered_ = recovered_ || successes_ >= rules_.confirm_successes;
    if (!first_ && result.state != State::unknown) first_ = result.time;
    reading_.restored.last = std::move(result);
  }

  [[nodiscard]] bool lasts_since_within() const {
    const Judges::TopicChange degraded = reading_.restored.judges.topic(AlertTopic::degraded);
    return degraded.lasts && degraded.since != first_;
  }

  const ServerId server_;
  const LocationId location_;
  const Rules& rules_;
  Reading reading_;
  std::uint32_t successes_ = 0;  // in a row
  std::uint32_t ups_ = 0;        // likewise, of answers that were neither down nor degraded
  bool well_ = false;            // whether a degraded server's incident lasts is known from the window alone
  bool recovered_ = false;       // there was a row of as many as end an outage
  std::optional<TimeMs> first_;  // of the known results
};

Result<Reading> read(const Store& store, ServerId server, LocationId location, const Rules& rules, Window window) {
  ScanOptions options;
  options.columns = {.latency = false, .phases = false, .details = true};
  const auto cursor = store.scan(server, window, options);
  if (!cursor) return tl::unexpected(cursor.error());
  Reader reader(server, location, rules);
  for (;;) {
    const Result<const Segment*> segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return reader.finish();
    reader.take(**segment);
  }
}

// When the last pause ended, or now in one: what was before it is over.
TimeMs pause_end(const Store& store, ServerId id, TimeMs now) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(id);
  if (server == nullptr) return from_ms(0);
  const auto later = std::find_if(server->paused.rbegin(), server->paused.rend(),
                                  [now](const Window& pause) { return pause.from < now; });
  return later == server->paused.rend() ? from_ms(0) : std::min(later->to, now);
}

// Each further look goes so much further back: an outage of a year takes nine.
constexpr int kReachGrowth = 4;

}  // namespace

Result<Restored> restore(const Store& store, ServerId server, LocationId location, const Rules& rules, TimeMs now) {
  // What a clock that was ahead has left behind says nothing yet.
  const Result<std::vector<CheckResult>> newest = store.newest(server, now + std::chrono::milliseconds{1}, 1);
  if (!newest) return tl::unexpected(newest.error());
  if (newest->empty()) return Restored{};

  const CheckResult& last = newest->front();
  const TimeMs floor = pause_end(store, server, now);
  if (last.time < floor) return Restored{{}, last, std::nullopt};
  const int row = std::max(rules.confirm_failures, rules.confirm_successes) + 2;
  const std::chrono::milliseconds interval =
      last.interval_ms != 0 ? std::chrono::milliseconds{last.interval_ms} : rules.interval;
  std::chrono::milliseconds reach = std::max(engine::hold_of(rules, last.interval_ms), interval * row);
  for (;; reach *= kReachGrowth) {
    const Window window{reach < last.time - floor ? last.time - reach : floor,
                        last.time + std::chrono::milliseconds{1}};
    Result<Reading> reading = read(store, server, location, rules, window);
    if (!reading) return tl::unexpected(reading.error());
    if (reading->decided || window.from == floor) return std::move(reading->restored);
  }
}

}  // namespace nines::prober
