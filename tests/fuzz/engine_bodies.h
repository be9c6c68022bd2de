// What must hold for any bytes that a decoder of the engine is given: an error, or a well-formed value that survives
// being encoded and decoded again. One body each for libFuzzer (target.cc) and for the replay of the committed corpus
// (tests/engine/codec/corpus_test.cc). A body that finds a broken rule prints it and aborts.
#pragma once

#include <string_view>

namespace nines::fuzz {

void chunk(std::string_view bytes);
void row(std::string_view bytes);
void summary(std::string_view bytes);
void catalog(std::string_view bytes);
void log_record(std::string_view bytes);
/// The bytes say which records a segment has, and what is done to it: see the body.
void log_segment(std::string_view bytes);

}  // namespace nines::fuzz
