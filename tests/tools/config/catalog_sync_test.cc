// What a configuration does to the catalog: from now on, and never to the past.
#include "config/catalog_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/support/command_line.h"

namespace nines::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeMs kThen = from_ms(1'700'000'000'000);
constexpr TimeMs kNow = from_ms(1'780'000'000'000);

ServerConfig wanted() {
  ServerConfig config;
  config.server.name = "site";
  config.server.url = config.check.url = "http://localhost/";
  return config;
}
Server known() {
  Server server = wanted().server;
  server.id = ServerId{1};
  server.created_at = kThen;
  server.check = to_json(without_secrets(wanted().check));
  return server;
}
Maintenance every_day() {
  Maintenance entry;
  entry.repeat = Maintenance::Repeat::daily;
  return entry;
}

Maintenance once(Window window) {
  Maintenance entry;
  entry.once = window;
  return entry;
}

TEST(CatalogSync, NothingChangesWhenNothingChanged) {
  EXPECT_EQ(updated_server(known(), wanted(), kNow), known());
}

TEST(CatalogSync, AChangedRuleHoldsFromNowOn) {
  ServerConfig config = wanted();
  config.server.rules[0].interval = std::chrono::seconds{10};
  const Server server = updated_server(known(), config, kNow);
  ASSERT_EQ(server.rules.size(), 2U);
  EXPECT_EQ(server.rules_at(kNow - std::chrono::milliseconds{1}).interval, std::chrono::seconds{60});
  EXPECT_EQ(server.rules_at(kNow).interval, std::chrono::seconds{10});
}

TEST(CatalogSync, WhatIsPromisedFollowsTheFileAndWhatWasSaidStays) {
  Server before = known();
  before.annotations = {{Annotation::Kind::note, kThen, kThen, "ann", "the switch"}};
  ServerConfig config = wanted();
  config.server.level.hours = "mon-fri 08:00-18:00";
  const Server server = updated_server(before, config, kNow);
  EXPECT_EQ(server.level.hours, "mon-fri 08:00-18:00");
  EXPECT_EQ(server.annotations, before.annotations);
}

TEST(CatalogSync, MaintenanceThatIsGoneStaysForThePast) {
  Server before = known();
  before.maintenance = {every_day()};
  const Server server = updated_server(before, wanted(), kNow);
  ASSERT_EQ(server.maintenance.size(), 1U);
  EXPECT_EQ(server.maintenance[0].effective, (Window{from_ms(0), kNow}));
}

TEST(CatalogSync, NewMaintenanceDoesNotReachIntoThePast) {
  ServerConfig config = wanted();
  config.server.maintenance = {every_day()};
  const Server server = updated_server(known(), config, kNow);
  ASSERT_EQ(server.maintenance.size(), 1U);
  EXPECT_EQ(server.maintenance[0].effective, (Window{kNow, kTimeLimit}));
  EXPECT_EQ(updated_server(server, config, kNow + std::chrono::hours{1}), server)
      << "and reading the file again is no change";
}

TEST(CatalogSync, AnUpcomingMaintenanceThatIsGoneIsForgotten) {
  Server before = known();
  before.maintenance = {once({kNow + std::chrono::hours{1}, kNow + std::chrono::hours{2}}),
                        once({kNow - std::chrono::hours{2}, kNow - std::chrono::hours{1}})};
  const Server server = updated_server(before, wanted(), kNow);
  ASSERT_EQ(server.maintenance.size(), 1U);
  EXPECT_EQ(server.maintenance[0], before.maintenance[1]);
}

TEST(CatalogSync, SomebodysPauseStaysAndARemovalsPauseEnds) {
  Server paused = known();
  paused.paused = {{kThen, kTimeLimit}};
  EXPECT_EQ(updated_server(paused, wanted(), kNow).paused, paused.paused);
  paused.check.clear();  // as a removal from the file leaves it
  EXPECT_EQ(updated_server(paused, wanted(), kNow).paused, (std::vector<Window>{{kThen, kNow}}));
}

TEST(CatalogSync, SecretsDoNotReachTheCatalog) {
  CheckSpec check = wanted().check;
  check.username = "u";
  check.password = "pass-secret";
  check.body = "body-secret";
  check.headers = {{"Accept", "a"}, {"X-Session-Id", "id-secret"}};
  check.proxy = "http://u:proxy-secret@proxy.example:3128";
  ServerConfig config = wanted();
  config.check = check;
  const std::string json = updated_server(known(), config, kNow).check;
  EXPECT_THAT(json, Not(HasSubstr("secret")));
  EXPECT_THAT(json, HasSubstr("Accept"));
  EXPECT_THAT(json, HasSubstr("proxy.example"));
}

TEST(CatalogSync, ServersComeGoAndComeBackWithTheirHistory) {
  const testing::TempDir dir;
  auto store = Store::open(dir.path("db"));
  ASSERT_TRUE(store) << store.error().message;
  Server recorded;
  recorded.name = "recorded by hand";
  ASSERT_TRUE((*store)->add_server(recorded));
  Config config;
  config.servers = {wanted()};
  const TimeMs start = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());

  const auto first = sync_catalog(**store, config, start);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->added, 1U);
  ASSERT_EQ(first->probed.size(), 1U);
  EXPECT_FALSE(first->probed[0].paused);

  const auto gone = sync_catalog(**store, Config{}, start + std::chrono::seconds{1});
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->removed, std::vector<ServerId>{first->probed[0].id});
  EXPECT_TRUE((*store)->catalog()->find("recorded by hand")->paused.empty()) << "never was in the file";
  EXPECT_TRUE(sync_catalog(**store, Config{}, start + std::chrono::seconds{2})->removed.empty());

  const auto back = sync_catalog(**store, config, start + std::chrono::seconds{3});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->probed[0].id, first->probed[0].id);
  EXPECT_EQ((*store)->catalog()->find("site")->paused,
            (std::vector<Window>{{start + std::chrono::seconds{1}, start + std::chrono::seconds{3}}}));
}

}  // namespace
}  // namespace nines::tools
