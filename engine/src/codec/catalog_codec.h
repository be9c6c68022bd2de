// A server's entry of the catalog, to and from bytes: a value of `servers`. FORMAT.md, "Server", is the specification.
//
// An entry is a list of tagged fields; a reader skips tags that it does not know, so that fields can be added without
// a new format version. Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/server.h>

namespace nines::engine {

inline constexpr std::uint8_t kServerVersion = 1;

/// What the store itself notes in an entry, beside what describes the server.
struct EntryNotes {
  /// The server is not in the catalog any more, and something of its history may be left.
  bool removed = false;
  /// No result of the server has a longer interval of its own; none while that is not known.
  std::optional<std::uint32_t> longest_interval_ms;
};

/// The bytes of an entry; the id is in the key. validate_server() must hold (vocabulary/validate_server.h).
[[nodiscard]] std::string encode_server(const Server& server, const EntryNotes& notes = {});
/// The entry of `id`. What decodes also validates. Errors: newer_format, corruption.
[[nodiscard]] Result<Server> decode_server(ServerId id, std::string_view bytes);

/// Requires: `entry` decodes.
[[nodiscard]] EntryNotes notes_of(std::string_view entry);

/// The number that the next new server gets: the value of key 0 of `servers`. Errors: newer_format, corruption.
[[nodiscard]] std::string encode_next_server(ServerId next);
[[nodiscard]] Result<ServerId> decode_next_server(std::string_view bytes);

}  // namespace nines::engine
