// The keys of a configuration, a table a section: what a key takes, within which bounds, what holds without it, and
// what it means. Reading, `nines config keys` and tools/CONFIGURATION.md follow from it; the keys of a check are the
// prober's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"

namespace nines::tools {

struct ConfigKey {
  enum class Takes : std::uint8_t {
    text,
    texts,     ///< a list of them, or one
    duration,  ///< `least` and `most` in milliseconds
    days,      ///< whole days, of which `least` and `most` are numbers
    integer,
    bytes,    ///< like 64MiB
    boolean,  ///< true or false
    words,    ///< one of those that `form` names
    other,    ///< what `form` says
  };
  std::string_view name;
  Takes takes = Takes::text;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view form;   ///< what it takes, where that is not said by the above
  std::string_view usual;  ///< what holds without it; empty: nothing
  std::string_view help;
};

struct ConfigSection {
  std::string_view name;   ///< as readers name it: "servers", "store"
  std::string_view place;  ///< where it stands: "servers[].confirm"
  std::string_view help;
  std::span<const ConfigKey> keys;
};

/// All sections, in the order of the reference.
[[nodiscard]] std::span<const ConfigSection> config_sections();
/// The names of a section's keys. Requires: there is a section `name`.
[[nodiscard]] const std::vector<std::string_view>& key_names(std::string_view section);
/// Requires: there is a section of that name with that key.
[[nodiscard]] const ConfigKey& config_key(std::string_view section, std::string_view key);
/// What a key takes, as a person is told: "a duration from 100ms to 31d".
[[nodiscard]] std::string takes_text(const ConfigKey& key);

// Values within the bounds of their key.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(const YAML::Node& node, const ConfigKey& key,
                                                                     Problems& problems);
[[nodiscard]] std::optional<std::int64_t> read_integer(const YAML::Node& node, const ConfigKey& key,
                                                       Problems& problems);

/// The reference of all keys, in Markdown; with the keys of checks.
[[nodiscard]] std::string config_reference();

}  // namespace nines::tools
