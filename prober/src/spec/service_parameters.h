// The parameters of SVCB and HTTPS records (RFC 9460): as they stand in a message, and as a zone file has them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::prober {

/// The text of parameters as they stand in a message: `alpn="h3,h2" port=8443`, in the order of their numbers. Nothing
/// when they are malformed.
[[nodiscard]] std::optional<std::string> service_parameters_text(std::string_view bytes);

/// The same text of parameters as in a zone file: any order, with or without quotes, known by name or as key7.
[[nodiscard]] std::optional<std::string> normal_service_parameters(std::string_view text);

}  // namespace nines::prober
