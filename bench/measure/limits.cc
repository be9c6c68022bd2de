// How far the store is from what the machine allows: a loop over plain arrays, the entropy of the data, the memory,
// the device.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

#include "answers.h"
#include "measure/measure.h"
#include "plain_arrays.h"

namespace nines::bench {
namespace {

using history::Shape;

/// Every server's answer; returns a figure of all, so that no part of the work can be left out.
std::uint64_t answer_all(const std::vector<PlainServer>& servers, Window window, const std::vector<std::int64_t>& edges,
                         SelectPercentiles select) {
  static PlainScratch scratch;
  static history::Expected answer;
  std::uint64_t sum = 0;
  for (const PlainServer& server : servers) {
    plain_answer(server, window, edges, select, scratch, answer);
    sum += answer.checks + answer.latency.p99_us + answer.bars.size();
  }
  return sum;
}

/// Compares the loop's answers with the right ones; `servers` hold the results in `held`, which ends with the window.
Result<void> check_plain(const Shape& shape, const std::vector<PlainServer>& servers, Window held, Window window,
                         const std::vector<std::int64_t>& edges) {
  PlainScratch scratch;
  history::Expected answer;
  std::vector<CheckResult> results;
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    plain_answer(servers[index], window, edges, select_by_quantiles, scratch, answer);
    history::ServerHistory(shape, index).results(held, results);
    if (answer != history::expect(results, window, edges)) {
      return fail(ErrorCode::fatal, "the plain loop is wrong about server " + std::to_string(index + 1));
    }
  }
  return {};
}

}  // namespace

Result<Json> measure_plain(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  const bool days = arguments.text("question", "dashboard") == "bars";
  const Window window{days ? shape.begin() : shape.now() - std::chrono::hours{24}, shape.now()};
  const auto edges = days ? history::day_edges(window) : history::equal_edges(window, 48);
  const Window held{days ? window.from : window.from - std::chrono::hours{24}, window.to};
  const auto servers = plain_arrays(shape, held);
  if (auto checked = check_plain(shape, servers, held, window, edges); !checked) return tl::unexpected(checked.error());
  std::vector<double> values;
  std::uint64_t sum = 0;
  for (std::uint64_t run = 0; run < arguments.number("runs", 11) + 1; ++run) {
    const double elapsed_ms =
        milliseconds([&] { sum += answer_all(servers, window, edges, days ? nullptr : select_by_quantiles); });
    if (run > 0) values.push_back(elapsed_ms);
  }
  return Json{{"values_ms", values}, {"witness", sum}};
}

Result<Json> measure_entropy(const Arguments& arguments) {
  // What any coder needs that knows a server's distribution and takes its values for independent. The density is
  // taken for flat within 1/64 of an octave: counting single values would take chance for knowledge, since a server
  // has about as many possible latencies as it has results.
  constexpr double kBinsAnOctave = 64;
  const Shape shape = arguments.shape();
  double bits = 0;
  std::uint64_t count = 0;
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    std::map<int, double> frequency;
    const history::ServerHistory server(shape, index);
    double values = 0;
    for (std::uint64_t i = 0; i < server.size(); ++i) {
      const auto latency_us = server[i].latency_us;
      if (!latency_us) continue;
      ++frequency[static_cast<int>(std::floor(std::log2(*latency_us) * kBinsAnOctave))];
      ++values;
    }
    for (const auto& [bin, times] : frequency) {
      const double width_us = std::exp2((bin + 1) / kBinsAnOctave) - std::exp2(bin / kBinsAnOctave);
      bits -= times * std::log2(times / values / width_us);
    }
    count += static_cast<std::uint64_t>(values);
  }
  return Json{{"bits_a_latency", bits / static_cast<double>(count)}, {"values", count}};
}

Result<Json> measure_sync(const Arguments& arguments) {
  const std::string path = arguments.text("out");
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::io, "cannot write '" + path + "'");
  const std::string line(64, '\n');
  const std::uint64_t count = arguments.number("count", 200);
  bool done = true;
  const double elapsed_ms = milliseconds([&] {
    for (std::uint64_t i = 0; i < count && done; ++i) {
      done = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fdatasync(file) == 0;
    }
  });
  ::close(file);
  ::unlink(path.c_str());
  if (!done) return fail(ErrorCode::io, "cannot write '" + path + "'");
  return Json{{"results", count}, {"ms", elapsed_ms}};
}

Result<Json> measure_memory(const Arguments& arguments) {
  std::vector<std::uint64_t> from(arguments.number("mib", 512) * (1U << 17U), 1);
  std::vector<std::uint64_t> to(from.size());
  const double bytes = static_cast<double>(from.size()) * sizeof(std::uint64_t);
  double read_ms = 1e9;
  double copy_ms = 1e9;
  std::uint64_t sum = 0;
  for (int run = 0; run < 5; ++run) {
    read_ms = std::min(read_ms, milliseconds([&] { sum += std::accumulate(from.begin(), from.end(), sum); }));
    copy_ms = std::min(copy_ms, milliseconds([&] { std::memcpy(to.data(), from.data(), from.size() * 8); }));
    from[0] = to[1];
  }
  return Json{
      {"read_bytes_a_second", bytes / read_ms * 1e3}, {"copy_bytes_a_second", bytes / copy_ms * 1e3}, {"witness", sum}};
}

}  // namespace nines::bench
