// The limit: the same answers by a plain loop over arrays in memory, with nothing stored, decoded or judged in general.
//
// It knows the default rules (two failures in a row are an outage, one success ends it), one location, and a time,
// a latency and a state a result; no store can do less. Answers are equal to those of expected.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nines/types.h>

#include "expected.h"
#include "history.h"

namespace nines::bench {

/// One server's results in a window, as parallel arrays. `latency_us` is kNoLatency where there is none.
struct PlainServer {
  std::vector<std::int64_t> time_ms;
  std::vector<std::uint32_t> latency_us;
  std::vector<State> state;
  std::int64_t holds_ms = 0;  ///< how long a result holds
};

/// The arrays of every server of a history, for the results in `window`.
[[nodiscard]] std::vector<PlainServer> plain_arrays(const history::Shape& shape, Window window);

/// Nearest-rank values at 50, 95 and 99 % into the answer; may reorder `values`, which is not empty.
using SelectPercentiles = void (*)(std::span<std::uint32_t> values, history::ExpectedLatency& answer);
/// By std::nth_element: what one would write.
void select_by_nth_element(std::span<std::uint32_t> values, history::ExpectedLatency& answer);

/// Memory that is used again from server to server.
struct PlainScratch {
  std::vector<std::uint32_t> latencies;
};

/// Everything in history::Expected, of one server. A null `select` leaves out the percentiles.
void plain_answer(const PlainServer& server, Window window, std::span<const std::int64_t> bar_edges_ms,
                  SelectPercentiles select, PlainScratch& scratch, history::Expected& answer);

}  // namespace nines::bench
