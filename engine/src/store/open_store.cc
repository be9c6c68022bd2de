#include "store/open_store.h"

#include <utility>

#include "base/contained.h"
#include "kv/local/open_local.h"
#include "store/store.h"

namespace nines::engine {

Result<std::unique_ptr<Store>> open_store(const std::string& path, KvMode mode, Options options,
                                          const std::function<KvOpener(const Options&)>& make_opener,
                                          ReopenTimes times) {
  return contained([&]() -> Result<std::unique_ptr<Store>> {
    if (auto valid = options.validate(); !valid) return tl::unexpected<Error>(valid.error());
    auto store = std::make_unique<StoreImpl>(path, mode, std::move(options), make_opener, times);
    if (auto opened = store->open(); !opened) return tl::unexpected<Error>(opened.error());
    return store;
  });
}

namespace {

Result<std::unique_ptr<Store>> open_on_disk(const std::string& path, KvMode mode, Options options) {
  return open_store(path, mode, std::move(options), [&](const Options& kept) -> KvOpener {
    return [&kept, path, mode, held = std::weak_ptr<FileLock>()](OpenReport& report) mutable {
      return open_local(path, mode, kept, report, nullptr, Log::kSegmentBytes, &held);
    };
  });
}

}  // namespace
}  // namespace nines::engine

namespace nines {

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Options options) {
  return engine::open_on_disk(path, engine::KvMode::write, std::move(options));
}

Result<std::unique_ptr<Store>> Store::open_read_only(const std::string& path, Options options) {
  options.create_if_missing = false;
  return engine::open_on_disk(path, engine::KvMode::read_only, std::move(options));
}

}  // namespace nines
