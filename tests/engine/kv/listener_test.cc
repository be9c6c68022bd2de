// What RocksDB's own threads meet: which of it ends an open, and which does not.
#include "kv/rocksdb/listener.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nines::engine {
namespace {

using rocksdb::BackgroundErrorReason;
using rocksdb::Status;

class Listener : public ::testing::Test {
 protected:
  void complete(std::uint32_t family, const Status& status) {
    rocksdb::CompactionJobInfo job;
    job.cf_id = family;
    job.status = status;
    listener_.OnCompactionCompleted(nullptr, job);
  }
  void flush(const std::string& family) {
    rocksdb::FlushJobInfo job;
    job.cf_name = family;
    listener_.OnFlushCompleted(nullptr, job);
  }
  /// What is to be switched, as "family on" or "family off".
  std::vector<std::string> switches() {
    std::vector<std::string> texts;
    for (const auto& automatic : listener_.take_switches()) {
      texts.push_back(std::to_string(automatic.family) + (automatic.on ? " on" : " off"));
    }
    return texts;
  }

  std::vector<std::string> logged_;
  BackgroundListener listener_{[this](LogLevel, std::string_view message) { logged_.emplace_back(message); }};
};

using Texts = std::vector<std::string>;

TEST_F(Listener, FailedCompactionIsNoErrorOfTheDatabase) {
  for (Status status : {Status::Corruption("bits"), Status::NoSpace("full"), Status::IOError("broken")}) {
    listener_.OnBackgroundError(BackgroundErrorReason::kCompaction, &status);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_FALSE(listener_.flush_error());
  EXPECT_EQ(logged_.size(), 3U);
}

TEST_F(Listener, FailedFlushIsTheEndWhateverItFailedOf) {
  for (const auto reason : {BackgroundErrorReason::kFlush, BackgroundErrorReason::kFlushNoWAL,
                            BackgroundErrorReason::kManifestWriteNoWAL, BackgroundErrorReason::kMemTable}) {
    Status status(Status::NoSpace("full"), Status::Severity::kSoftError);
    listener_.OnBackgroundError(reason, &status);
    EXPECT_TRUE(status.IsNoSpace());
    EXPECT_EQ(status.severity(), Status::Severity::kFatalError);
  }
  ASSERT_TRUE(listener_.flush_error());
  EXPECT_TRUE(listener_.flush_error()->IsNoSpace());
}

TEST_F(Listener, DatabaseDoesNotMendItself) {
  bool begin = true;
  listener_.OnErrorRecoveryBegin(BackgroundErrorReason::kFlush, Status::NoSpace("full"), &begin);
  EXPECT_FALSE(begin);
}

TEST_F(Listener, CompactionThatFailedIsTriedAgainOnceThereWasRoomToFlush) {
  complete(3, Status::NoSpace("full"));
  complete(4, Status::IOError("broken"));
  EXPECT_EQ(switches(), (Texts{"3 off", "4 off"}));
  EXPECT_EQ(switches(), Texts{});
  flush("2026-07");  // one of several families that are flushed together
  EXPECT_EQ(switches(), Texts{});
  flush("default");
  EXPECT_EQ(switches(), (Texts{"3 on", "4 on"}));
  flush("default");
  EXPECT_EQ(switches(), Texts{});
}

TEST_F(Listener, CompactionThatMetDamageIsNotTriedAgain) {
  complete(3, Status::Corruption("bits"));
  flush("default");
  EXPECT_EQ(switches(), Texts{"3 off"});
}

TEST_F(Listener, CompactionThatWasEndedHasNotFailed) {
  complete(3, Status::OK());
  complete(3, Status::ShutdownInProgress());
  complete(3, Status::Incomplete());
  complete(3, Status::ColumnFamilyDropped());
  EXPECT_EQ(switches(), Texts{});
}

}  // namespace
}  // namespace nines::engine
