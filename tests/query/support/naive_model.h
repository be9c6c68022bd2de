// Every figure of query/, computed the long way round: all results of a server in one list, every moment at which
// anything could change looked at by itself. Shares no code with query/ but the types of its answers.
//
// Covers: holding forward by each result's own interval, confirmation, where its rows end and that a pause begins it
// anew, quorum, the catalog's overlays with their zones, life from the first result ever, every ratio and policy,
// counts, blips, incidents whole and clipped, what is open through unknown time, the true start of the current state,
// exact latencies, bars, the last check. Does not: latency sketches, days whose results are gone (laws_test.cc compares
// those with what the answer was before), objectives (their cases are computed by hand), groups.
#pragma once

#include <optional>
#include <vector>

#include <nines/bars.h>
#include <nines/check_result.h>
#include <nines/server.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

namespace nines::test {

class NaiveModel {
 public:
  /// `results` are all of the server's, one a (location, time). Those at or after the query's now are left out.
  NaiveModel(const Server& server, const std::vector<CheckResult>& results, const Query& query);

  [[nodiscard]] Window window() const { return window_; }
  [[nodiscard]] std::vector<Span> spans() const;
  [[nodiscard]] Figures figures() const;
  [[nodiscard]] std::vector<Bar> bars(const std::vector<Window>& windows) const;
  /// Successful latencies in `window`, ascending.
  [[nodiscard]] std::vector<std::uint32_t> latencies(Window window) const;

 private:
  struct Judged {
    CheckResult result;
    State state = State::unknown;  // confirmed
    std::int64_t until_ms = 0;     // holds until here, unless a next one comes
  };
  using Location = std::vector<Judged>;

  [[nodiscard]] std::int64_t hold_ms(const CheckResult& result) const;
  void judge(Location& location) const;
  [[nodiscard]] const Judged* holding(const Location& location, std::int64_t time_ms) const;
  /// `blips_down`: failures that nothing confirms are down too.
  [[nodiscard]] State measured_at(std::int64_t time_ms, bool blips_down = false) const;

  [[nodiscard]] std::optional<State> catalog_at(std::int64_t time_ms) const;
  [[nodiscard]] State state_at(std::int64_t time_ms) const;
  void find_planned();
  void find_moments();
  struct Outage {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
    bool open = true;
    bool end_seen = true;
  };

  [[nodiscard]] std::vector<Outage> outages() const;
  [[nodiscard]] std::vector<Incident> incidents() const;
  [[nodiscard]] std::optional<TimeMs> detected_at(std::int64_t from_ms) const;
  [[nodiscard]] Incident describe(const Outage& outage) const;
  [[nodiscard]] TimeMs state_since() const;
  [[nodiscard]] CheckCounts counts(Window window) const;
  [[nodiscard]] TimePerState time(Window window) const;
  [[nodiscard]] std::optional<double> ratio(const TimePerState& time, UnknownPolicy unknown) const;
  void add_judged_times(Figures& figures) const;
  [[nodiscard]] std::vector<PlaceFigures> places() const;

  [[nodiscard]] std::optional<LastCheck> last() const;

  const Server& server_;
  Query query_;
  Window window_;
  TimeMs life_from_;
  std::vector<Location> locations_;
  std::vector<Window> planned_;        // maintenance, recurring ones occurrence by occurrence
  std::vector<std::int64_t> moments_;  // where the state may change, ascending
};

}  // namespace nines::test
