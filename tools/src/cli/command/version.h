// The version of the command, from the build.
#pragma once

namespace nines::tools {

inline constexpr const char* kVersion = NINES_VERSION;

}  // namespace nines::tools
