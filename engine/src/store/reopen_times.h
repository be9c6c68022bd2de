// How long the store's hold on its Kv waits before it opens that anew.
#pragma once

#include <chrono>

namespace nines::engine {

struct ReopenTimes {
  std::chrono::milliseconds first_delay{100};       ///< from a fault to the first attempt
  std::chrono::milliseconds longest_delay{30'000};  ///< the delay doubles with each attempt up to this
  std::chrono::milliseconds close_timeout{2'000};   ///< for calls to be done with a Kv that is to be closed
};

}  // namespace nines::engine
