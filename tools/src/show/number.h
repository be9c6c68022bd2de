// Numbers as people write them, and back. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

/// Microseconds from "51", "51.25" (`scale` units of it make one); nothing when malformed, negative or over `limit`.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t scale,
                                                         std::uint64_t limit);
/// The inverse, without trailing zeros.
[[nodiscard]] std::string format_decimal(std::uint64_t value, std::uint64_t scale);

/// A service level objective: "99.9%" or "0.999"; nothing unless it lies in (0, 1).
[[nodiscard]] std::optional<double> parse_objective(const std::string& text);

}  // namespace nines::tools
