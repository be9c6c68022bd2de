// What the catalog lays over results: maintenance in time zones, pauses, corrections, and their order.
#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// The overlay as text: state and times, one a line.
std::string overlay_text(const Server& server, std::string_view from, std::string_view to,
                         MaintenancePolicy policy = MaintenancePolicy::exclude) {
  const auto spans = overlay(server, {at(from), at(to)}, policy);
  EXPECT_TRUE(spans.has_value());
  std::string text;
  for (const Span& span : *spans) {
    text += std::string(to_string(span.state)) + " " + format_time(from_ms(span.from_ms)).substr(0, 16) + " " +
            format_time(from_ms(span.to_ms)).substr(0, 16) + "\n";
  }
  return text;
}

Maintenance recurring(Maintenance::Repeat repeat, std::chrono::minutes start, std::chrono::minutes length,
                      std::string zone) {
  Maintenance planned;
  planned.repeat = repeat;
  planned.start = start;
  planned.length = length;
  planned.timezone = std::move(zone);
  return planned;
}

TEST(Overlay, WeeklyMaintenanceFollowsTheLocalClock) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::weekly, hours{4}, hours{1}, "Europe/Paris")};
  server.maintenance[0].weekdays = 1U << 0U;  // Sunday
  EXPECT_EQ(overlay_text(server, "2026-03-20", "2026-04-06"),
            "maintenance 2026-03-22T03:00 2026-03-22T04:00\n"
            "maintenance 2026-03-29T02:00 2026-03-29T03:00\n"
            "maintenance 2026-04-05T02:00 2026-04-05T03:00\n");
}

TEST(Overlay, SkippedLocalTimeBeginsAtTheClockChange) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, hours{2} + minutes{30}, hours{1}, "Europe/Paris")};
  EXPECT_EQ(overlay_text(server, "2026-03-28", "2026-03-30"),
            "maintenance 2026-03-28T01:30 2026-03-28T02:30\n"
            "maintenance 2026-03-29T01:00 2026-03-29T02:00\n");
}

TEST(Overlay, RepeatedLocalTimeIsTheFirst) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, hours{2} + minutes{30}, hours{1}, "Europe/Paris")};
  EXPECT_EQ(overlay_text(server, "2026-10-25", "2026-10-26"), "maintenance 2026-10-25T00:30 2026-10-25T01:30\n");
}

TEST(Overlay, MonthlyMaintenanceSkipsMonthsWithoutTheDay) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::monthly, minutes{0}, hours{2}, "UTC")};
  server.maintenance[0].day_of_month = 31;
  EXPECT_EQ(overlay_text(server, "2026-03-01", "2026-06-01"),
            "maintenance 2026-03-31T00:00 2026-03-31T02:00\n"
            "maintenance 2026-05-31T00:00 2026-05-31T02:00\n");
}

TEST(Overlay, MaintenanceThatReachesIntoTheWindowCounts) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, hours{23}, hours{2}, "UTC")};
  EXPECT_EQ(overlay_text(server, "2026-07-14", "2026-07-15"),
            "maintenance 2026-07-14T00:00 2026-07-14T01:00\n"
            "maintenance 2026-07-14T23:00 2026-07-15T00:00\n");
}

TEST(Overlay, OverlappingOccurrencesAreOneStretch) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, minutes{0}, hours{30}, "UTC")};
  EXPECT_EQ(overlay_text(server, "2026-07-14", "2026-07-16"), "maintenance 2026-07-14T00:00 2026-07-16T00:00\n");
}

TEST(Overlay, OnlyStartsInsideTheEffectiveWindowCount) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, hours{1}, hours{1}, "UTC")};
  server.maintenance[0].effective = {at("2026-07-14T01:00:00Z"), at("2026-07-15T01:00:00Z")};
  EXPECT_EQ(overlay_text(server, "2026-07-13", "2026-07-17"), "maintenance 2026-07-14T01:00 2026-07-14T02:00\n");
}

TEST(Overlay, CorrectionsWinOverPausesAndThoseOverMaintenance) {
  Server server;
  Maintenance planned;
  planned.once = {at("2026-07-14T00:00:00Z"), at("2026-07-14T10:00:00Z")};
  server.maintenance = {planned};
  server.paused = {{at("2026-07-14T02:00:00Z"), at("2026-07-14T08:00:00Z")}};
  server.corrections = {{{at("2026-07-14T04:00:00Z"), at("2026-07-14T06:00:00Z")}, State::down, ""},
                        {{at("2026-07-14T05:00:00Z"), at("2026-07-14T05:30:00Z")}, State::up, ""}};
  EXPECT_EQ(overlay_text(server, "2026-07-14", "2026-07-15"),
            "maintenance 2026-07-14T00:00 2026-07-14T02:00\n"
            "paused 2026-07-14T02:00 2026-07-14T04:00\n"
            "down 2026-07-14T04:00 2026-07-14T05:00\n"
            "up 2026-07-14T05:00 2026-07-14T05:30\n"
            "down 2026-07-14T05:30 2026-07-14T06:00\n"
            "paused 2026-07-14T06:00 2026-07-14T08:00\n"
            "maintenance 2026-07-14T08:00 2026-07-14T10:00\n");
}

TEST(Overlay, MeasuredMaintenanceIsLeftOutWithTheCorrectionsToIt) {
  Server server;
  Maintenance planned;
  planned.once = {at("2026-07-14T00:00:00Z"), at("2026-07-14T10:00:00Z")};
  server.maintenance = {planned};
  server.corrections = {{{at("2026-07-14T12:00:00Z"), at("2026-07-14T13:00:00Z")}, State::maintenance, ""},
                        {{at("2026-07-14T14:00:00Z"), at("2026-07-14T15:00:00Z")}, State::unknown, ""}};
  EXPECT_EQ(overlay_text(server, "2026-07-14", "2026-07-15", MaintenancePolicy::as_measured),
            "unknown 2026-07-14T14:00 2026-07-14T15:00\n");
}

TEST(Overlay, OpenPauseReachesToTheWindowsEnd) {
  Server server;
  server.paused = {{at("2026-07-14T20:00:00Z"), kTimeLimit}};
  EXPECT_EQ(overlay_text(server, "2026-07-14", "2026-07-15"), "paused 2026-07-14T20:00 2026-07-15T00:00\n");
}

TEST(Overlay, UnknownZoneIsAnError) {
  Server server;
  server.maintenance = {recurring(Maintenance::Repeat::daily, hours{1}, hours{1}, "Europe/Atlantis")};
  const auto spans = overlay(server, {at("2026-07-14"), at("2026-07-15")}, MaintenancePolicy::exclude);
  ASSERT_FALSE(spans.has_value());
  EXPECT_EQ(spans.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(spans.error().message, ::testing::HasSubstr("Europe/Atlantis"));
}

}  // namespace
}  // namespace nines::test
