// Reading on behind what is damaged: a range over one server's keys that steps over blocks that cannot be read.
//
// A damaged block ends a Range with `corruption`, and nothing says where the block ends. So later UTC days are tried,
// until one can be read; a part of a day that was passed over may be intact.
//
// Threads: none of its own; use within a ViewUse.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <nines/result.h>
#include <nines/segment.h>

#include "codec/key.h"
#include "kv/kv.h"

namespace nines::engine {

class IntactRange {
 public:
  /// The keys of `space` (recent, checks or days) in [from, to), which are of one server. `view` is one of that server
  /// and has the space, and no other range of it over that space is used meanwhile.
  IntactRange(View& view, Space space, const Key& from, const Key& to);

  /// To the next key that can be read; false at the end, and after a fault that is no damage: then status() tells.
  [[nodiscard]] bool next();
  [[nodiscard]] std::string_view key() const { return range_->key(); }
  [[nodiscard]] std::string_view value() const { return range_->value(); }
  [[nodiscard]] const Result<void>& status() const noexcept { return status_; }

  /// The days that the latest next() stepped over, and why; it begins with the day of the key before, a part of which
  /// may have been read. The days from `first` to before `last`.
  struct Skipped {
    UtcDay first{};
    UtcDay last{};
    Error error;
  };
  [[nodiscard]] const std::optional<Skipped>& skipped() const noexcept { return skipped_; }
  /// The same, counted from now on by the caller.
  [[nodiscard]] std::optional<Skipped> take_skipped() { return std::exchange(skipped_, std::nullopt); }

 private:
  void open(const Key& from);
  [[nodiscard]] bool is_readable_from(UtcDay day);
  void step_over(Error error);

  View& view_;
  const Space space_;
  const Key from_;
  const Key to_;
  UtcDay day_{};            // of the key at hand; before the first, of from_
  Range* range_ = nullptr;  // null before the first key
  bool ended_ = false;      // damage reaches to the end of the range
  Result<void> status_;
  std::optional<Skipped> skipped_;
};

}  // namespace nines::engine
