#include "base/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace nines::engine {

void prefer_huge_pages(void* begin, std::size_t bytes) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::size_t skipped = (kHugePageBytes - address % kHugePageBytes) % kHugePageBytes;
  if (bytes < skipped + kHugePageBytes) return;
  const std::size_t whole = (bytes - skipped) / kHugePageBytes * kHugePageBytes;
  static_cast<void>(::madvise(static_cast<char*>(begin) + skipped, whole, MADV_HUGEPAGE));  // it is a wish
}

}  // namespace nines::engine
