// What must hold for any text that a person writes for a time. A body for libFuzzer (target.cc) and for the replay of
// the committed corpus (tests/query/time/corpus_test.cc). A body that finds a broken rule prints it and aborts.
#pragma once

#include <string_view>

namespace nines::fuzz {

/// A duration, a moment or a window.
void time_text(std::string_view bytes);

}  // namespace nines::fuzz
