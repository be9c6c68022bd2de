// Replays the committed fuzzing corpus of texts that say a time.
#include <gtest/gtest.h>

#include "fuzz/query_bodies.h"
#include "fuzz/replay.h"

namespace nines::test {
namespace {

TEST(Corpus, TextsOfTimesHold) {
  fuzz::replay("time_text_fuzz", fuzz::time_text);
}

}  // namespace
}  // namespace nines::test
