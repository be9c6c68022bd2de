// Which parts of a check are secret: one list for what may be shown, stored and sent elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/compiled_check.h"

namespace nines::prober {

/// Whether a header of this name says who is asking, or holds a session.
[[nodiscard]] bool is_secret_header(std::string_view name);

/// The texts of `check` that must not appear in a detail, the longest first, so that one that begins another does not
/// leave the other's tail.
[[nodiscard]] std::vector<std::string> secrets_of(const CompiledCheck& check);

}  // namespace nines::prober
