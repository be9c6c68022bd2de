// What kv/kv.h promises, as tests that every backend has to pass.
//
// A backend is a class with `std::unique_ptr<engine::Kv> open()`, callable again once that Kv is gone, which finds what
// was written. A file that has one includes this and says INSTANTIATE_TYPED_TEST_SUITE_P(NAME, KvContract, BACKEND).
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kv/kv.h"

namespace nines::test {

/// A key of a server: its number and a text.
[[nodiscard]] inline std::string kv_key(std::uint32_t server, const std::string& text) {
  std::string key;
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(server >> static_cast<unsigned>(shift)));
  return key + text;
}

using KvEntries = std::vector<std::pair<std::string, std::string>>;

/// All that is left of a range; a failed test when it ends by a fault.
[[nodiscard]] inline KvEntries entries_of(engine::Range& range) {
  KvEntries entries;
  for (; range.valid(); range.next()) entries.emplace_back(range.key(), range.value());
  const auto status = range.status();
  EXPECT_TRUE(status) << status.error().message;
  return entries;
}

template <class Backend>
class KvContract : public ::testing::Test {
 protected:
  void SetUp() override {
    kv_ = backend_.open();
    ASSERT_NE(kv_, nullptr);
  }

  void write(const engine::Batch& batch, Durability durability = Durability::process) {
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    kv_->write(std::span(&only, 1), durability, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok()) << outcome.error.message;
  }
  void put(std::uint32_t server, engine::Space space, const std::string& text, const std::string& value) {
    engine::Batch batch{ServerId{server}};
    batch.put(space, kv_key(server, text), value);
    write(batch);
  }
  std::unique_ptr<engine::View> view(std::uint32_t server) {
    auto made = kv_->view(ServerId{server}, {engine::Space::recent, engine::Space::checks});
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  /// Everything of a server in a space, without its number.
  KvEntries contents(std::uint32_t server, engine::Space space = engine::Space::checks) {
    const auto made = view(server);
    KvEntries entries = entries_of(made->range(space, kv_key(server, ""), kv_key(server + 1, "")));
    for (auto& [key, value] : entries) key.erase(0, 4);
    return entries;
  }

  Backend backend_;
  std::unique_ptr<engine::Kv> kv_;
};

TYPED_TEST_SUITE_P(KvContract);

TYPED_TEST_P(KvContract, ChangesOfABatchApplyInTheirOrder) {
  this->put(7, engine::Space::checks, "a", "old");
  this->put(7, engine::Space::checks, "c", "old");
  engine::Batch batch{ServerId{7}};
  batch.put(engine::Space::checks, kv_key(7, "b"), "first");
  batch.erase_range(engine::Space::checks, kv_key(7, "a"), kv_key(7, "c"));
  batch.put(engine::Space::checks, kv_key(7, "a"), "new");
  batch.put(engine::Space::recent, kv_key(7, "r"), "row");
  batch.put(engine::Space::recent, kv_key(7, "s"), "row");
  batch.erase(engine::Space::recent, kv_key(7, "r"));
  this->write(batch);
  EXPECT_EQ(this->contents(7), (KvEntries{{"a", "new"}, {"c", "old"}}));
  EXPECT_EQ(this->contents(7, engine::Space::recent), (KvEntries{{"s", "row"}}));
}

TYPED_TEST_P(KvContract, EachBatchHasItsOutcome) {
  engine::Batch first{ServerId{1}};
  engine::Batch second{ServerId{2}};
  first.put(engine::Space::checks, kv_key(1, "k"), "1");
  second.put(engine::Space::checks, kv_key(2, "k"), "2");
  const std::array<const engine::Batch*, 2> batches = {&first, &second};
  std::array<engine::Outcome, 2> outcomes;
  outcomes[0].applied = outcomes[1].applied = engine::Outcome::Applied::unknown;
  this->kv_->write(batches, Durability::disk, outcomes);
  EXPECT_TRUE(outcomes[0].ok()) << outcomes[0].error.message;
  EXPECT_TRUE(outcomes[1].ok()) << outcomes[1].error.message;
  EXPECT_EQ(this->contents(1), (KvEntries{{"k", "1"}}));
  EXPECT_EQ(this->contents(2), (KvEntries{{"k", "2"}}));
}

TYPED_TEST_P(KvContract, ServersAndSpacesAreApart) {
  this->put(1, engine::Space::checks, "k", "checks of 1");
  this->put(1, engine::Space::recent, "k", "recent of 1");
  this->put(2, engine::Space::checks, "k", "checks of 2");
  engine::Batch batch{ServerId{1}};
  batch.erase_range(engine::Space::checks, kv_key(1, ""), kv_key(2, ""));
  this->write(batch);
  EXPECT_TRUE(this->contents(1).empty());
  EXPECT_EQ(this->contents(1, engine::Space::recent), (KvEntries{{"k", "recent of 1"}}));
  EXPECT_EQ(this->contents(2), (KvEntries{{"k", "checks of 2"}}));
}

TYPED_TEST_P(KvContract, RangeKeepsItsBoundsAndItsLimit) {
  for (const char* const key : {"a", "b", "c", "d", "e"}) this->put(3, engine::Space::checks, key, key);
  const auto view = this->view(3);
  const auto read = [&](const char* from, const char* to, engine::Reading reading) {
    return entries_of(view->range(engine::Space::checks, kv_key(3, from), kv_key(3, to), reading));
  };
  EXPECT_EQ(read("b", "d", {}), (KvEntries{{kv_key(3, "b"), "b"}, {kv_key(3, "c"), "c"}}));
  EXPECT_TRUE(read("d", "d", {}).empty());
  EXPECT_TRUE(read("f", "z", {}).empty());
  EXPECT_EQ(read("a", "z", {.values = true, .limit = 2}), (KvEntries{{kv_key(3, "a"), "a"}, {kv_key(3, "b"), "b"}}));
  EXPECT_EQ(read("d", "z", {.values = false, .limit = 0}), (KvEntries{{kv_key(3, "d"), ""}, {kv_key(3, "e"), ""}}));
}

TYPED_TEST_P(KvContract, LastIsTheGreatestKeyWithinTheBounds) {
  for (const char* const key : {"a", "b", "c"}) this->put(3, engine::Space::checks, key, key);
  this->put(4, engine::Space::checks, "a", "of the next server");
  const auto view = this->view(3);
  const auto last = [&](const std::string& from, const std::string& to) {
    return entries_of(view->last(engine::Space::checks, from, to));
  };
  EXPECT_EQ(last(kv_key(3, ""), kv_key(4, "")), (KvEntries{{kv_key(3, "c"), "c"}}));
  EXPECT_EQ(last(kv_key(3, ""), kv_key(3, "c")), (KvEntries{{kv_key(3, "b"), "b"}}));
  EXPECT_EQ(last(kv_key(3, "b"), kv_key(3, "bb")), (KvEntries{{kv_key(3, "b"), "b"}}));
  EXPECT_TRUE(last(kv_key(3, "bb"), kv_key(3, "c")).empty());
  EXPECT_TRUE(last(kv_key(3, ""), kv_key(3, "a")).empty());
}

TYPED_TEST_P(KvContract, ViewSeesOneMomentOrIsOver) {
  for (int i = 10; i < 40; ++i) this->put(5, engine::Space::checks, std::to_string(i), "before");
  const auto view = this->view(5);
  engine::Range& range = view->range(engine::Space::checks, kv_key(5, ""), kv_key(6, ""));
  ASSERT_TRUE(range.valid());
  for (int i = 10; i < 40; i += 2) this->put(5, engine::Space::checks, std::to_string(i), "after");
  this->put(5, engine::Space::checks, "99", "after");
  std::size_t seen = 0;
  for (; range.valid(); range.next(), ++seen) EXPECT_EQ(range.value(), "before");
  if (range.status()) {
    EXPECT_EQ(seen, 30U);
  } else {
    EXPECT_EQ(range.status().error().code, ErrorCode::unavailable);
    EXPECT_TRUE(view->is_over());
  }
  const auto now = this->contents(5);
  EXPECT_EQ(now.size(), 31U);
  EXPECT_EQ(now.front().second, "after");
}

TYPED_TEST_P(KvContract, SpacesOfAViewAreOfOneMoment) {
  this->put(5, engine::Space::recent, "row", "");
  const auto view = this->view(5);
  engine::Batch seal{ServerId{5}};
  seal.put(engine::Space::checks, kv_key(5, "chunk"), "row");
  seal.erase(engine::Space::recent, kv_key(5, "row"));
  this->write(seal);
  const auto read = [&](engine::Space space) {
    engine::Range& range = view->range(space, kv_key(5, ""), kv_key(6, ""));
    std::size_t count = 0;
    for (; range.valid(); range.next()) ++count;
    return range.status() ? count : 0;
  };
  const std::size_t rows = read(engine::Space::recent);
  const std::size_t chunks = read(engine::Space::checks);
  EXPECT_TRUE(view->is_over() || (rows == 1 && chunks == 0)) << rows << " rows and " << chunks << " chunks";
}

TYPED_TEST_P(KvContract, ViewMovesToAnotherServer) {
  this->put(1, engine::Space::checks, "k", "1");
  this->put(2, engine::Space::checks, "k", "2");
  const auto view = this->view(1);
  EXPECT_EQ(entries_of(view->range(engine::Space::checks, kv_key(1, ""), kv_key(2, ""))).size(), 1U);
  view->move_to(ServerId{2});
  EXPECT_EQ(entries_of(view->range(engine::Space::checks, kv_key(2, ""), kv_key(3, ""))),
            (KvEntries{{kv_key(2, "k"), "2"}}));
}

TYPED_TEST_P(KvContract, ViewOfAllServersHasThemInOrder) {
  KvEntries expected;
  for (const std::uint32_t server : {1U, 2U, 255U, 256U, 70'000U}) {
    for (const char* const key : {"a", "b"}) {
      this->put(server, engine::Space::servers, key, std::to_string(server));
      expected.emplace_back(kv_key(server, key), std::to_string(server));
    }
  }
  const auto view = this->kv_->view_all(engine::Space::servers);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(entries_of((*view)->range(engine::Space::servers, "", "")), expected);
  EXPECT_EQ(entries_of((*view)->range(engine::Space::servers, kv_key(2, "b"), kv_key(256, ""))).size(), 3U);
}

TYPED_TEST_P(KvContract, WhatWasWrittenIsThereAfterOpeningAnew) {
  this->put(9, engine::Space::checks, "k", "value");
  this->kv_.reset();
  this->kv_ = this->backend_.open();
  ASSERT_NE(this->kv_, nullptr);
  EXPECT_EQ(this->contents(9), (KvEntries{{"k", "value"}}));
}

TYPED_TEST_P(KvContract, ViewOutlivesItsKvAndIsOver) {
  for (int i = 10; i < 40; ++i) this->put(5, engine::Space::checks, std::to_string(i), "value");
  const auto view = this->view(5);
  engine::Range& range = view->range(engine::Space::checks, kv_key(5, ""), kv_key(6, ""));
  ASSERT_TRUE(range.valid());
  this->kv_.reset();
  EXPECT_TRUE(view->is_over());
  ScanCost cost;
  const auto begun = engine::ViewUse(*view, cost).begun();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, ErrorCode::unavailable);
  ASSERT_FALSE(range.status());
  EXPECT_EQ(range.status().error().code, ErrorCode::unavailable);
}

TYPED_TEST_P(KvContract, FenceLeavesWhatWasApplied) {
  this->put(5, engine::Space::checks, "k", "value");
  // A backend may refuse: then this connection is at its end.
  if (!this->kv_->fence(ServerId{5})) {
    this->kv_.reset();
    this->kv_ = this->backend_.open();
    ASSERT_NE(this->kv_, nullptr);
  }
  EXPECT_EQ(this->contents(5), (KvEntries{{"k", "value"}}));
  this->put(5, engine::Space::checks, "k", "newer");
  EXPECT_EQ(this->contents(5), (KvEntries{{"k", "newer"}}));
}

REGISTER_TYPED_TEST_SUITE_P(KvContract, ChangesOfABatchApplyInTheirOrder, EachBatchHasItsOutcome,
                            ServersAndSpacesAreApart, RangeKeepsItsBoundsAndItsLimit,
                            LastIsTheGreatestKeyWithinTheBounds, ViewSeesOneMomentOrIsOver, SpacesOfAViewAreOfOneMoment,
                            ViewMovesToAnotherServer, ViewOfAllServersHasThemInOrder,
                            WhatWasWrittenIsThereAfterOpeningAnew, ViewOutlivesItsKvAndIsOver,
                            FenceLeavesWhatWasApplied);

}  // namespace nines::test
