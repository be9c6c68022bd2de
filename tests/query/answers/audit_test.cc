// Figures taken apart: by hand, and over random histories, where the parts have to sum to the whole.
#include <nines/audit.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/support/history_builder.h"
#include "query/support/random_history.h"

namespace nines::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Audit : public History {
 protected:
  [[nodiscard]] AuditAnswer audit_of(TimeMs from, TimeMs to) const {
    auto answer = audit(store_, server_.id, query(from, to));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(*answer);
  }
};

TEST_F(Audit, OutageIsTheRunOfFailuresThatConfirmsIt) {
  checks(at("2026-07-01T10:00:00Z"), "uuudduuu");
  const AuditAnswer answer = audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:08:00Z"));
  ASSERT_EQ(answer.runs.size(), 3U);
  EXPECT_EQ(answer.runs[1].checks, 2U);
  EXPECT_EQ(answer.runs[1].code, 503);
  EXPECT_EQ(answer.runs[1].first, at("2026-07-01T10:03:00Z"));
  EXPECT_EQ(answer.runs[1].last, at("2026-07-01T10:04:00Z"));
  EXPECT_EQ(answer.runs[1].holds_until, at("2026-07-01T10:05:00Z"));
  EXPECT_EQ(answer.runs[2].holds_until, at("2026-07-01T10:09:40Z"));
  ASSERT_EQ(answer.stretches.size(), 3U);
  EXPECT_EQ(answer.stretches[1].window, (Window{at("2026-07-01T10:03:00Z"), at("2026-07-01T10:05:00Z")}));
  EXPECT_EQ(answer.stretches[1].state, State::down);
  EXPECT_THAT(answer.stretches[1].runs, ElementsAre(1U));
  EXPECT_EQ(answer.over_ms, 8 * kMinute);
  EXPECT_EQ(answer.bad_ms, 2 * kMinute);
  EXPECT_THAT(answer.rules, ElementsAre(Rules{}));
}

TEST_F(Audit, FailureThatNothingConfirmsIsARunThatCountsAsUp) {
  checks(at("2026-07-01T10:00:00Z"), "uuduu");
  const AuditAnswer answer = audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:05:00Z"));
  ASSERT_EQ(answer.runs.size(), 3U);
  EXPECT_EQ(answer.runs[1].measured, State::down);
  EXPECT_EQ(answer.runs[1].judged, State::up);
  EXPECT_TRUE(answer.runs[1].counted);
  EXPECT_EQ(answer.bad_ms, 0);
}

// However far back was read, and that depends on how the results are stored.
TEST_F(Audit, OfARunBeforeTheWindowOnlyTheLastCheckSpeaks) {
  checks(at("2026-07-01T10:00:00Z"), "uuuuuu");
  const AuditAnswer answer = audit_of(at("2026-07-01T10:05:01Z"), at("2026-07-01T10:06:00Z"));
  ASSERT_EQ(answer.runs.size(), 1U);
  EXPECT_EQ(answer.runs[0].first, at("2026-07-01T10:05:00Z"));
  EXPECT_EQ(answer.runs[0].last, at("2026-07-01T10:05:00Z"));
}

TEST_F(Audit, WhatHeldBeforeTheWindowIsARunWithoutChecks) {
  checks(at("2026-07-01T10:00:00Z"), "u");
  const AuditAnswer answer = audit_of(at("2026-07-01T10:01:00Z"), at("2026-07-01T10:05:00Z"));
  ASSERT_EQ(answer.runs.size(), 1U);
  EXPECT_EQ(answer.runs[0].checks, 0U);
  EXPECT_FALSE(answer.runs[0].counted);
  ASSERT_EQ(answer.stretches.size(), 2U);
  EXPECT_EQ(answer.stretches[0].window.to, at("2026-07-01T10:02:40Z"));
  EXPECT_EQ(answer.stretches[1].state, State::unknown);
  EXPECT_THAT(answer.stretches[1].runs, IsEmpty());
}

TEST_F(Audit, EntryOfTheCatalogThatDecidesIsNamedAndTheLastCorrectionWins) {
  checks(at("2026-07-01T10:00:00Z"), "uudddduu");
  change([](Server& server) {
    Maintenance planned;
    planned.once = {at("2026-07-01T10:02:00Z"), at("2026-07-01T10:04:00Z")};
    server.maintenance.push_back(planned);
    server.corrections.push_back({{at("2026-07-01T10:03:00Z"), at("2026-07-01T10:05:00Z")}, State::up, "ours"});
    server.corrections.push_back({{at("2026-07-01T10:04:00Z"), at("2026-07-01T10:05:00Z")}, State::degraded, "no"});
  });
  const AuditAnswer answer = audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:08:00Z"));
  ASSERT_EQ(answer.stretches.size(), 6U);
  EXPECT_EQ(answer.stretches[1].over, (CatalogEntry{CatalogEntry::Kind::maintenance, 0}));
  EXPECT_EQ(answer.stretches[1].state, State::maintenance);
  EXPECT_EQ(answer.stretches[1].measured, State::down);
  EXPECT_EQ(answer.stretches[2].over, (CatalogEntry{CatalogEntry::Kind::correction, 0}));
  EXPECT_EQ(answer.stretches[3].over, (CatalogEntry{CatalogEntry::Kind::correction, 1}));
  EXPECT_EQ(answer.stretches[3].state, State::degraded);
  EXPECT_EQ(answer.stretches[4].state, State::down);
  EXPECT_FALSE(answer.stretches[4].over.has_value());
  EXPECT_EQ(answer.figures.planned_down_ms, kMinute);
}

TEST_F(Audit, RulesThatChangeInTheWindowAreBothInIt) {
  change([](Server& server) {
    Rules strict;
    strict.effective_from = at("2026-07-01T10:02:00Z");
    strict.confirm_failures = 1;
    server.rules.push_back(strict);
  });
  checks(at("2026-07-01T10:00:00Z"), "uuuu");
  const AuditAnswer answer = audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:04:00Z"));
  EXPECT_EQ(answer.rules.size(), 2U);
  ASSERT_EQ(answer.runs.size(), 2U);
  EXPECT_EQ(answer.runs[1].rules_from, at("2026-07-01T10:02:00Z"));
  EXPECT_EQ(audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:02:00Z")).rules.size(), 1U);
  EXPECT_EQ(audit_of(at("2026-07-01T10:02:00Z"), at("2026-07-01T10:04:00Z")).rules.size(), 1U);
}

TEST_F(Audit, EmptyWindowHasNothingInIt) {
  const AuditAnswer answer = audit_of(at("2026-07-01T10:00:00Z"), at("2026-07-01T10:00:00Z"));
  EXPECT_THAT(answer.stretches, IsEmpty());
  EXPECT_THAT(answer.runs, IsEmpty());
  EXPECT_EQ(answer.over_ms, 0);
}

// The whole is the sum of the parts, and each part says what it counts as.
void expect_sums(const AuditAnswer& answer, const Figures& figures, const Server& server) {
  TimePerState time;
  TimePerState planned;
  TimeMs end = figures.window.from;
  for (const AuditStretch& stretch : answer.stretches) {
    EXPECT_EQ(stretch.window.from, end);
    EXPECT_FALSE(stretch.window.empty());
    end = stretch.window.to;
    time[stretch.state] += stretch.window.length().count();
    if (stretch.state == State::maintenance) planned[stretch.measured] += stretch.window.length().count();
    for (const std::uint32_t run : stretch.runs) {
      ASSERT_LT(run, answer.runs.size());
      EXPECT_LE(answer.runs[run].first, stretch.window.from);
      EXPECT_GE(answer.runs[run].holds_until, stretch.window.to);
    }
    if (!stretch.over) {
      EXPECT_EQ(stretch.state, stretch.measured);
      if (stretch.runs.empty()) {
        EXPECT_EQ(stretch.state, State::unknown);
      }
      if (stretch.runs.size() == 1 && server.rules_at(stretch.window.from).quorum <= 1) {
        EXPECT_EQ(stretch.state, answer.runs[stretch.runs[0]].judged);
      }
    } else if (stretch.over->kind == CatalogEntry::Kind::correction) {
      EXPECT_EQ(stretch.state, server.corrections[stretch.over->index].state);
      EXPECT_TRUE(server.corrections[stretch.over->index].window.contains(stretch.window.from));
    } else if (stretch.over->kind == CatalogEntry::Kind::pause) {
      EXPECT_EQ(stretch.state, State::paused);
      EXPECT_TRUE(server.paused[stretch.over->index].contains(stretch.window.from));
    } else {
      EXPECT_EQ(stretch.state, State::maintenance);
      EXPECT_LT(stretch.over->index, server.maintenance.size());
    }
  }
  EXPECT_EQ(end, figures.window.to);
  EXPECT_EQ(time.ms, figures.time.ms);
  EXPECT_EQ(planned[State::down], figures.planned_down_ms);
  CheckCounts counts;
  for (const AuditRun& run : answer.runs) {
    counts.checks += run.checks;
    if (!run.counted) continue;
    (run.measured == State::down ? counts.failed : counts.successful) += run.checks;
    if (run.measured == State::down && run.judged != State::down) counts.blips += run.checks;
  }
  EXPECT_EQ(counts, figures.counts);
  EXPECT_EQ(figures.uptime_ratio.has_value(), answer.over_ms > 0);
  if (figures.uptime_ratio) {
    EXPECT_NEAR(*figures.uptime_ratio * static_cast<double>(answer.over_ms),
                static_cast<double>(answer.over_ms - answer.bad_ms), 1.01);
  }
}

TEST(AuditLaw, PartsSumToTheFiguresOfUptime) {
  for (std::uint64_t seed = 0; seed < 300 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory random(seed);
    ModelStore store(options_at_2030());
    Server server = random.server();
    server.id = store.add(server);
    ASSERT_TRUE(store.append(random.results(server, 3), Durability::process).has_value());
    Query query = random.query();
    query.summaries = random.chance(50) ? Summaries::always : Summaries::when_long;
    const auto whole = uptime(store, server.id, query, {.latency = false});
    const auto parts = audit(store, server.id, query);
    ASSERT_TRUE(whole.has_value() && parts.has_value());
    EXPECT_EQ(parts->figures.time.ms, whole->figures.time.ms);
    EXPECT_EQ(parts->figures.counts, whole->figures.counts);
    EXPECT_EQ(parts->figures.incidents, whole->figures.incidents);
    expect_sums(*parts, whole->figures, server);
  }
}

}  // namespace
}  // namespace nines::test
