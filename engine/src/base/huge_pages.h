// Asking the system for pages of 2 MB.
//
// The first use of a page is a fault, which costs a microsecond, and many times that in a virtual machine: of memory
// that is filled once and read once, such as what a store reads while it opens, that is most of what it costs.
#pragma once

#include <cstddef>

namespace nines::engine {

inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20U;

/// Of [begin, begin + bytes), what are whole huge pages shall be some, where the system has them. The memory's contents
/// and its length stay what they are.
void prefer_huge_pages(void* begin, std::size_t bytes) noexcept;

}  // namespace nines::engine
