// What other tools write about a failed check, read back into facts. They keep no error class, and often the status
// code in nothing but a sentence. Pure functions; any thread.
#pragma once

#include <nines/types.h>

#include <cstdint>
#include <string_view>

namespace nines::tools {

/// The HTTP status code in "200 - OK", "Request failed with status code 503" and the like; 0 when there is none.
[[nodiscard]] std::uint16_t status_code_in(std::string_view text);

/// The class of the failure that `text` tells of, by the words of Node.js, Go and the tools themselves; `other` when
/// it has none of them.
[[nodiscard]] ErrorClass error_class_in(std::string_view text);

}  // namespace nines::tools
