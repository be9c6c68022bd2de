// What was stored, compared with what was generated, result by result: a figure of raw history counts only then.
#include <algorithm>
#include <string>

#include "measure/measure.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::ServerHistory;
using history::Shape;

/// Compares the results from `number` on with a segment's; the number of the next one.
Result<std::uint64_t> compare(const ServerHistory& server, std::uint64_t number, const Segment& segment) {
  for (const Run& run : segment.runs) {
    for (std::uint32_t i = std::max(run.begin, segment.first_in_window); i < run.end; ++i, ++number) {
      const CheckResult right = number < server.size() ? server[number] : CheckResult{};
      const bool equal = segment.time_ms[i] == to_ms(right.time) && run.state == right.state &&
                         run.code == right.code && run.error == right.error &&
                         segment.latency_us[i] == right.latency_us.value_or(kNoLatency);
      if (!equal) return fail(ErrorCode::fatal, "result " + std::to_string(number) + " is wrong");
    }
  }
  return number;
}

Result<std::uint64_t> compare(const Store& store, const Shape& shape, std::uint32_t index) {
  const ServerHistory server(shape, index);
  const auto cursor = store.scan(ServerId{index + 1}, {shape.begin(), shape.now()}, ScanOptions{});
  if (!cursor) return tl::unexpected(cursor.error());
  std::uint64_t number = 0;
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    const auto next = compare(server, number, **segment);
    if (!next) return tl::unexpected(next.error());
    number = *next;
  }
  if (number != server.size()) return fail(ErrorCode::fatal, "results are missing after " + std::to_string(number));
  return number;
}

}  // namespace

Result<Json> check_raw(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  const std::uint32_t step = std::max<std::uint32_t>(1, shape.servers / 10);
  std::uint64_t results = 0;
  for (std::uint32_t index = 0; index < shape.servers; index += step) {
    const auto compared = compare(*opened->store, shape, index);
    if (!compared) return tl::unexpected(compared.error());
    results += *compared;
  }
  return Json{{"results", results}};
}

}  // namespace nines::bench
