// What a question will cost, before it is asked.
//
// From the catalog alone: nothing of the store is read. It is an estimate for choosing and refusing questions, made of
// the interval of each server's rules and of what a result takes on disk; Explain::cost says what was read. Servers
// that are checked at another pace than their rules say, or from several places, are read that much more or less.
#pragma once

#include <cstdint>

#include <nines/query.h>
#include <nines/server.h>

namespace nines {

/// How a question reads.
enum class Reads : std::uint8_t {
  results,    ///< each result of the window: points, exports, audits
  summaries,  ///< whole days of a long window from their summaries: uptime, incidents, bars, dashboards
  newest,     ///< the newest few results: the chunk that they lie in
};

struct Estimate {
  std::uint64_t range_scans = 0;
  std::uint64_t results = 0;
  std::uint64_t summaries = 0;
  std::uint64_t bytes = 0;  ///< as stored; what is in memory costs none
  Estimate& operator+=(const Estimate& other) noexcept;
  friend bool operator==(const Estimate&, const Estimate&) = default;
};

/// Of one server. A question about many is the sum of theirs. Any thread.
[[nodiscard]] Estimate estimate(const Server& server, const Query& query, Reads reads = Reads::summaries) noexcept;

}  // namespace nines
