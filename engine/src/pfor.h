// Patched frame of reference: columns of 32-bit numbers that mostly lie close together, with a few that do not.
//
// A column is cut into blocks of 128. Each block has a frame [base, base + 2^width) that is stored in width bits a
// number; numbers outside of it, on either side, are patched after unpacking (M. Zukowski et al., "Super-Scalar
// RAM-CPU Cache Compression", ICDE 2006; patches on both sides are this format's own). FORMAT.md, "Number column", is
// the specification. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bytes.h"

namespace nines::engine {

/// Appends `values` in blocks. The reader must know how many there are.
void put_numbers(std::string& out, std::span<const std::uint32_t> values);
/// Fills `out` with as many numbers as it has room for. A malformed column latches the reader's error.
void read_numbers(Reader& in, std::span<std::uint32_t> out) noexcept;
/// The same, but only what lies at [begin, end) of `out` is sure to be filled: blocks without any of it are stepped
/// over. Returns the part that is filled.
std::span<std::uint32_t> read_numbers(Reader& in, std::span<std::uint32_t> out, std::size_t begin,
                                      std::size_t end) noexcept;

}  // namespace nines::engine
