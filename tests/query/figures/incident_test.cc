// Incidents: causes, own and clipped times, merging, and what is computed from them.
#include <nines/incident.h>
#include <nines/reaction.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Optional;

class Incidents : public History {
 protected:
  [[nodiscard]] std::vector<Incident> incidents_in(TimeMs from, TimeMs to) const { return figures(from, to).incidents; }

  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(Incidents, NamesItsFirstFailure) {
  checks(start_, "uudd");
  check(start_ + minutes{4}, 'd');
  CheckResult other = *store_.last_result(server_.id).value();
  other.time = start_ + minutes{4};
  other.code = 500;
  other.detail = "another failure";
  put(other);
  check(start_ + minutes{5}, 'u');
  const auto found = incidents_in(start_, start_ + minutes{6});
  ASSERT_EQ(found.size(), 1U);
  Incident expected;
  expected.server = server_.id;
  expected.from = start_ + minutes{2};
  expected.to = start_ + minutes{5};
  expected.detected_at = start_ + minutes{3};
  expected.duration_ms = expected.window_ms = expected.window_down_ms = expected.down_ms = 3 * kMinute;
  expected.failed_checks = 3;
  expected.code = 503;
  expected.error = ErrorClass::http_status;
  expected.detail = "at 2026-07-14T10:02:00.000Z";
  expected.locations = {LocationId{0}};
  EXPECT_EQ(found[0], expected);
}

TEST_F(Incidents, UnconfirmedFailureIsNone) {
  checks(start_, "uudu");
  EXPECT_TRUE(incidents_in(start_, start_ + minutes{4}).empty());
}

TEST_F(Incidents, BegunBeforeTheWindowIsTheWholeOneWithItsPartInside) {
  checks(start_, "udddduu");
  const auto found = incidents_in(start_ + minutes{3}, start_ + minutes{7});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from, start_ + minutes{1});
  EXPECT_EQ(found[0].to, start_ + minutes{5});
  EXPECT_EQ(found[0].duration_ms, 4 * kMinute);
  EXPECT_EQ(found[0].window_ms, 2 * kMinute);
  EXPECT_EQ(found[0].failed_checks, 4U);
  EXPECT_EQ(found[0].detail, "at 2026-07-14T10:01:00.000Z");
  EXPECT_FALSE(found[0].down_at_window_end);
}

TEST_F(Incidents, BegunDaysBeforeTheWindowShowsItsOwnStart) {
  checks(start_, "u");
  checks(start_ + minutes{1}, std::string(std::size_t{6} * 24 * 60, 'd'));
  const TimeMs from = start_ + hours{24 * 5};
  const auto answer = uptime(store_, server_.id, query(from, from + hours{1}));
  ASSERT_EQ(answer->figures.incidents.size(), 1U);
  const Incident& incident = answer->figures.incidents[0];
  EXPECT_EQ(incident.from, start_ + minutes{1});
  EXPECT_TRUE(incident.ongoing());
  EXPECT_EQ(incident.duration_ms, (now_ - start_ - minutes{1}).count());
  EXPECT_EQ(incident.window_ms, kHour);
  EXPECT_EQ(incident.failed_checks, 8039U) << "one a minute until now";
  EXPECT_EQ(incident.detail, "at 2026-07-14T10:01:00.000Z");
  EXPECT_GT(answer->explain.cost.range_scans, 1U) << "looking back is counted";
  EXPECT_THAT(answer->explain.plan, ::testing::Contains(::testing::Field(&PlanStep::reason, Reason::look_back)));
}

TEST_F(Incidents, IsOngoingWhenNotOverAtTheWindowsEnd) {
  checks(start_, "uuddd");
  now_ = start_ + minutes{5};
  const Figures now = figures(start_, now_);
  ASSERT_EQ(now.incidents.size(), 1U);
  EXPECT_TRUE(now.incidents[0].ongoing());
  EXPECT_EQ(now.incidents[0].duration_ms, 3 * kMinute);
  EXPECT_EQ(now.mttr_ms, std::nullopt);
  EXPECT_EQ(now.longest_outage_ms, 3 * kMinute);
}

TEST_F(Incidents, EndingAtTheWindowsEndIsOver) {
  checks(start_, "uudduu");
  const auto found = incidents_in(start_, start_ + minutes{4});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to, start_ + minutes{4});
}

TEST_F(Incidents, RecoveryAtTheWindowsEndIsConfirmedByWhatFollows) {
  change([](Server& server) { server.rules[0].confirm_successes = 2; });
  checks(start_, "uudd");
  checks(start_ + minutes{4}, "u.........u");
  const auto found = incidents_in(start_, start_ + minutes{4});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to, start_ + minutes{4});
}

TEST_F(Incidents, StaysOpenWhereNothingIsKnown) {
  checks(start_, "uudd");
  now_ = start_ + minutes{20};
  const auto found = incidents_in(start_, now_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].ongoing());
  EXPECT_TRUE(found[0].down_at_window_end);
  EXPECT_EQ(found[0].duration_ms, 18 * kMinute);
  EXPECT_EQ(found[0].down_ms, kMinute + 160 * kSecond);
}

TEST_F(Incidents, EndsWhereKnowledgeRanOutWhenTheNextThatIsKnownIsUp) {
  checks(start_, "uudd......u");
  const auto found = incidents_in(start_, start_ + minutes{11});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to, start_ + minutes{3} + seconds{160});
  EXPECT_FALSE(found[0].end_seen);
  EXPECT_EQ(found[0].down_ms, found[0].duration_ms);
}

TEST_F(Incidents, IsOneWhenItIsStillDownAfterUnknownTime) {
  checks(start_, "uddd..........ddu");
  const auto found = incidents_in(start_, start_ + minutes{17});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from, start_ + minutes{1});
  EXPECT_EQ(found[0].to, start_ + minutes{16});
  EXPECT_TRUE(found[0].end_seen);
  EXPECT_EQ(found[0].duration_ms, 15 * kMinute);
  EXPECT_EQ(found[0].down_ms, 2 * kMinute + 160 * kSecond + 2 * kMinute);
  EXPECT_EQ(found[0].failed_checks, 5U);
}

TEST_F(Incidents, IsTheSameInAWindowOfItsUnknownTime) {
  checks(start_, "uddd..........ddu");
  const auto whole = incidents_in(start_, start_ + minutes{17});
  auto inside = incidents_in(start_ + minutes{8}, start_ + minutes{10});
  ASSERT_EQ(inside.size(), 1U);
  EXPECT_EQ(inside[0].window_ms, 2 * kMinute);
  EXPECT_TRUE(inside[0].down_at_window_end);
  EXPECT_EQ(inside[0].window_down_ms, 0);
  inside[0].window_ms = whole[0].window_ms;
  inside[0].window_down_ms = whole[0].window_down_ms;
  inside[0].down_at_window_end = whole[0].down_at_window_end;
  EXPECT_EQ(inside[0], whole[0]);
}

TEST_F(Incidents, OfAPastWindowHasTheEndThatCameAfterIt) {
  checks(start_, "uddddddduu");
  const auto found = incidents_in(start_, start_ + minutes{4});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].to, start_ + minutes{8});
  EXPECT_EQ(found[0].duration_ms, 7 * kMinute);
  EXPECT_EQ(found[0].window_ms, 3 * kMinute);
  EXPECT_TRUE(found[0].down_at_window_end);
}

TEST_F(Incidents, HasRecoveredInsideTheGapThatMergingJoined) {
  change([](Server& server) { server.rules[0].merge_within = minutes{10}; });
  checks(start_, "udduuuudd");
  now_ = start_ + minutes{9};
  const auto inside = incidents_in(start_ + minutes{4}, start_ + minutes{6});
  ASSERT_EQ(inside.size(), 1U);
  EXPECT_FALSE(inside[0].down_at_window_end);
  EXPECT_EQ(inside[0].from, start_ + minutes{1});
  EXPECT_EQ(inside[0].duration_ms, 8 * kMinute);
  EXPECT_EQ(inside[0].down_ms, 4 * kMinute);
}

TEST_F(Incidents, FailureInACorrectionCountsNowhere) {
  checks(start_, "uddddu");
  change([&](Server& server) {
    server.corrections.push_back({{start_ + minutes{2}, start_ + minutes{4}}, State::down, "as seen by customers"});
  });
  const Figures f = figures(start_, start_ + minutes{6});
  ASSERT_EQ(f.incidents.size(), 1U);
  EXPECT_EQ(f.incidents[0].down_ms, 4 * kMinute);
  EXPECT_EQ(f.incidents[0].failed_checks, 2U);
  EXPECT_EQ(f.counts.failed, 2U);
}

TEST_F(Incidents, TimeToRepairIsOfWholeOutagesThatEndInTheWindowAndTimeBetweenOfThoseThatBegin) {
  checks(start_, "udddddduuuuuddu");
  const Figures first = figures(start_, start_ + minutes{6});
  EXPECT_EQ(first.mttr_ms, std::nullopt) << "it ends later";
  EXPECT_THAT(first.mtbf_ms, Optional(DoubleEq(1.0 * kMinute)));
  const Figures second = figures(start_ + minutes{6}, start_ + minutes{10});
  EXPECT_THAT(second.mttr_ms, Optional(DoubleEq(6.0 * kMinute)));
  EXPECT_EQ(second.mtbf_ms, std::nullopt) << "it began earlier";
  EXPECT_EQ(second.longest_outage_ms, 6 * kMinute);
}

TEST_F(Incidents, CloseOnesJoinWhenTheRulesSaySo) {
  checks(start_, "udduuddu");
  EXPECT_EQ(incidents_in(start_, start_ + minutes{8}).size(), 2U);
  change([](Server& server) { server.rules[0].merge_within = minutes{2}; });
  EXPECT_EQ(incidents_in(start_, start_ + minutes{8}).size(), 2U) << "two minutes apart is not closer than two minutes";
  change([](Server& server) { server.rules[0].merge_within = minutes{2} + std::chrono::milliseconds{1}; });
  const auto joined = incidents_in(start_, start_ + minutes{8});
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_EQ(joined[0].from, start_ + minutes{1});
  EXPECT_EQ(joined[0].to, start_ + minutes{7});
  EXPECT_EQ(joined[0].duration_ms, 6 * kMinute);
  EXPECT_EQ(joined[0].down_ms, 4 * kMinute);
  EXPECT_EQ(joined[0].failed_checks, 4U);
}

TEST_F(Incidents, MergingReachesBackBeforeTheWindow) {
  change([](Server& server) { server.rules[0].merge_within = minutes{5}; });
  checks(start_, "udduuudduuuddu");
  const auto found = incidents_in(start_ + minutes{10}, start_ + minutes{14});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from, start_ + minutes{1});
  EXPECT_EQ(found[0].duration_ms, 12 * kMinute);
  EXPECT_EQ(found[0].window_ms, 3 * kMinute);
  EXPECT_EQ(found[0].down_ms, 6 * kMinute);
}

TEST_F(Incidents, MaintenanceCutsAnOutage) {
  checks(start_, "uddddddu");
  change([&](Server& server) {
    Maintenance planned;
    planned.once = {start_ + minutes{3}, start_ + minutes{5}};
    server.maintenance.push_back(planned);
  });
  const auto found = incidents_in(start_, start_ + minutes{8});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].to, start_ + minutes{3});
  EXPECT_EQ(found[1].from, start_ + minutes{5});
  EXPECT_EQ(found[1].failed_checks, 2U);
}

TEST_F(Incidents, CorrectionToDownIsOneWithoutACheck) {
  checks(start_, "uuuuuu");
  change([&](Server& server) {
    server.corrections.push_back({{start_ + minutes{2}, start_ + minutes{4}}, State::down, "billing was broken"});
  });
  const auto found = incidents_in(start_, start_ + minutes{6});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].duration_ms, 2 * kMinute);
  EXPECT_EQ(found[0].failed_checks, 0U);
  EXPECT_EQ(found[0].error, ErrorClass::none);
  EXPECT_TRUE(found[0].locations.empty());
}

TEST_F(Incidents, ListsTheLocationsThatWereDown) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "udddu", LocationId{1});
  checks(start_, "uuuuu", LocationId{2});
  checks(start_ + seconds{10}, "uuddu", LocationId{3});
  const auto found = incidents_in(start_, start_ + minutes{5});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from, start_ + minutes{2} + seconds{10}) << "the second of three makes the majority";
  EXPECT_EQ(found[0].to, start_ + minutes{4});
  EXPECT_THAT(found[0].locations, ElementsAre(LocationId{1}, LocationId{3}));
  EXPECT_EQ(found[0].failed_checks, 3U) << "one of location 1, two of location 3";
  EXPECT_EQ(found[0].detail, "at 2026-07-14T10:02:10.000Z");
}

TEST_F(Incidents, MeansAreOverTheWindow) {
  checks(start_, "udduuuddddud");
  const Figures f = figures(start_, start_ + minutes{12});
  ASSERT_EQ(f.incidents.size(), 2U);
  EXPECT_THAT(f.mttr_ms, Optional(DoubleEq(3.0 * kMinute)));
  EXPECT_THAT(f.mtbf_ms, Optional(DoubleEq(6.0 * kMinute / 2)));
  EXPECT_EQ(f.longest_outage_ms, 4 * kMinute);
}

TEST_F(Incidents, DownTimesSumUpToTheDownTime) {
  checks(start_, "uddudduddunnddduu..dd...u");
  const Figures f = figures(start_, start_ + minutes{25});
  std::int64_t sum_ms = 0;
  for (const Incident& incident : f.incidents) sum_ms += incident.down_ms;
  EXPECT_EQ(sum_ms, f.time[State::down]);
}

TEST_F(Incidents, DownTimeIsToldByCause) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "udduduuuuu");
  check(start_ + minutes{6}, 'd');
  CheckResult refused = *store_.last_result(server_.id).value();
  refused.time = start_ + minutes{8};
  refused.error = ErrorClass::connect_refused;
  refused.state = State::down;
  refused.code = 0;
  put(refused);
  const auto causes = downtime_by_cause(figures(start_, start_ + minutes{10}).incidents);
  const std::vector<CauseDowntime> expected = {{ErrorClass::http_status, 503, 3, 4 * kMinute},
                                               {ErrorClass::connect_refused, 0, 1, kMinute}};
  EXPECT_EQ(causes, expected);
  EXPECT_TRUE(downtime_by_cause({}).empty());
}

TEST_F(Incidents, ListOfAllServersIsInOrderOfTime) {
  checks(start_, "uuuuddu");
  Server other = server_;
  other.name = "other";
  other.id = store_.add(other);
  const ServerId first = server_.id;
  server_ = other;
  checks(start_, "udduuuu");
  const auto list = incidents(store_, {}, query(start_, start_ + minutes{7}));
  ASSERT_TRUE(list.has_value());
  ASSERT_EQ(list->incidents.size(), 2U);
  EXPECT_EQ(list->incidents[0].server, other.id);
  EXPECT_EQ(list->incidents[1].server, first);
  EXPECT_EQ(list->explain.cost.range_scans, 2U);
  const ServerId only[] = {first};
  EXPECT_EQ(incidents(store_, only, query(start_, start_ + minutes{7}))->incidents.size(), 1U);
}

TEST_F(Incidents, IncidentIsDetectedByTheFailureThatConfirmsIt) {
  change([](Server& server) { server.rules[0].confirm_failures = 3; });
  checks(at("2026-07-01T10:00:00Z"), "uudddddu");
  const auto incident = figures(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:08:00Z")).incidents.at(0);
  EXPECT_EQ(incident.from, at("2026-07-01T10:02:00Z"));
  EXPECT_EQ(incident.detected_at, at("2026-07-01T10:04:00Z"));
}

TEST_F(Incidents, IncidentOfSeveralPlacesIsDetectedWithTheOneThatMakesTheQuorum) {
  change([](Server& server) { server.rules[0].quorum = 2; });
  checks(at("2026-07-01T10:00:00Z"), "uuddddddu", LocationId{1});
  checks(at("2026-07-01T10:00:20Z"), "uuuuddddu", LocationId{2});
  const auto incident = figures(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:10:00Z")).incidents.at(0);
  EXPECT_EQ(incident.from, at("2026-07-01T10:04:20Z"));
  EXPECT_EQ(incident.detected_at, at("2026-07-01T10:05:20Z"));
}

TEST_F(Incidents, DetectionIsNotBeforeTheStartThatMaintenanceDelays) {
  change([](Server& server) {
    Maintenance planned;
    planned.once = {at("2026-07-01T10:00:00Z"), at("2026-07-01T10:05:00Z")};
    server.maintenance = {planned};
  });
  checks(at("2026-07-01T10:00:00Z"), "uuddddddu");
  const auto incident = figures(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:09:00Z")).incidents.at(0);
  EXPECT_EQ(incident.from, at("2026-07-01T10:05:00Z"));
  EXPECT_EQ(incident.detected_at, at("2026-07-01T10:05:00Z"));
}

TEST_F(Incidents, OutageThatACorrectionDeclaresWasDetectedByNoCheck) {
  change([](Server& server) {
    server.corrections = {{{at("2026-07-01T10:02:00Z"), at("2026-07-01T10:04:00Z")}, State::down, ""}};
  });
  checks(at("2026-07-01T10:00:00Z"), "uuuuuu");
  const auto incident = figures(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:06:00Z")).incidents.at(0);
  EXPECT_FALSE(incident.detected_at.has_value());
}

TEST_F(Incidents, AnnotationsBelongToTheIncidentThatHoldsTheirMoment) {
  checks(at("2026-07-01T10:00:00Z"), "uddudduu");
  const TimeMs first = at("2026-07-01T10:01:00Z");
  const TimeMs second = at("2026-07-01T10:04:00Z");
  change([&](Server& server) {
    using Kind = Annotation::Kind;
    server.annotations = {{Kind::note, second, second, "ann", "disk full"},
                          {Kind::acknowledged, first, second + std::chrono::minutes{1}, "bob", ""},
                          {Kind::acknowledged, first, second + std::chrono::minutes{2}, "ann", "again"}};
  });
  const auto incidents = figures(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:08:00Z")).incidents;
  ASSERT_EQ(incidents.size(), 2U);
  EXPECT_EQ(annotations_of(server_, incidents[0]).size(), 2U);
  EXPECT_EQ(acknowledged_at(annotations_of(server_, incidents[0])), second + std::chrono::minutes{1});
  EXPECT_EQ(annotations_of(server_, incidents[1]).size(), 1U);
  EXPECT_FALSE(acknowledged_at(annotations_of(server_, incidents[1])).has_value());
}

TEST_F(Incidents, MeanTimesToDetectAndToAcknowledgeAreOfThoseThatBeganInTheWindow) {
  const TimeMs ten = at("2026-07-01T10:00:00Z");
  const TimeMs later = at("2026-07-01T11:30:00Z");
  change([&](Server& server) {
    server.rules[0].confirm_failures = 3;
    server.annotations = {
        {Annotation::Kind::acknowledged, ten + minutes{3}, ten + minutes{8}, "ann", ""},
        {Annotation::Kind::acknowledged, ten + minutes{3}, ten + minutes{20}, "bob", "a second time"},
        {Annotation::Kind::note, later, later + minutes{1}, "ann", "no acknowledgement"},
    };
  });
  checks(ten, "uuddddd" + std::string(83, 'u'));
  checks(later, "dddd.du");  // the third failure two minutes after the first
  const auto both = incidents_in(ten, ten + hours{2});
  ASSERT_EQ(both.size(), 2U);
  const ReactionTimes of_both = reaction_times(both, server_, ten);
  EXPECT_THAT(of_both.mttd_ms, Optional(DoubleEq(2.0 * kMinute)));
  EXPECT_THAT(of_both.mtta_ms, Optional(DoubleEq(6.0 * kMinute)));
  const auto cut = incidents_in(ten + minutes{4}, ten + hours{2});
  ASSERT_EQ(cut.size(), 2U) << "the first began before";
  const ReactionTimes of_second = reaction_times(cut, server_, ten + minutes{4});
  EXPECT_THAT(of_second.mttd_ms, Optional(DoubleEq(2.0 * kMinute)));
  EXPECT_EQ(of_second.mtta_ms, std::nullopt);
  EXPECT_EQ(reaction_times({both.data(), 1}, server_, ten + minutes{4}), ReactionTimes{}) << "it counts where it began";
}

TEST_F(Incidents, AcknowledgedBeforeItsStartIsAcknowledgedAtOnceAndACorrectionIsDetectedByNobody) {
  const TimeMs ten = at("2026-07-01T10:00:00Z");
  change([&](Server& server) {
    server.corrections = {{{ten + minutes{2}, ten + minutes{4}}, State::down, ""}};
    server.annotations = {{Annotation::Kind::acknowledged, ten + minutes{3}, ten + minutes{1}, "ann", ""}};
  });
  checks(ten, "uuuuuu");
  const ReactionTimes reaction = reaction_times(incidents_in(ten, ten + minutes{6}), server_, ten);
  EXPECT_EQ(reaction.mttd_ms, std::nullopt);
  EXPECT_THAT(reaction.mtta_ms, Optional(DoubleEq(0)));
}

}  // namespace
}  // namespace nines::test
