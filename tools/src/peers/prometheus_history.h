// The series that the blackbox exporter leaves in a Prometheus: probe_success with the probe_duration_seconds and
// probe_http_status_code of the same labels and time, which make a check result together.
//
// Read from OpenMetrics and the exposition format with times, from `promtool tsdb dump`, and from the HTTP API's answer
// to a query of raw samples. Series come one after the other in all of them, so samples wait in a file on disk until
// all are there: memory is bounded whatever their number.
#pragma once

#include <istream>
#include <map>
#include <optional>
#include <string>

#include "peers/history_writer.h"
#include "peers/sqlite_file.h"

namespace nines::tools {

class PrometheusHistory {
 public:
  /// `writer` must outlive it.
  [[nodiscard]] static Result<PrometheusHistory> create(HistoryWriter& writer);

  /// Takes the samples of a text; lines that are none are counted as left out. Errors: io of the waiting file.
  [[nodiscard]] Result<void> read_text(std::istream& in);
  /// Takes those of an answer of the HTTP API. `invalid_argument` when it is none, or when its samples lie on a grid: a
  /// range query repeats the last value and loses what is between.
  [[nodiscard]] Result<void> read_answer(std::istream& in);
  /// Gives the results of all that was read to the writer.
  [[nodiscard]] Result<void> finish();

 private:
  explicit PrometheusHistory(HistoryWriter& writer) : writer_(&writer) {}

  struct Series {
    std::int64_t id = 0;
    int kind = 0;
  };
  using Labels = std::map<std::string, std::string>;
  std::optional<Series> series_of(Labels labels);
  [[nodiscard]] Result<void> take(const Series& series, std::int64_t time_ms, double value);
  [[nodiscard]] Result<void> write_series(std::int64_t id);

  HistoryWriter* writer_;
  SqliteFile waiting_;
  SqliteRows insert_;
  std::map<Labels, std::int64_t> ids_;  // without the name
};

}  // namespace nines::tools
