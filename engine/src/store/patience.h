// How long the store's hold on its Kv waits, for what.
#pragma once

#include <chrono>

namespace nines::engine {

struct Patience {
  std::chrono::milliseconds first_pause{100};       ///< from a fault to the first attempt to reopen
  std::chrono::milliseconds longest_pause{30'000};  ///< the pause doubles with each attempt up to this
  std::chrono::milliseconds let_go{2'000};          ///< for calls to be done with a Kv that is to be closed
};

}  // namespace nines::engine
