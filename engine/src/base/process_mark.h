// Which process this is, asked for by every read of a store.
#pragma once

#include <cstdint>

namespace nines::engine {

/// A number that is another one in a process that was forked from this one, however it was. Never 0. Costs a load where
/// getpid() is a call of the system, which was a third of a scan. From any thread.
[[nodiscard]] std::uint32_t process_mark() noexcept;

}  // namespace nines::engine
