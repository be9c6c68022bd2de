// The contract of the seam, kept by RocksDB and by maps in memory.
#include "engine/kv/kv_contract.h"

#include "engine/kv/map_kv.h"
#include "engine/store/read_back.h"
#include "kv/local/open_local.h"

namespace nines::test {
namespace {

class OnRocksDb {
 public:
  std::unique_ptr<engine::Kv> open() {
    OpenReport report;
    auto opened = engine::open_local(directory_ / "store", engine::KvMode::write, Options(), report);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

 private:
  TemporaryDirectory directory_;
};

class OnMaps {
 public:
  std::unique_ptr<engine::Kv> open() { return cluster_.connect(); }

 private:
  MapCluster cluster_{1};
};

class OnPagedMaps {
 public:
  OnPagedMaps() { cluster_.plan({.page_keys = 3}); }
  std::unique_ptr<engine::Kv> open() { return cluster_.connect(); }

 private:
  MapCluster cluster_{1};
};

using Backends = ::testing::Types<OnRocksDb, OnMaps, OnPagedMaps>;
INSTANTIATE_TYPED_TEST_SUITE_P(Of, KvContract, Backends);

/// A write that timed out, and that comes with the second call from then on.
class LateWrite : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.plan({.unknown_and_late = 100, .late_from = 2, .late_to = 2});
    engine::Batch batch{ServerId{1}};
    batch.put(engine::Space::checks, kv_key(1, "late"), "");
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    kv_->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    ASSERT_EQ(outcome.applied, engine::Outcome::Applied::unknown);
    cluster_.plan({});
  }

  std::size_t keys() {
    const auto view = kv_->view(ServerId{1}, {engine::Space::checks});
    EXPECT_TRUE(view);
    return entries_of((*view)->range(engine::Space::checks, kv_key(1, ""), kv_key(2, ""))).size();
  }

  MapCluster cluster_{1};
  std::unique_ptr<engine::Kv> kv_ = cluster_.connect();
};

TEST_F(LateWrite, ComesWhenNobodyFences) {
  static_cast<void>(keys());
  EXPECT_EQ(keys(), 1U);
  EXPECT_EQ(cluster_.counts().applied_late, 1U);
}

TEST_F(LateWrite, NeverComesBehindAFence) {
  ASSERT_TRUE(kv_->fence(ServerId{1}));
  for (int time = 0; time < 5; ++time) EXPECT_EQ(keys(), 0U);
  EXPECT_EQ(cluster_.counts().fenced_off, 1U);
}

TEST_F(LateWrite, NeverComesToTheNextConnection) {
  kv_.reset();
  kv_ = cluster_.connect();
  for (int time = 0; time < 5; ++time) EXPECT_EQ(keys(), 0U);
  EXPECT_EQ(cluster_.counts().fenced_off, 1U);
}

}  // namespace
}  // namespace nines::test
