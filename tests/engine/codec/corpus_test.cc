// Replays the committed fuzzing corpus: inputs that once reached every branch of the decoders.
#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "fuzz/engine_bodies.h"

namespace nines::engine {
namespace {

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void replay(const char* name, const std::function<void(std::string_view)>& body) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(NINES_FUZZ_CORPUS) / name)) {
    SCOPED_TRACE(entry.path());
    body(contents_of(entry.path()));
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

TEST(Corpus, ChunksHold) {
  replay("chunk_fuzz", fuzz::chunk);
}
TEST(Corpus, RowsHold) {
  replay("row_fuzz", fuzz::row);
}
TEST(Corpus, SummariesHold) {
  replay("summary_fuzz", fuzz::summary);
}
TEST(Corpus, CatalogEntriesHold) {
  replay("catalog_fuzz", fuzz::catalog);
}

}  // namespace
}  // namespace nines::engine
