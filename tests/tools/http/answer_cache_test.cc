#include "http/answer_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace nines::tools::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPlenty = 1U << 20U;

TEST(AnswerCache, WhatManyAskForAtOnceIsMadeOnce) {
  AnswerCache cache(milliseconds{60'000}, kPlenty);
  std::atomic<int> made{0};
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      return cache
          .get("a",
               [&] {
                 std::this_thread::sleep_for(milliseconds{50});
                 return text_response(std::to_string(++made));
               })
          ->body;
    }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "1");
  EXPECT_EQ(cache.get("b", [&] { return text_response(std::to_string(++made)); })->body, "2");
}

TEST(AnswerCache, AnAnswerIsMadeAnewWhenItIsOld) {
  AnswerCache cache(milliseconds{20}, kPlenty);
  int made = 0;
  const auto ask = [&] { return cache.get("a", [&] { return text_response(std::to_string(++made)); })->body; };
  EXPECT_EQ(ask(), "1");
  std::this_thread::sleep_for(milliseconds{30});
  EXPECT_EQ(ask(), "2");
}

TEST(AnswerCache, NothingFromBeforeAClearIsAnswered) {
  AnswerCache cache(milliseconds{60'000}, kPlenty);
  int made = 0;
  const auto ask = [&] { return cache.get("a", [&] { return text_response(std::to_string(++made)); })->body; };
  EXPECT_EQ(ask(), "1");
  EXPECT_EQ(ask(), "1");
  cache.clear();
  EXPECT_EQ(ask(), "2");
  EXPECT_EQ(ask(), "2");
}

TEST(AnswerCache, WhatDoesNotFitIsAnsweredAndNotKept) {
  AnswerCache cache(milliseconds{60'000}, 100);
  int made = 0;
  const auto ask = [&](const char* key, std::size_t size) {
    return cache
        .get(key,
             [&] {
               ++made;
               return text_response(std::string(size, 'x'));
             })
        ->body.size();
  };
  EXPECT_EQ(ask("large", 101), 101U);
  EXPECT_EQ(ask("large", 101), 101U);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(ask("small", 60), 60U);
  EXPECT_EQ(ask("small", 60), 60U);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(ask("second", 60), 60U);
  EXPECT_EQ(ask("second", 60), 60U);
  EXPECT_EQ(made, 5) << "together they would be too much";
}

TEST(AnswerCache, AFailureIsTheCallersAloneAndTheNextTriesAgain) {
  AnswerCache cache(milliseconds{60'000}, kPlenty);
  EXPECT_THROW((void)cache.get("a", []() -> WebResponse { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(cache.get("a", [] { return text_response("yes"); })->body, "yes");
}

}  // namespace
}  // namespace nines::tools::testing
