// The DNS's numbers for record types and response codes, by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::prober {

/// The types that can be asked for, e.g. "MX" is 15; any case.
[[nodiscard]] std::optional<int> dns_type_number(std::string_view name) noexcept;
/// "NXDOMAIN" is 3; any case.
[[nodiscard]] std::optional<int> dns_rcode_number(std::string_view name) noexcept;
/// "NXDOMAIN", or "RCODE 42".
[[nodiscard]] std::string dns_rcode_name(int rcode);

}  // namespace nines::prober
