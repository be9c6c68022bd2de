// Reading: the dashboard, the bars of all days, one server's raw results, and opening.
#include "answers.h"
#include "measure/measure.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::Shape;

/// One of the two questions about all servers.
struct Question {
  Query query;
  DashboardOptions options;
  bool days = false;
};

/// Asks `runs` times after a first time, which is told apart: what it finds is not warm yet.
Result<Json> ask(const Arguments& arguments, const Question& question) {
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  const Memory after_open = memory();
  Dashboard answer;
  std::vector<double> values;
  for (std::uint64_t run = 0; run < arguments.number("runs", 11) + 1; ++run) {
    // Into the same board each time, as a page does that is drawn every few seconds.
    Result<void> asked;
    const double elapsed_ms =
        milliseconds([&] { asked = dashboard(*opened->store, question.query, question.options, answer); });
    if (!asked) return tl::unexpected(asked.error());
    values.push_back(elapsed_ms);
  }
  if (arguments.number("verify", 0) != 0) {
    const auto checked = check_answers(arguments.shape(), answer, question.days);
    if (!checked) return tl::unexpected(checked.error());
  }
  const StoreStats stats = opened->store->stats();
  return Json{{"open_ms", opened->open_ms},
              {"first_ms", values.front()},
              {"values_ms", std::vector<double>(values.begin() + 1, values.end())},
              {"resident_after_open_bytes", after_open.resident},
              {"resident_bytes", memory().resident},
              {"peak_bytes", memory().peak},
              {"head_bytes", stats.head_bytes},
              {"cost", to_json(answer.explain.cost)}};
}

/// What identifies a server's raw results, as raw in the expected answers: their number and the sums.
struct RawSums {
  std::uint64_t results = 0;
  std::uint64_t times = 0;
  std::uint64_t latencies = 0;
};

Result<RawSums> read_raw(const Store& store, const Shape& shape, ServerId server) {
  auto cursor = store.scan(server, {shape.begin(), shape.now()}, ScanOptions{});
  if (!cursor) return tl::unexpected(cursor.error());
  RawSums sums;
  while (true) {
    auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return sums;
    for (std::uint32_t i = (*segment)->first_in_window; i < (*segment)->size(); ++i) {
      ++sums.results;
      sums.times += static_cast<std::uint64_t>((*segment)->time_ms[i]);
      const std::uint32_t latency = (*segment)->latency_us[i];
      sums.latencies += latency == kNoLatency ? 0 : latency;
    }
  }
}

}  // namespace

Result<Json> measure_dashboard(const Arguments& arguments) {
  DashboardOptions options = dashboard_options();
  options.figures.since = arguments.number("since", 0) != 0;
  return ask(arguments, {dashboard_query(arguments.shape()), options});
}

Result<Json> measure_bars(const Arguments& arguments) {
  const bool results = arguments.text("from", "summaries") == "results";
  const Query query = days_query(arguments.shape(), results ? Summaries::never : Summaries::when_long);
  return ask(arguments, {query, days_options(), true});
}

Result<Json> measure_raw(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  std::vector<double> values;
  Json sums = Json::array();
  const auto servers = static_cast<std::uint32_t>(std::min<std::uint64_t>(arguments.number("runs", 11), shape.servers));
  for (std::uint32_t number = 1; number <= servers; ++number) {
    Result<RawSums> read = fail(ErrorCode::unavailable, "not read");
    // Each is read twice: the second time its blocks are in memory.
    for (int turn = 0; turn < 2; ++turn) {
      const double elapsed_ms = milliseconds([&] { read = read_raw(*opened->store, shape, ServerId{number}); });
      if (!read) return tl::unexpected(read.error());
      if (turn == 1) values.push_back(elapsed_ms);
    }
    sums.push_back({read->results, read->times, read->latencies});
  }
  return Json{{"open_ms", opened->open_ms}, {"values_ms", values}, {"sums", sums}};
}

Result<Json> measure_open(const Arguments& arguments) {
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  const OpenReport& report = opened->store->open_report();
  return Json{{"open_ms", opened->open_ms},
              {"recovered", report.recovered},
              {"replayed_bytes", report.replayed_bytes},
              {"resident_bytes", memory().resident},
              {"peak_bytes", memory().peak}};
}

}  // namespace nines::bench
