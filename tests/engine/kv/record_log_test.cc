// Reading record logs whose bytes are anything at all.
#include "kv/rocksdb/record_log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "engine/store/read_back.h"

namespace nines::engine {
namespace {

/// A whole record of the one byte 'x': its masked CRC-32C, its length, its type, and the byte.
const std::string kIntact{
    "\xdd\x1d\x51\x69\x01\x00\x01"
    "x",
    8};

class RecordLogFile : public ::testing::Test {
 protected:
  RecordLog read(const std::string& bytes) {
    const std::string name = directory_ / "log";
    std::ofstream(name, std::ios::binary | std::ios::trunc) << bytes;
    const auto log = read_record_log(name, Checksums::check);
    EXPECT_TRUE(log);
    return log.value_or(RecordLog{});
  }

  test::TemporaryDirectory directory_;
};

TEST_F(RecordLogFile, IntactRecordIsRead) {
  EXPECT_EQ(read(kIntact).intact_bytes, kIntact.size());
}

// 512 blocks whose every byte begins something that looks like a fragment. Once each of them was checksummed, which
// took the better part of a minute.
TEST_F(RecordLogFile, BytesThatAllLookLikeFragmentsHoldNone) {
  const RecordLog log = read(std::string(16U << 20U, '\x04'));
  EXPECT_EQ(log.intact_bytes, 0U);
  EXPECT_FALSE(log.intact_ones_follow);
}

TEST_F(RecordLogFile, IntactRecordBehindDamageIsFoundWhereverItsBlockHasIt) {
  const std::size_t block = 32'768;
  // In the damaged block, at any byte; at the beginning of a later one; there, behind a fragment that is none.
  const std::string no_fragment{"\x00\x00\x00\x00\x05\x00\x01.....", 12};
  for (const std::size_t at : {std::size_t{13}, std::size_t{9'999}, 3 * block, 200 * block + no_fragment.size()}) {
    std::string bytes(300 * block, '\x00');
    bytes.replace(0, 7, "damaged");
    if (at > 200 * block) bytes.replace(200 * block, no_fragment.size(), no_fragment);
    bytes.replace(at, kIntact.size(), kIntact);
    const RecordLog log = read(bytes);
    EXPECT_EQ(log.intact_bytes, 0U);
    EXPECT_TRUE(log.intact_ones_follow) << at;
  }
}

}  // namespace
}  // namespace nines::engine
