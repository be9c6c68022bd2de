#include "base/process_mark.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace nines::engine {
namespace {

using Mark = std::atomic<std::uint32_t>;

/// Memory that is 0 again in every child; null where the system has none.
Mark* wiped_on_fork() noexcept {
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, page_bytes, MADV_WIPEONFORK) != 0) {
    ::munmap(page, page_bytes);
    return nullptr;
  }
  return new (page) Mark(0);
}

}  // namespace

std::uint32_t process_mark() noexcept {
  static Mark* const mark = wiped_on_fork();
  static Mark given{0};  // a child goes on from its parent's
  if (mark == nullptr) return static_cast<std::uint32_t>(::getpid());
  if (const std::uint32_t known = mark->load(std::memory_order_relaxed); known != 0) return known;
  const std::uint32_t fresh = given.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint32_t none = 0;
  return mark->compare_exchange_strong(none, fresh, std::memory_order_relaxed) ? fresh : none;
}

}  // namespace nines::engine
