// The host's functions in Options, made safe to be called from any thread of the engine.
#pragma once

#include <nines/options.h>

namespace nines::engine {

/// `options` with a clock and a log that do not throw. A clock that throws, which the log is told once, has stopped at
/// what it gave last (1970 when nothing); what it gives is brought into [1970, kTimeLimit]. An empty clock becomes the
/// system's. What a log throws is dropped: there is nobody to tell.
[[nodiscard]] Options with_callbacks_contained(Options options);

}  // namespace nines::engine
