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

// Limits of an entry. They keep the catalog, which is wholly in memory, small, and stop mistakes early.
inline constexpr std::size_t kMaxNameBytes = 200;
inline constexpr std::size_t kMaxUrlBytes = 8192;
inline constexpr std::size_t kMaxGroupBytes = 200;
inline constexpr std::size_t kMaxTags = 64;
inline constexpr std::size_t kMaxTagKeyBytes = 100;
inline constexpr std::size_t kMaxTagValueBytes = 500;
inline constexpr std::size_t kMaxNoteBytes = 1000;
inline constexpr std::size_t kMaxTimezoneBytes = 100;
inline constexpr std::size_t kMaxCheckBytes = 65'536;
inline constexpr std::size_t kMaxRules = 10'000;  ///< also of maintenance windows, corrections and pauses, each
inline constexpr std::int64_t kMaxRuleDays = 31;  ///< interval, timeout, stale_after and merge_within
inline constexpr std::int64_t kMaxRetentionDays = 1'000'000;

/// `invalid_argument` naming the first field that is out of the bounds above or of those in nines/server.h; texts must
/// be UTF-8. The id is not looked at.
[[nodiscard]] Result<void> validate_server(const Server& server);

/// The bytes of an entry; the id is in the key. validate_server() must hold.
[[nodiscard]] std::string encode_server(const Server& server);
/// The entry of `id`. What decodes also validates. Errors: newer_format, corruption.
[[nodiscard]] Result<Server> decode_server(ServerId id, std::string_view bytes);

/// The number that the next new server gets: the value of key 0 of `servers`. Errors: newer_format, corruption.
[[nodiscard]] std::string encode_next_server(ServerId next);
[[nodiscard]] Result<ServerId> decode_next_server(std::string_view bytes);

}  // namespace nines::engine
