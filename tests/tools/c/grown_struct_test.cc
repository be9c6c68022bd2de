// Structs that grow: a library serves callers that were compiled with an earlier and smaller version of one.
#include <gtest/gtest.h>

#include <cstdint>

#include "c/call.h"

namespace nines::tests {
namespace {

// A struct that has got a field since callers were compiled with it.
struct Grown {
  std::uint32_t size;
  std::uint32_t first;
  std::uint64_t later;
};
constexpr std::uint32_t kFormerSize = 8;

}  // namespace
}  // namespace nines::tests

template <>
inline constexpr std::size_t nines::c::kFirstSize<nines::tests::Grown> = nines::tests::kFormerSize;

namespace nines::tests {
namespace {

TEST(Abi, ACallerOfAnEarlierVersionIsServed) {
  struct {
    std::uint32_t size = kFormerSize;
    std::uint32_t first = 7;
    std::uint64_t not_theirs = 0xA5A5A5A5;
  } memory;
  auto* const former = reinterpret_cast<Grown*>(&memory);
  const auto read = c::read_struct(former, "grown");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->first, 7U);
  EXPECT_EQ(read->later, 0U) << "the usual value, whatever lies behind the caller's struct";
  ASSERT_TRUE(c::check_struct(former, "grown"));
  c::write_struct(former, Grown{.size = 0, .first = 9, .later = 11});
  EXPECT_EQ(memory.size, kFormerSize);
  EXPECT_EQ(memory.first, 9U);
  EXPECT_EQ(memory.not_theirs, 0xA5A5A5A5U) << "nothing is written behind it";
  memory.size = kFormerSize - 4;
  EXPECT_FALSE(c::read_struct(former, "grown"));
  EXPECT_FALSE(c::check_struct(former, "grown"));
}

}  // namespace
}  // namespace nines::tests
