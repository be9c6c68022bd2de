#include "kv/local/row_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/huge_pages.h"

namespace nines::engine {
namespace {

TEST(RowMemory, EachKeepsWhatWasAppendedToIt) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  RowMemory memory;
  std::vector<RowMemory::Bytes> owners(300);
  std::vector<std::string> model(owners.size());
  for (int i = 0; i < 60'000; ++i) {
    const std::size_t at = below(owners.size());
    const std::string bytes(below(200), static_cast<char>('a' + i % 26));
    switch (below(40)) {
      case 0:
        RowMemory::release(owners[at]);
        model[at].clear();
        break;
      case 1:
        owners[at].clear();
        model[at].clear();
        break;
      default:
        memory.append(owners[at], bytes, below(4) == 0 ? below(5'000) : 0);
        model[at] += bytes;
    }
  }
  for (std::size_t i = 0; i < owners.size(); ++i) EXPECT_EQ(owners[i].view(), model[i]) << i;
}

TEST(RowMemory, TakesWhatIsLargerThanABlock) {
  RowMemory memory;
  RowMemory::Bytes small;
  RowMemory::Bytes large;
  memory.append(small, "before", 0);
  const std::string bytes(3 * kHugePageBytes + 1, 'x');
  memory.append(large, bytes, 0);
  memory.append(small, " and behind", 0);
  memory.append(large, "y", 5 * kHugePageBytes);
  EXPECT_EQ(small.view(), "before and behind");
  EXPECT_EQ(large.view(), bytes + "y");
}

TEST(RowMemory, ManyThreadsReleaseWhatIsTheirs) {
  constexpr std::size_t kThreads = 4;
  RowMemory memory;
  std::vector<RowMemory::Bytes> owners(20'000);
  for (std::size_t i = 0; i < owners.size(); ++i) memory.append(owners[i], std::to_string(i), 500);
  std::vector<std::thread> threads;
  std::vector<std::size_t> wrong(kThreads);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = thread; i < owners.size(); i += kThreads) {
        if (owners[i].view() != std::to_string(i)) ++wrong[thread];
        RowMemory::release(owners[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<std::size_t>(kThreads));
  for (const RowMemory::Bytes& owner : owners) EXPECT_TRUE(owner.empty());
}

}  // namespace
}  // namespace nines::engine
