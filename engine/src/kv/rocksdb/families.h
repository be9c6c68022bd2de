// The column families of an open store: one a space, and of `checks` one a month (engine/FORMAT.md, "Store").
//
// The family of a month is made when its first chunk is written, and dropped as a whole once retention has passed it,
// so that nothing of a settled month is ever rewritten for the sake of another. A store of format 1 keeps all of its
// chunks in one family, which goes on as the partition of everything before a month that is noted in the store.
//
// A Families is what there was at one moment and never changes; a view keeps the one it was made with, and may read a
// dropped month for as long as it does. Threads: any.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/kv.h"

namespace nines::engine {

/// The bytes of a key that are its server's number.
inline constexpr std::size_t kServerBytes = 4;
/// The first key after those of the server of `key`; empty after the last server. Requires: `key` has a server.
[[nodiscard]] std::string after_server(std::string_view key);

[[nodiscard]] constexpr std::string_view name_of(Space space) noexcept {
  return kSpaceNames[static_cast<std::size_t>(space)];
}

/// Months since January 1970, UTC.
using Month = std::int32_t;
/// Beyond the month of every key.
inline constexpr Month kMonthLimit = std::numeric_limits<Month>::max();

/// The time in a key of `checks`, ms; what is missing of it is 0.
[[nodiscard]] std::uint64_t time_of(std::string_view key) noexcept;
/// The month of that time; it never falls from one key of a server to the next.
[[nodiscard]] Month month_of(std::string_view key) noexcept;
[[nodiscard]] Month month_of(TimeMs time) noexcept;
/// "checks-2026-07", and back; nothing for any other name.
[[nodiscard]] std::string name_of_month(Month month);
[[nodiscard]] std::optional<Month> month_of_name(std::string_view name) noexcept;

/// Destroyed with its last holder, which must not outlive the database.
using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;
[[nodiscard]] Family hold(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle);

/// The family of the keys of a space from one month to another.
struct Partition {
  Month first = 0;
  Month end = kMonthLimit;  ///< exclusive
  Family family;
};

class Families {
 public:
  /// Sorts `handles`, those of an open database. Where there are months, those of a store that was of format 1 begin
  /// with `first_month`.
  [[nodiscard]] static std::shared_ptr<const Families> sort(const std::vector<Family>& handles, Month first_month);

  /// Ascending by month. Spaces other than `checks` have one.
  [[nodiscard]] const std::vector<Partition>& of(Space space) const noexcept {
    return spaces_[static_cast<std::size_t>(space)];
  }
  /// Where a key of `space` lies; null when its month has no family.
  [[nodiscard]] rocksdb::ColumnFamilyHandle* find(Space space, std::string_view key) const noexcept;
  /// RocksDB's own, which holds notes about the store.
  [[nodiscard]] const Family& notes() const noexcept { return notes_; }
  [[nodiscard]] std::vector<rocksdb::ColumnFamilyHandle*> all() const;

  /// The same with another family for `space`, which has one.
  [[nodiscard]] std::shared_ptr<const Families> with_space(Space space, Family family) const;
  /// The same with a month more. Requires: it has none.
  [[nodiscard]] std::shared_ptr<const Families> with_month(Month month, Family family) const;
  /// The same without the partitions of `checks` that end at `month` or before it.
  [[nodiscard]] std::shared_ptr<const Families> without_before(Month month) const;

 private:
  std::array<std::vector<Partition>, kSpaceCount> spaces_;
  Family notes_;
};

/// The month with which those of months begin in a store that was of format 1; kMonthLimit as long as there are none.
/// Errors: corruption, io.
[[nodiscard]] Result<Month> first_month(rocksdb::DB& db, const std::vector<Family>& handles);
/// The same for a store that may be written: as long as there are none, it is the month after the newest chunk in the
/// family of format 1, and is noted, in a table. Looks at the last key of each server. Where one cannot be read,
/// nothing says how late that family's chunks are: it keeps all of them (kMonthLimit), and the next open looks again.
[[nodiscard]] Result<Month> note_first_month(rocksdb::DB& db, const std::vector<Family>& handles);

}  // namespace nines::engine
