// Keeping the store within what it is to hold: the days that retention keeps, and the cap of its size.
//
// Which day is today decides what is too old, and clocks are wrong now and then. So today is no later than the day of
// the newest believable result: one whose server has results of one to three days before it. A clock that has been far
// ahead for less than a day moves nothing, and a store that was off for long catches up after a day. Hosts that know
// better set Options::trust_clock.
//
// Threads: one call at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <nines/options.h>
#include <nines/store.h>

#include "store/store_core.h"
#include "store/writer.h"

namespace nines::engine {

class Retention {
 public:
  Retention(std::shared_ptr<StoreCore> core, Writer& writer) : core_(std::move(core)), writer_(writer) {}

  /// Drops what is too old of each server in `catalog`, months that no server keeps as a whole, then whole days of all
  /// of them, the oldest first, until the tables fit Options::max_store_bytes; the current day stays. What fails for
  /// one server does not keep the others from being looked at; the first error is returned.
  [[nodiscard]] Result<void> apply(const Catalog& catalog);
  /// How many days a server keeps whose rule is `of_server` (0: the store's, less: for ever); 0 for ever.
  [[nodiscard]] static std::chrono::days keep_days(std::chrono::days of_server, std::chrono::days general) noexcept;
  /// The day that counts as today; none when no result can be believed, and then nothing is too old.
  [[nodiscard]] Result<std::optional<UtcDay>> today() const;

  struct SummaryDays {
    UtcDay end_day{};
    UtcDay refused_before{};  ///< as in SummaryCursor
  };
  /// Computes and keeps the summaries of days before `days.end_day` that have none. Returns the longest interval of
  /// these days' results in milliseconds.
  [[nodiscard]] Result<std::uint32_t> write_summaries(ServerId id, SummaryDays days);
  /// Rewrites all files without what was erased.
  [[nodiscard]] Result<void> compact_spaces();

 private:
  [[nodiscard]] DropBefore cutoff_of(const Server& server, UtcDay today) const;
  /// Of each server what lies before its cutoff, and the months that lie before all of them.
  [[nodiscard]] Result<void> drop_old_days(const Catalog& catalog, UtcDay today);
  /// Gives back what has been dropped of the days before `day`, rewriting parts of which so much is `erased`.
  [[nodiscard]] Result<void> give_back(UtcDay day, Erased erased);
  [[nodiscard]] Result<void> keep_size(const Catalog& catalog, UtcDay today);
  /// The bytes of the tables, once all is in them.
  [[nodiscard]] Result<std::uint64_t> table_bytes();
  /// The day before which all has to go so that about `bytes` are given back; at most `today`.
  [[nodiscard]] Result<UtcDay> day_to_free(std::uint64_t bytes, UtcDay today) const;
  [[nodiscard]] Result<bool> has_result(std::shared_ptr<ServerState> state, Window window) const;
  [[nodiscard]] Result<TimeMs> newest_before(const ServerState& state, TimeMs end) const;

  const std::shared_ptr<StoreCore> core_;
  Writer& writer_;
};

}  // namespace nines::engine
