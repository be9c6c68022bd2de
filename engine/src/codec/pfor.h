// Patched frame of reference: columns of 32-bit numbers that mostly lie close together, with a few that do not.
//
// A column is cut into blocks of 128. Each block has a frame [base, base + 2^width) that is stored in width bits a
// number; numbers outside of it, on either side, are patched after unpacking (M. Zukowski et al., "Super-Scalar
// RAM-CPU Cache Compression", ICDE 2006; patches on both sides are this format's own). FORMAT.md, "Number column", is
// the specification. Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"

namespace nines::engine {

/// Appends `values` in blocks. The reader must know how many there are.
void put_numbers(std::string& out, std::span<const std::uint32_t> values);
/// Reads those of a column of `size` numbers that have an index in [begin, end), end <= size, to `out`; blocks without
/// any of them are passed over, and what lies behind the last of them is left unread. A malformed column and numbers
/// beyond `greatest` latch the reader's error.
void read_numbers(Reader& in, std::size_t size, std::size_t begin, std::size_t end, std::uint32_t greatest,
                  std::uint32_t* out) noexcept;

}  // namespace nines::engine
