// Opening stores for tests: on a disk of the test's making, or with a word when it fails.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include <nines/store.h>

#include "engine/store/faulty_disk.h"
#include "kv/local/open_local.h"
#include "store/open_store.h"

namespace nines::test {

/// Segments of the log that are so small that a test has some of them.
inline constexpr std::uint64_t kSmallSegment = 16U << 10U;

/// Store::open on the operating system `env`, which must outlive the store, with small segments.
[[nodiscard]] inline Result<std::unique_ptr<Store>> open_on(rocksdb::Env* env, const std::string& path,
                                                            const Options& options, engine::ReopenTimes times = {}) {
  const auto make_opener = [&](const Options& kept) -> engine::KvOpener {
    return [&kept, path, env, held = std::weak_ptr<engine::FileLock>()](OpenReport& report) mutable {
      return engine::open_local(path, engine::KvMode::write, kept, report, env, kSmallSegment, &held);
    };
  };
  return engine::open_store(path, engine::KvMode::write, options, make_opener, times);
}

/// Store::open; null, and a failed test, when that fails.
[[nodiscard]] inline std::unique_ptr<Store> open_or_fail(const std::string& path, const Options& options) {
  auto store = Store::open(path, options);
  if (store) return std::move(*store);
  ADD_FAILURE() << store.error().message;
  return nullptr;
}

}  // namespace nines::test
