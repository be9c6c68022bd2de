// A program's operator new that fails when a test says so, for every library of the program.
#pragma once

namespace nines::tests {

/// Lets the allocation of this thread that comes after `passed` others throw std::bad_alloc.
void fail_allocation(int passed) noexcept;
/// Lets all succeed again; true when one has failed.
bool fail_no_allocation() noexcept;

}  // namespace nines::tests
