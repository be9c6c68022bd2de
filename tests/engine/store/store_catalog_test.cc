// The catalog as a store keeps it: names, numbers, the history of rules, and that listing reads no check result.
#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <thread>

#include <nines/known_history.h>

#include "codec/catalog_codec.h"
#include "codec/key.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "kv/local/open_local.h"
#include "store/catalog_table.h"
#include "store/verify.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;

constexpr TimeMs kNow = from_ms(1'790'000'000'000);

Server named(const std::string& name) {
  Server server;
  server.name = name;
  return server;
}

void write_or_fail(engine::Kv& kv, const engine::Batch& batch) {
  const engine::Batch* const only = &batch;
  engine::Outcome outcome;
  kv.write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
  ASSERT_TRUE(outcome.ok()) << outcome.error.message;
}

/// Replaces a server's entry in the closed store at `path`.
void put_entry(const std::string& path, ServerId id, const std::string& entry) {
  OpenReport report;
  const auto kv = engine::open_local(path, engine::KvMode::write, {}, report);
  ASSERT_TRUE(kv);
  engine::Batch batch(id);
  batch.put(engine::Space::servers, engine::server_key(id).view(), entry);
  write_or_fail(**kv, batch);
}

class StoreCatalog : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return kNow; };
    options_.disk_reserve_bytes = 1;
    reopen();
  }
  void reopen() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::unique_ptr<Store> store_;
};

/// The catalog that a caller holds is of its moment, whatever changes meanwhile.
TEST_F(StoreCatalog, HeldCatalogStaysAsItWas) {
  const ServerId a = store_->add_server(named("a")).value();
  const ServerId b = store_->add_server(named("b")).value();
  const auto before = store_->catalog();
  const Server* const first = before->find(a);
  Server renamed = *first;
  renamed.name = "z";
  ASSERT_TRUE(store_->update_server(renamed));
  ASSERT_TRUE(store_->remove_server(b));
  const ServerId c = store_->add_server(named("c")).value();
  EXPECT_EQ(before->servers().size(), 2U);
  EXPECT_EQ(before->find(a), first);
  EXPECT_EQ(before->find("a"), first);
  EXPECT_NE(before->find(b), nullptr);
  EXPECT_EQ(before->find(c), nullptr);
  const auto after = store_->catalog();
  EXPECT_EQ(after->find("a"), nullptr);
  EXPECT_EQ(after->find("z"), after->find(a));
  EXPECT_EQ(after->find("b"), nullptr);
  EXPECT_EQ(after->find("c"), after->find(c));
}

/// Random additions, renamings and removals beside a plain map, found by number and by name, and after reopening.
TEST_F(StoreCatalog, FindsEveryServerByNumberAndByName) {
  std::mt19937 random(7);
  std::map<ServerId, std::string> expected;
  const auto any = [&] { return std::next(expected.begin(), static_cast<std::ptrdiff_t>(random() % expected.size())); };
  const auto expect_all = [&] {
    const auto catalog = store_->catalog();
    ASSERT_EQ(catalog->servers().size(), expected.size());
    auto wanted = expected.begin();
    for (const Server& server : catalog->servers()) {
      EXPECT_EQ(server.id, wanted->first);
      EXPECT_EQ(server.name, wanted->second);
      EXPECT_EQ(catalog->find(server.id), &server);
      EXPECT_EQ(catalog->find(std::string_view(server.name)), &server);
      ++wanted;
    }
    EXPECT_EQ(catalog->find("nobody"), nullptr);
    EXPECT_EQ(catalog->find(ServerId{10'000}), nullptr);
  };
  for (std::uint32_t step = 0; step < 300; ++step) {
    const auto what = random() % 10;
    const std::string name = std::to_string(random() % 100'000) + "-" + std::to_string(step);
    if (expected.size() < 5 || what < 5) {
      expected[store_->add_server(named(name)).value()] = name;
    } else if (what < 8) {
      const auto chosen = any();
      Server server = *store_->catalog()->find(chosen->first);
      server.name = name;
      ASSERT_TRUE(store_->update_server(server));
      chosen->second = name;
    } else {
      const auto chosen = any();
      ASSERT_TRUE(store_->remove_server(chosen->first));
      expected.erase(chosen);
    }
    if (step % 20 == 0) expect_all();
  }
  expect_all();
  ASSERT_TRUE(store_->close());
  reopen();
  expect_all();
}

/// Two entries of a store that something else has written may have one name: each can be renamed and removed all the
/// same.
TEST_F(StoreCatalog, EntriesThatShareANameAreToldApart) {
  std::vector<ServerId> ids;
  for (const char* name : {"a", "b", "c"}) ids.push_back(store_->add_server(named(name)).value());
  Server twin = *store_->catalog()->find(ids[2]);
  twin.name = "a";
  store_.reset();
  put_entry(path_, twin.id, engine::encode_server(twin));
  reopen();
  ASSERT_EQ(store_->catalog()->find("a")->id, ids[0]);
  ASSERT_TRUE(store_->remove_server(ids[2]));
  EXPECT_EQ(store_->catalog()->find("a")->id, ids[0]);
  ASSERT_TRUE(store_->remove_server(ids[0]));
  EXPECT_EQ(store_->catalog()->find("a"), nullptr);
  EXPECT_EQ(store_->catalog()->find("b")->id, ids[1]);
  EXPECT_EQ(store_->catalog()->servers().size(), 1U);
}

TEST_F(StoreCatalog, NamesAreUnique) {
  const ServerId a = store_->add_server(named("a")).value();
  ASSERT_TRUE(store_->add_server(named("b")));
  const auto again = store_->add_server(named("a"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  EXPECT_NE(again.error().message.find("\"a\""), std::string::npos) << again.error().message;

  Server renamed = *store_->catalog()->find(a);
  renamed.name = "b";
  EXPECT_EQ(store_->update_server(renamed).error().code, ErrorCode::already_exists);
  EXPECT_EQ(store_->catalog()->find("a")->id, a);
}

TEST_F(StoreCatalog, RenamingKeepsTheNumberAndFreesTheName) {
  const ServerId id = store_->add_server(named("old")).value();
  Server server = *store_->catalog()->find(id);
  server.name = "new";
  ASSERT_TRUE(store_->update_server(server));
  EXPECT_EQ(store_->catalog()->find("old"), nullptr);
  EXPECT_EQ(store_->catalog()->find("new")->id, id);
  EXPECT_NE(store_->add_server(named("old")).value(), id);
  reopen();
  EXPECT_EQ(store_->catalog()->find("new")->id, id);
}

TEST_F(StoreCatalog, NumbersAreNeverUsedAgain) {
  std::set<ServerId> seen;
  for (int round = 0; round < 4; ++round) {
    const ServerId first = store_->add_server(named("first")).value();
    const ServerId last = store_->add_server(named("last")).value();
    EXPECT_TRUE(seen.insert(first).second);
    EXPECT_TRUE(seen.insert(last).second);
    ASSERT_TRUE(store_->remove_server(last));  // the highest number is free to be forgotten now
    ASSERT_TRUE(store_->remove_server(first));
    if (round % 2 == 0) reopen();
  }
  EXPECT_TRUE(store_->catalog()->servers().empty());
}

TEST_F(StoreCatalog, RemovedServerIsNotFoundAndTakesItsHistory) {
  const ServerId id = store_->add_server(named("gone")).value();
  CheckResult result;
  result.server = id;
  result.time = kNow;
  result.state = State::up;
  ASSERT_TRUE(store_->append(result, Durability::process));
  ASSERT_TRUE(store_->remove_server(id));
  EXPECT_EQ(store_->remove_server(id).error().code, ErrorCode::not_found);
  EXPECT_EQ(store_->append(result, Durability::process).error().code, ErrorCode::not_found);
  EXPECT_EQ(store_->scan(id, {from_ms(0), kTimeLimit}, {}).error().code, ErrorCode::not_found);
  EXPECT_EQ(store_->last_result(id).error().code, ErrorCode::not_found);
  Server server = named("gone");
  server.id = id;
  EXPECT_EQ(store_->update_server(server).error().code, ErrorCode::not_found);
}

/// A server with sealed days, their summaries and unsealed results.
ServerId add_with_history(Store& store, const std::string& name) {
  const ServerId id = store.add_server(named(name)).value();
  std::vector<CheckResult> results;
  for (int i = 0; i < 3'000; ++i) {
    CheckResult& result = results.emplace_back();
    result.server = id;
    result.time = kNow - std::chrono::days{5} + i * std::chrono::minutes{1};
    result.interval_ms = 60'000;
    result.state = State::up;
  }
  const std::span all(results);
  EXPECT_TRUE(store.load(id, all.first(2'900)));
  EXPECT_TRUE(store.compact());
  EXPECT_TRUE(store.append(all.subspan(2'900), Durability::process));
  return id;
}

TEST_F(StoreCatalog, RemovalWhileVerifyLooksIsNoDamage) {
  std::vector<ServerId> servers;
  for (const char* const name : {"a", "b", "c"}) servers.push_back(add_with_history(*store_, name));
  store_.reset();
  OpenReport report;
  const std::shared_ptr<engine::Kv> kv = engine::open_local(path_, engine::KvMode::write, options_, report).value();
  engine::CatalogTable catalog;
  ASSERT_TRUE(catalog.load(*kv));
  // Asked first for the servers to read, and then after each view of all keys of a space: one of them goes each time.
  std::size_t asked = 0;
  const auto change_and_get = [&] {
    if (asked > 0 && asked <= servers.size()) {
      const ServerId gone = servers[asked - 1];
      engine::Batch batch(gone);
      for (const auto space : {engine::Space::recent, engine::Space::checks, engine::Space::days}) {
        batch.erase_range(space, engine::server_key(gone).view(), engine::prefix_end(gone).view());
      }
      engine::CatalogTable::write_remove(gone, batch);
      write_or_fail(*kv, batch);
      catalog.remove(gone);
    }
    ++asked;
    return catalog.snapshot();
  };
  const auto verified = engine::verify_store([&] { return Result<std::shared_ptr<engine::Kv>>(kv); }, change_and_get,
                                             [](ServerId) { return std::nullopt; }, 1);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(asked, servers.size() + 1);
  EXPECT_EQ(verified->results, 9'000U);
  EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
}

/// What a kill between the two steps of remove_server() leaves.
TEST_F(StoreCatalog, RemovalThatHasNotComeToItsEndIsNoDamage) {
  const ServerId gone = add_with_history(*store_, "gone");
  store_.reset();
  put_entry(path_, gone, engine::encode_server(named("gone"), {.removed = true, .longest_interval_ms = {}}));
  const auto reader = Store::open_read_only(path_, options_);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE((*reader)->catalog()->servers().empty());
  const auto verified = (*reader)->verify();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
}

TEST_F(StoreCatalog, EveryFieldAndTheHistoryOfRulesSurviveReopening) {
  Server server = named("all fields");
  server.url = "https://example.org/";
  server.group = "core";
  server.tags = {{"team", "web"}, {"tier", "1"}};
  server.created_at = kNow - std::chrono::hours{100};
  server.rules.front().interval = milliseconds{30'000};
  for (int i = 1; i <= 20; ++i) {
    Rules rules = server.rules.back();
    rules.effective_from = kNow - std::chrono::hours{100 - i};
    rules.interval = milliseconds{30'000 + i * 1'000};
    rules.confirm_failures = static_cast<std::uint16_t>(i);
    server.rules.push_back(rules);
  }
  server.maintenance.push_back({.once = {kNow, kNow + std::chrono::hours{1}}, .note = "disk"});
  server.corrections.push_back({.window = {kNow - std::chrono::hours{2}, kNow}, .note = "our own fault"});
  server.paused.push_back({kNow, kTimeLimit});
  server.retention = {std::chrono::days{30}, std::chrono::days{-1}};
  server.objective = 0.999;
  server.check = R"({"expect":{"status":[200]}})";
  server.id = store_->add_server(server).value();
  EXPECT_EQ(*store_->catalog()->find(server.id), server);
  reopen();
  ASSERT_EQ(*store_->catalog()->find(server.id), server);

  // A change of rules adds to their history; what held last month stays known.
  server.rules.push_back(server.rules.back());
  server.rules.back().effective_from = kNow;
  server.rules.back().interval = milliseconds{5'000};
  ASSERT_TRUE(store_->update_server(server));
  reopen();
  const Server& stored = *store_->catalog()->find("all fields");
  EXPECT_EQ(stored, server);
  EXPECT_EQ(stored.rules_at(kNow - std::chrono::hours{95}).interval, milliseconds{35'000});
  EXPECT_EQ(stored.rules_at(kNow).interval, milliseconds{5'000});
}

class LongestInterval : public StoreCatalog {
 protected:
  void SetUp() override {
    StoreCatalog::SetUp();
    id_ = store_->add_server(named("site")).value();
  }
  [[nodiscard]] CheckResult result(std::chrono::seconds interval) {
    CheckResult result;
    result.server = id_;
    result.time = kNow - std::chrono::hours{1} + milliseconds{++written_};
    result.state = State::up;
    result.interval_ms = static_cast<std::uint32_t>(milliseconds{interval}.count());
    return result;
  }
  void append(std::chrono::seconds interval) { ASSERT_TRUE(store_->append(result(interval), Durability::buffered)); }
  void expect(std::optional<milliseconds> longest) {
    EXPECT_EQ(longest_interval(*store_, id_), longest);
    reopen();
    EXPECT_EQ(longest_interval(*store_, id_), longest);
    const auto beside = Store::open_read_only(path_, options_);
    ASSERT_TRUE(beside) << beside.error().message;
    EXPECT_EQ(longest_interval(**beside, id_), longest);
  }
  /// Writes the entry as a version did that noted nothing.
  void forget() {
    const Server server = *store_->catalog()->find(id_);
    store_.reset();
    put_entry(path_, id_, engine::encode_server(server));
  }

  ServerId id_{};
  int written_ = 0;
};

TEST_F(LongestInterval, IsThatOfAnyRuleAndResultEver) {
  expect(milliseconds{60'000});
  append(std::chrono::seconds{30});
  append(std::chrono::seconds{0});
  expect(milliseconds{60'000});
  append(std::chrono::hours{1});
  expect(std::chrono::hours{1});
  const std::array loaded = {result(std::chrono::hours{2})};
  ASSERT_TRUE(store_->load(id_, loaded));
  expect(std::chrono::hours{2});
  const std::array each = {result(std::chrono::hours{3})};
  ASSERT_TRUE(store_->append_each(each, Durability::buffered)->empty());
  expect(std::chrono::hours{3});
  ASSERT_TRUE(store_->erase(id_, {from_ms(0), kTimeLimit}));
  expect(std::chrono::hours{3});
  Server server = *store_->catalog()->find(id_);
  server.rules.front().interval = std::chrono::days{1};
  ASSERT_TRUE(store_->update_server(server));
  server.rules.front().interval = milliseconds{1'000};
  ASSERT_TRUE(store_->update_server(server));
  expect(std::chrono::days{1});
  EXPECT_EQ(*store_->catalog()->find(id_), server);
  EXPECT_EQ(longest_interval(*store_, ServerId{99}), std::nullopt);
}

TEST_F(LongestInterval, OfAnEarlierVersionsEntryIsKnownOnceItIsCompacted) {
  append(std::chrono::hours{5});
  forget();
  reopen();
  EXPECT_EQ(longest_interval(*store_, id_), std::nullopt);
  append(std::chrono::hours{6});
  EXPECT_EQ(longest_interval(*store_, id_), std::nullopt);
  ASSERT_TRUE(store_->update_server(*store_->catalog()->find(id_)));
  expect(std::nullopt);
  ASSERT_TRUE(store_->compact());
  expect(std::chrono::hours{6});
  append(std::chrono::hours{7});
  expect(std::chrono::hours{7});
}

TEST_F(LongestInterval, LosesNeitherAChangeOfTheEntryNorOneOfItsOwnToAnotherThread) {
  constexpr int kRounds = 200;
  std::thread editor([&] {
    for (int i = 1; i <= kRounds; ++i) {
      Server server = *store_->catalog()->find(id_);
      server.url = std::to_string(i);
      EXPECT_TRUE(store_->update_server(server));
    }
  });
  std::vector<CheckResult> results;
  for (int i = 1; i <= kRounds; ++i) results.push_back(result(std::chrono::minutes{i}));
  for (const CheckResult& each : results) EXPECT_TRUE(store_->append(each, Durability::process));
  editor.join();
  expect(std::chrono::minutes{kRounds});
  EXPECT_EQ(store_->catalog()->find(id_)->url, std::to_string(kRounds));
  EXPECT_EQ(store_->verify()->damages, 0U);
}

TEST_F(LongestInterval, ThatAResultExceedsIsDamage) {
  append(std::chrono::hours{5});
  const Server server = *store_->catalog()->find(id_);
  store_.reset();
  put_entry(path_, id_, engine::encode_server(server, {.removed = false, .longest_interval_ms = 60'000}));
  reopen();
  const auto report = store_->verify();
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->damages, 1U);
  EXPECT_NE(report->damage[0].what.find("interval"), std::string::npos) << report->damage[0].what;
}

TEST_F(StoreCatalog, MalformedServerNamesItsField) {
  EXPECT_EQ(store_->add_server(named("")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->add_server(named(std::string(201, 'x'))).error().code, ErrorCode::invalid_argument);
  Server server = named("site");
  server.rules.front().interval = milliseconds{0};
  const auto added = store_->add_server(server);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(added.error().message.find("interval"), std::string::npos) << added.error().message;
  EXPECT_TRUE(store_->catalog()->servers().empty());
}

TEST_F(StoreCatalog, SnapshotStaysAsItWas) {
  const ServerId id = store_->add_server(named("a")).value();
  const auto before = store_->catalog();
  ASSERT_TRUE(store_->remove_server(id));
  ASSERT_TRUE(store_->add_server(named("b")));
  EXPECT_EQ(before->servers().size(), 1U);
  EXPECT_EQ(before->find(id)->name, "a");
  EXPECT_EQ(store_->catalog()->find(id), nullptr);
}

TEST_F(StoreCatalog, TenThousandServersAreListedWithoutReadingAResult) {
  constexpr int kServers = 10'000;
  std::vector<CheckResult> results;
  for (int i = 0; i < kServers; ++i) {
    const auto id = store_->add_server(named("server " + std::to_string(i)));
    ASSERT_TRUE(id) << id.error().message;
    results.emplace_back();
    results.back().server = *id;
    results.back().time = kNow;
    results.back().state = State::up;
  }
  // An append locks its servers, and ThreadSanitizer follows no more than 64 locks of a thread.
  for (std::size_t begin = 0; begin < results.size(); begin += 50) {
    ASSERT_TRUE(store_->append(std::span(results).subspan(begin, 50), Durability::process));
  }
  reopen();
  const auto catalog = store_->catalog();
  ASSERT_EQ(catalog->servers().size(), static_cast<std::size_t>(kServers));
  for (int i = 0; i < kServers; i += 997) EXPECT_NE(catalog->find("server " + std::to_string(i)), nullptr);
  const ScanCost& listing = store_->stats().reads;
  EXPECT_EQ(listing.range_scans + listing.seeks + listing.rows + listing.chunks + listing.bytes + listing.results, 0U);

  // And the status of all of them is one range scan each.
  std::vector<ServerId> ids;
  for (const Server& server : catalog->servers()) ids.push_back(server.id);
  const auto cost =
      store_->scan_many(ids, {kNow, kNow + milliseconds{1}}, {}, [](std::size_t, Cursor& cursor) -> Result<void> {
        const auto segment = cursor.next();
        EXPECT_TRUE(segment && *segment != nullptr && (*segment)->size() == 1);
        return {};
      });
  ASSERT_TRUE(cost) << cost.error().message;
  EXPECT_EQ(cost->range_scans, static_cast<std::uint64_t>(kServers));
  EXPECT_EQ(cost->results, static_cast<std::uint64_t>(kServers));
  EXPECT_EQ(store_->stats().reads.range_scans, static_cast<std::uint64_t>(kServers));
}

}  // namespace
}  // namespace nines::test
