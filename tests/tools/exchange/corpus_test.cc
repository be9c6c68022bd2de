// Replays the committed fuzzing corpus of files that the command is given.
#include <gtest/gtest.h>

#include "fuzz/replay.h"
#include "fuzz/tools_bodies.h"

namespace nines::tools::testing {
namespace {

TEST(Corpus, CsvHolds) {
  fuzz::replay("csv_fuzz", fuzz::csv);
}
TEST(Corpus, LinesOfRecordsHold) {
  fuzz::replay("record_line_fuzz", fuzz::record_line);
}
TEST(Corpus, ConfigurationsHold) {
  fuzz::replay("config_fuzz", fuzz::config);
}

}  // namespace
}  // namespace nines::tools::testing
