// A server's entry of the catalog, to and from bytes: a value of `servers`. FORMAT.md, "Server", is the specification.
//
// An entry is a list of tagged fields; a reader skips tags that it does not know, so that fields can be added without
// a new format version. Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/server.h>

namespace nines::engine {

inline constexpr std::uint8_t kServerVersion = 1;

/// The bytes of an entry; the id is in the key. validate_server() must hold (vocabulary/validate_server.h).
[[nodiscard]] std::string encode_server(const Server& server);
/// The entry of `id`. What decodes also validates. Errors: newer_format, corruption.
[[nodiscard]] Result<Server> decode_server(ServerId id, std::string_view bytes);

/// Adds to an entry the mark of a server that is removed and of which something may be left, and looks for it.
[[nodiscard]] std::string mark_removed(std::string entry);
/// Requires: `entry` decodes.
[[nodiscard]] bool is_marked_removed(std::string_view entry);

/// The number that the next new server gets: the value of key 0 of `servers`. Errors: newer_format, corruption.
[[nodiscard]] std::string encode_next_server(ServerId next);
[[nodiscard]] Result<ServerId> decode_next_server(std::string_view bytes);

}  // namespace nines::engine
