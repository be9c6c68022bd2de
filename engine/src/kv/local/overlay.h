// Changes of the log that the tables do not have yet, laid over them for who only reads.
//
// Built by one thread; read by any afterwards.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kv/kv.h"
#include "kv/rocksdb/rocksdb_kv.h"

namespace nines::engine {

class Overlay {
 public:
  /// Nothing stands for an erased key.
  using Keys = std::map<std::string, std::optional<std::string>, std::less<>>;

  /// Applies a change of another space than `recent`. `below` has the tables; a range is erased key by key.
  [[nodiscard]] Result<void> apply(ServerId server, const Batch::Change& change, const Tables& below);
  [[nodiscard]] const Keys& keys(Space space) const { return spaces_[static_cast<std::size_t>(space)]; }

 private:
  std::array<Keys, kSpaceCount> spaces_;
};

/// A range of the tables with the overlay's changes in it.
class OverlayRange final : public Range {
 public:
  /// `below` is the range of the tables from `from` to `to`, of all keys.
  void seek(Range& below, const Overlay::Keys& keys, std::string_view from, std::string_view to, Reading reading);
  /// The last key of [from, to), which is nothing or a range of one key.
  void seek_last(View& below, Space space, const Overlay::Keys& keys, std::string_view from, std::string_view to);
  void end() noexcept { valid_ = false; }

  void next() override;
  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] std::string_view key() const override { return from_overlay_ ? next_->first : below_->key(); }
  [[nodiscard]] std::string_view value() const override;
  [[nodiscard]] Result<void> status() const override { return below_ == nullptr ? Result<void>{} : below_->status(); }

 private:
  void look();

  Range* below_ = nullptr;
  Overlay::Keys::const_iterator next_;
  Overlay::Keys::const_iterator end_;
  Reading reading_;
  std::uint32_t left_ = 0;
  bool from_overlay_ = false;
  bool valid_ = false;
};

}  // namespace nines::engine
