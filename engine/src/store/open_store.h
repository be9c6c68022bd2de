// Opening a store over a Kv of the caller's making: Store::open with the operating system's RocksDB replaced.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <nines/store.h>

#include "kv/kv.h"
#include "store/reopen_times.h"

namespace nines::engine {

/// Opens the store over whatever `make_opener` makes of the options that the store keeps. Errors as Store::open.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const std::string& path, KvMode mode, Options options,
                                                        const std::function<KvOpener(const Options&)>& make_opener,
                                                        ReopenTimes times = {});

}  // namespace nines::engine
