// nines_measure: one measurement, or one file of data, a call; the harness in bench/run.py asks for them.
//
// `nines_measure WHAT KEY=VALUE...` prints one line of JSON on stdout. Every call is a fresh process, so that memory
// and opening can be measured and nothing is warm but by intent. Times are milliseconds, sizes bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <nines/result.h>
#include <nines/store.h>

#include "history.h"

namespace nines::bench {

using Json = nlohmann::ordered_json;

/// The command line's KEY=VALUE pairs. What is asked for and not there has the default.
class Arguments {
 public:
  explicit Arguments(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  [[nodiscard]] std::string text(const std::string& key, const std::string& otherwise = "") const;
  [[nodiscard]] std::uint64_t number(const std::string& key, std::uint64_t otherwise) const;
  /// shape=T1..T4, or one of its own by servers=, days= and interval_s=.
  [[nodiscard]] history::Shape shape() const;

 private:
  std::map<std::string, std::string> values_;
};

/// The pairs from argv[first] on. Anything else ends the program with status 2.
[[nodiscard]] Arguments parse_arguments(int argc, char** argv, int first);

/// A measurement: what the program knows it by, and what it takes.
using Measurement = std::function<Result<Json>(const Arguments&)>;
using Measurements = std::map<std::string, Measurement>;

/// A program's main(): after `prepare`, makes the measurement that argv[1] names of the arguments behind it and prints
/// its line. Returns the exit status: 0, 1 with the error on stderr, or 2 with the usage.
[[nodiscard]] int run_measurement(
    const Measurements& measurements, int argc, char** argv,
    const std::function<void(const Arguments&)>& prepare = [](const Arguments&) {});

// Reading: read.cc. All take dir= (the store), head=0|1, threads=, runs=; the dashboard since=1: the true start of each
// state.
Result<Json> measure_dashboard(const Arguments& arguments);  ///< verify=1 compares with the expected answers
Result<Json> measure_bars(const Arguments& arguments);       ///< from=summaries|results; of all calendar days
Result<Json> measure_raw(const Arguments& arguments);        ///< all results of each of `runs` servers
Result<Json> measure_open(const Arguments& arguments);

// What was stored is what was generated: check.cc. Takes dir=, head=.
Result<Json> check_raw(const Arguments& arguments);  ///< every tenth server's results, one by one

// Writing: write.cc. All take dir=.
Result<Json> measure_build(const Arguments& arguments);   ///< bulk load, and the last day appended
Result<Json> measure_append(const Arguments& arguments);  ///< batch=, durability=, threads=, count=
Result<Json> measure_settle(const Arguments& arguments);  ///< compacts; bytes a check
Result<Json> measure_wait(const Arguments& arguments);   ///< appends while all but keep= days are dropped and compacted
Result<Json> measure_crash(const Arguments& arguments);  ///< appends minutes= of results and dies by SIGKILL

// Scale and disorder: scale.cc. All take dir=, a new store but for measure_reopen.
Result<Json> measure_live(
    const Arguments& arguments);  ///< servers=, interval_s=, behind= days, hours=; dies by SIGKILL
Result<Json> measure_reopen(const Arguments& arguments);        ///< now_ms=; and a first scan of a day of all servers
Result<Json> measure_drop(const Arguments& arguments);          ///< servers=, days=; retention drops the oldest day
Result<Json> measure_shared_syncs(const Arguments& arguments);  ///< threads=, count=, batches=one|overlapping, sync_us=
Result<Json> measure_disorder(const Arguments& arguments);      ///< order=straight|swapped|twice|ahead

// Data for others: data.cc.
Result<Json> count_results(const Arguments& arguments);   ///< how many a history has
Result<Json> write_csv(const Arguments& arguments);       ///< into the file out=
Result<Json> write_expected(const Arguments& arguments);  ///< likewise

// The limit: limits.cc.
Result<Json> measure_plain(const Arguments& arguments);    ///< the answers by a loop over arrays
Result<Json> measure_entropy(const Arguments& arguments);  ///< of the latency column, bits a value
Result<Json> measure_memory(const Arguments& arguments);   ///< bytes a second, reading and copying
Result<Json> measure_sync(const Arguments& arguments);     ///< count= lines to the file out=, each synced by itself

/// Milliseconds that `work` takes.
template <class Work>
double milliseconds(Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

/// The process's resident memory and its peak, bytes, from /proc.
struct Memory {
  std::uint64_t resident = 0;
  std::uint64_t peak = 0;
};
[[nodiscard]] Memory memory();

/// A store and how long opening took.
struct OpenedStore {
  std::unique_ptr<Store> store;
  double open_ms = 0;
};
[[nodiscard]] Result<OpenedStore> open_store(const Arguments& arguments);

/// What a read cost, in words.
[[nodiscard]] Json to_json(const ScanCost& cost);

}  // namespace nines::bench
