// Replays the committed fuzzing corpus: inputs that once reached every branch of the decoders.
#include <gtest/gtest.h>

#include "fuzz/engine_bodies.h"
#include "fuzz/replay.h"

namespace nines::engine {
namespace {

TEST(Corpus, ChunksHold) {
  fuzz::replay("chunk_fuzz", fuzz::chunk);
}
TEST(Corpus, RowsHold) {
  fuzz::replay("row_fuzz", fuzz::row);
}
TEST(Corpus, SummariesHold) {
  fuzz::replay("summary_fuzz", fuzz::summary);
}
TEST(Corpus, LogRecordsHold) {
  fuzz::replay("log_record_fuzz", fuzz::log_record);
}
TEST(Corpus, LogSegmentsHold) {
  fuzz::replay("log_segment_fuzz", fuzz::log_segment);
}
TEST(Corpus, CatalogEntriesHold) {
  fuzz::replay("catalog_fuzz", fuzz::catalog);
}

}  // namespace
}  // namespace nines::engine
