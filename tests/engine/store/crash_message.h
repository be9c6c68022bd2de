// What nines_crash_writer says to the test that kills it.
#pragma once

#include <cstdint>

namespace nines::test {

struct CrashMessage {
  enum class Kind : std::uint64_t {
    opened,        ///< the store is open; `number` is the first operation
    begun,         ///< operation `number` is about to be written
    acknowledged,  ///< operation `number` and all before it are safe from a kill
  };
  Kind kind = Kind::opened;
  std::uint64_t number = 0;
};

}  // namespace nines::test
