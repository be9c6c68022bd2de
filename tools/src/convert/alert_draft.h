// Another tool's ways to tell people, as entries of `alerts`: a table of providers, each with the channel that is its
// equal and what the settings of both are called.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nines::tools {

/// The value of one of a provider's settings as YAML; empty where it is not set.
using ProviderValue = std::function<std::string(std::string_view setting)>;

/// `discord: {url: "..."}` for Gatus' `alerting.PROVIDER`; nothing where the provider has no equal.
[[nodiscard]] std::optional<std::string> gatus_channel(std::string_view provider, const ProviderValue& value);
/// The same for a notification of Uptime Kuma, by its `type`.
[[nodiscard]] std::optional<std::string> kuma_channel(std::string_view type, const ProviderValue& value);

}  // namespace nines::tools
