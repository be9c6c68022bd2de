// What must hold for any file that the command is given. One body each for libFuzzer (target.cc) and for the replay of
// the committed corpus (tests/tools/exchange/corpus_test.cc). A body that finds a broken rule prints it and aborts.
#pragma once

#include <string_view>

namespace nines::fuzz {

void csv(std::string_view bytes);
/// A line for each field of a record.
void record_line(std::string_view bytes);
/// A configuration.
void config(std::string_view bytes);

}  // namespace nines::fuzz
