// The values whose bytes are kept under tests/engine/golden/, made from fixed arithmetic so that they never change.
// Values of a format version that has been released must not be edited: add new ones.
#pragma once

#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/server.h>
#include <nines/summary.h>

#include "series/columns.h"

namespace nines::engine::testing {

inline constexpr std::int64_t kGoldenDay = 20'635;  // 2026-07-01

/// A regular series with jitter, spikes and one outage.
std::vector<SeriesColumns> golden_regular_chunk();
/// Three locations with phases, details, pauses, early checks, changing judgements and wild latencies.
std::vector<SeriesColumns> golden_rich_chunk();
/// The summary of each.
DaySummary golden_summary(const std::vector<SeriesColumns>& series);
CheckResult golden_plain_row();
CheckResult golden_rich_row();
/// Every field of the catalog set to something else than its default.
Server golden_server();

/// One file of tests/engine/golden/: its name and what an encoder of this version writes into it.
struct GoldenFile {
  std::string name;
  std::string bytes;
};
std::vector<GoldenFile> golden_files();

}  // namespace nines::engine::testing
