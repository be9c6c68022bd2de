// Several servers at one moment. Store::scan_many() reads one after the other, while others append.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <nines/cursor.h>
#include <nines/result.h>
#include <nines/segment.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// A store that derives from this reads servers together; the stores of Store::open() do. Any thread.
class MomentSource {
 public:
  virtual ~MomentSource() = default;
  /// So many servers at once: each cursor has the memory of its window's newest day, and may hold a view of the disk.
  static constexpr std::size_t kMaxTogether = 10'000;
  /// A cursor for each of `servers`, in their order, all as of one moment during the call: who finds a result in one
  /// of them finds every result in the others that was acknowledged before it was appended, and all of an append or
  /// nothing (of up to 65,536 results). Appends to these servers wait until the cursors are made, for microseconds a
  /// server; what is read later keeps nobody waiting. Errors: as Store::scan; not_found for any of them.
  [[nodiscard]] virtual Result<std::vector<std::unique_ptr<Cursor>>> scan_together(
      std::span<const ServerId> servers, Window window, const ScanOptions& options) const = 0;
};

/// The same of any store; `invalid_argument` where it cannot.
[[nodiscard]] inline Result<std::vector<std::unique_ptr<Cursor>>> scan_together(const Store& store,
                                                                                std::span<const ServerId> servers,
                                                                                Window window,
                                                                                const ScanOptions& options) {
  if (const auto* const source = dynamic_cast<const MomentSource*>(&store)) {
    return source->scan_together(servers, window, options);
  }
  return fail(ErrorCode::invalid_argument, "this kind of store reads no servers together");
}

}  // namespace nines
