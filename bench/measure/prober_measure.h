// The measurements of nines_measure_prober, and what they share. Each wants a process of its own.
#pragma once

#include <filesystem>
#include <string>

#include <nines/prober.h>
#include <nines/store.h>

#include "measure/measure.h"

namespace nines::bench {

/// Servers on a schedule, results stored at Durability::process, for a while. servers=, interval_s=, seconds= (60:
/// a full minute by the clock), hang= (so many targets more that are silent until their timeout), url= (of a server
/// that runs already, instead of nginx), dir= (an empty directory for the store, instead of a temporary one).
Result<Json> measure_load(const Arguments& arguments);
/// checks= checks begun in one moment, scheme= http or https, of a server that is silent, so that all are in flight
/// until their timeout.
Result<Json> measure_burst(const Arguments& arguments);
/// The same transfers as `load` by libcurl and epoll alone: what is left to nobody. a_second=, seconds=.
Result<Json> measure_bare(const Arguments& arguments);
/// Every check of a list, rounds= times: verdicts, and the cost. file= has an array of {"name", "check"}, the check as
/// the configuration file has it.
Result<Json> measure_list(const Arguments& arguments);

/// Adds `server`, of which the name, the URL and one set of rules count, to the store and to the prober.
[[nodiscard]] Result<void> probe(Store& store, Prober& prober, const Server& server);

/// A new directory under the system's temporary one, removed with everything in it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// Processor time of this process, all threads, seconds.
struct ProcessorTime {
  double user = 0;
  double system = 0;
};
[[nodiscard]] ProcessorTime processor_time();
[[nodiscard]] inline ProcessorTime operator-(const ProcessorTime& a, const ProcessorTime& b) {
  return {a.user - b.user, a.system - b.system};
}

/// {"user_s", "system_s", "core_share", "us_a_check"} of a stretch of work.
[[nodiscard]] Json cost_of(const ProcessorTime& used, double seconds, std::uint64_t checks);

}  // namespace nines::bench
