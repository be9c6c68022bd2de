// How much of a long test is done: a quick share in every run, and as much as asked for on demand.
//
//   NINES_TEST_LONG=n    does n times as much of the tests of faults (power cuts, failed I/O, kills, damage, threads)
//   NINES_TEST_SEEDS=n   compares n random histories with the model
#pragma once

#include <algorithm>
#include <cstdlib>

namespace nines::test {

/// The factor by which the quick shares are to be multiplied, at least 1.
[[nodiscard]] inline int long_share() {
  const char* const asked = std::getenv("NINES_TEST_LONG");
  return asked != nullptr ? std::max(std::atoi(asked), 1) : 1;
}

}  // namespace nines::test
