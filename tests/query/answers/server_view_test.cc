// A page's question says what the single questions say.
#include <nines/server_view.h>

#include "query/support/history_builder.h"
#include "query/support/random_history.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class ServerViews : public History {
 protected:
  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(ServerViews, ReadsTheWindowOnceAndAllSpansTogether) {
  checks(start_ - minutes{10}, std::string(70, 'u'));
  now_ = start_ + hours{1};
  ServerViewOptions options;
  options.figures.since = false;
  options.bars = BarOptions{6, {}, {}};
  options.latency.points = 10;
  options.spans = {{now_ - minutes{15}, now_}, {now_ - minutes{30}, now_}, {now_ - minutes{45}, now_}};
  const auto view = server_view(store_, server_.id, query(start_, now_), options);
  ASSERT_TRUE(view.has_value()) << view.error().message;
  EXPECT_EQ(view->explain.cost.range_scans, 2U);
  EXPECT_EQ(view->figures.counts.checks, 60U);
  EXPECT_EQ(view->bars.size(), 6U);
  EXPECT_EQ(view->latency.series.size(), 10U);
  ASSERT_EQ(view->spans.size(), 3U);
  EXPECT_EQ(view->spans[1].time[State::up], 30 * kMinute);
  EXPECT_EQ(view->spans[1].uptime_ratio, 1.0);
}

TEST_F(ServerViews, SaysWhatTheSingleQuestionsSay) {
  for (std::uint64_t seed = 0; seed < 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory random(seed);
    ModelStore store(options_at_2030());
    Server server = random.server();
    server.id = store.add(server);
    ASSERT_TRUE(store.append(random.results(server, 3), Durability::process).has_value());
    Query question = random.query();
    if (question.window.empty()) continue;
    question.summaries = random.chance(50) ? Summaries::always : Summaries::never;
    ServerViewOptions options;
    options.figures.places = true;
    options.bars = BarOptions{7, {}, {}};
    options.latency.target = std::chrono::milliseconds{100};
    if (random.chance(50)) options.latency.points = 5;
    options.spans = {random.query().window, question.window};
    const auto view = server_view(store, server.id, question, options);
    ASSERT_TRUE(view.has_value()) << view.error().message;
    const auto figures = uptime(store, server.id, question, options.figures);
    EXPECT_EQ(view->figures.time, figures->figures.time);
    EXPECT_EQ(view->figures.counts, figures->figures.counts);
    EXPECT_EQ(view->figures.incidents, figures->figures.incidents);
    EXPECT_EQ(view->figures.current, figures->figures.current);
    EXPECT_EQ(view->figures.places, figures->figures.places);
    EXPECT_EQ(view->bars, bars(store, server.id, question, *options.bars)->bars);
    const auto times = latency(store, server.id, question, options.latency);
    EXPECT_EQ(view->latency.total.has_value(), times->total.has_value());
    if (times->total) {
      EXPECT_EQ(view->latency.total->count, times->total->count);
    }
    EXPECT_EQ(view->latency.series, times->series);
    EXPECT_EQ(view->spans[1].time, figures->figures.time);
    EXPECT_EQ(view->spans[1].uptime_ratio, figures->figures.uptime_ratio);
    EXPECT_EQ(view->spans[1].coverage_ratio, figures->figures.coverage_ratio);
  }
}

TEST_F(ServerViews, PassesErrorsOn) {
  ServerViewOptions options;
  options.bars = BarOptions{0, {}, {}};
  EXPECT_EQ(server_view(store_, server_.id, query(start_, now_), options).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(server_view(store_, ServerId{77}, query(start_, now_)).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace nines::test
