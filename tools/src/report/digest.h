// A checksum of what a report was made from, so that one who makes it again can tell whether it is the same.
#pragma once

#include <nines/query.h>
#include <nines/report.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>

#include <string>

namespace nines::tools {

/// SHA-256, in hexadecimal.
struct Digest {
  /// Of the check results: for each server by name its name and, day by day, place by place, each run of equal results
  /// with the times of its first and last, their number, state, code, error class and interval; then the day's count,
  /// sum, least and greatest of latencies. The same from results and, once retention has taken them, from summaries.
  std::string results;
  /// Of the catalog, as far as it judges the window: rules, maintenance, pauses and corrections clipped to it, what was
  /// promised, and what was said about the window's incidents.
  std::string catalog;
  /// Whole UTC days: those that touch the window or an outage in it, one before for what holds at the start, and one
  /// after for what the end leaves undecided. Before they are over, what comes may still change the answer.
  Window days;
};

/// Reads the day summaries of the report's servers. Errors: those of Store::days, and of a time zone.
[[nodiscard]] Result<Digest> digest_of(const Store& store, const Report& report, const Query& query);

}  // namespace nines::tools
