// Counts what operator new gives out, which allocation_counter.cc replaces in the whole program.
#pragma once

#include <cstdint>

namespace nines::test {

[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace nines::test
