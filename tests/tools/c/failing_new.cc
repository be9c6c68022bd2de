#include "tools/c/failing_new.h"

#include <cstdlib>
#include <new>

namespace {

// Allocations until one fails; negative: none does.
thread_local int allocations_left = -1;

}  // namespace

void* operator new(std::size_t bytes) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}

// The library's would do, but AddressSanitizer brings one of its own, whose memory free() may not be given.
void* operator new(std::size_t bytes, const std::nothrow_t& /*nothrow*/) noexcept {
  if (allocations_left >= 0 && allocations_left-- == 0) return nullptr;
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace nines::tests {

void fail_allocation(int passed) noexcept {
  allocations_left = passed;
}

bool fail_no_allocation() noexcept {
  const bool failed = allocations_left < 0;
  allocations_left = -1;
  return failed;
}

}  // namespace nines::tests
