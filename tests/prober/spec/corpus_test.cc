// Replays the committed fuzzing corpus of what comes from outside: name servers' answers and checks in JSON.
#include <gtest/gtest.h>

#include "fuzz/prober_bodies.h"
#include "fuzz/replay.h"

namespace nines::prober_test {
namespace {

TEST(CorpusTest, AnswersOfNameServersHold) {
  fuzz::replay("dns_message_fuzz", fuzz::dns_message);
}
TEST(CorpusTest, ChecksInJsonHold) {
  fuzz::replay("check_spec_fuzz", fuzz::check_spec);
}

}  // namespace
}  // namespace nines::prober_test
