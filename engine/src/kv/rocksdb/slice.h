// RocksDB's views of bytes and ours, each as the other. Neither owns what it points to.
#pragma once

#include <rocksdb/slice.h>

#include <string_view>

namespace nines::engine {

[[nodiscard]] inline rocksdb::Slice slice(std::string_view bytes) noexcept {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline std::string_view text(const rocksdb::Slice& slice) noexcept {
  return {slice.data(), slice.size()};
}

}  // namespace nines::engine
