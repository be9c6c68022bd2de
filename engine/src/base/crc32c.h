// CRC-32C (Castagnoli): reflected, polynomial 0x82f63b78, as RocksDB and iSCSI have it.
//
// Pure functions, from any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace nines::engine {

/// The checksum of what `crc` is the checksum of, followed by `bytes`; of nothing it is 0. Uses the processor's
/// instruction where there is one.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

}  // namespace nines::engine
