// What a chunk's writer and its reader agree on beside FORMAT.md.
#pragma once

#include <array>
#include <cstdint>

#include <nines/check_result.h>

namespace nines::engine {

/// A series' flags: the columns that follow the first three.
inline constexpr std::uint8_t kHasPhases = 0x01;
inline constexpr std::uint8_t kHasDetails = 0x02;
inline constexpr std::uint8_t kKnownFlags = kHasPhases | kHasDetails;

/// The five phases in the order in which they are stored.
inline constexpr std::array<std::uint32_t Phases::*, 5> kPhaseColumns = {
    &Phases::dns_us, &Phases::connect_us, &Phases::tls_us, &Phases::first_byte_us, &Phases::transfer_us};

}  // namespace nines::engine
