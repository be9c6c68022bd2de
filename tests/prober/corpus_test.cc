// Replays the committed fuzzing corpus of what comes from outside: name servers' answers and checks in JSON.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "fuzz/prober_bodies.h"

namespace nines::prober_test {
namespace {

void replay(const char* name, const std::function<void(std::string_view)>& body) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(NINES_FUZZ_CORPUS) / name)) {
    SCOPED_TRACE(entry.path());
    std::ifstream file(entry.path(), std::ios::binary);
    body(std::string(std::istreambuf_iterator<char>(file), {}));
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

TEST(CorpusTest, AnswersOfNameServersHold) {
  replay("dns_message_fuzz", fuzz::dns_message);
}
TEST(CorpusTest, ChecksInJsonHold) {
  replay("check_spec_fuzz", fuzz::check_spec);
}

}  // namespace
}  // namespace nines::prober_test
