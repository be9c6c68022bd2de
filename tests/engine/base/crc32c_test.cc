// The checksum of the log and of the alerts' journal, by the value that the catalogues of CRCs give for it.
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace nines::engine {
namespace {

TEST(Crc32c, HasTheCheckValueOfTheCatalogues) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

// What uses the processor's instruction takes eight bytes at a time: lengths and places of every kind.
TEST(Crc32c, GoesOnWhereItWasLeft) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string_view whole = std::string_view(bytes).substr(0, length);
    for (std::size_t cut = 0; cut <= length; ++cut) {
      EXPECT_EQ(crc32c(whole.substr(cut), crc32c(whole.substr(0, cut))), crc32c(whole)) << length << " at " << cut;
    }
  }
}

}  // namespace
}  // namespace nines::engine
