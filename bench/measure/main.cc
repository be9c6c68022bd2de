#include <cstdio>
#include <fstream>

#include "measure/measure.h"
#include "stores.h"

namespace nines::bench {

std::string Arguments::text(const std::string& key, const std::string& otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? otherwise : found->second;
}

std::uint64_t Arguments::number(const std::string& key, std::uint64_t otherwise) const {
  const std::string value = text(key);
  return value.empty() ? otherwise : std::stoull(value);
}

history::Shape Arguments::shape() const {
  history::Shape shape = history::find_shape(text("shape")).value_or(history::kT1);
  shape.servers = static_cast<std::uint32_t>(number("servers", shape.servers));
  shape.days = static_cast<std::uint32_t>(number("days", shape.days));
  shape.interval_ms = static_cast<std::uint32_t>(number("interval_s", shape.interval_ms / 1000) * 1000);
  return shape;
}

Memory memory() {
  Memory answer;
  std::ifstream status("/proc/self/status");
  std::string key;
  std::uint64_t kilobytes = 0;
  for (std::string line; std::getline(status, line);) {
    std::istringstream in(line);
    if (!(in >> key >> kilobytes)) continue;
    if (key == "VmRSS:") answer.resident = kilobytes * 1024;
    if (key == "VmHWM:") answer.peak = kilobytes * 1024;
  }
  return answer;
}

Result<OpenedStore> open_store(const Arguments& arguments) {
  const history::Shape shape = arguments.shape();
  Options options = store_options(shape);
  options.create_if_missing = false;
  if (arguments.number("head", 1) == 0) options.performance.head_bytes = 0;
  options.performance.scan_threads = static_cast<int>(arguments.number("threads", 1));
  OpenedStore opened;
  Result<std::unique_ptr<Store>> store = fail(ErrorCode::unavailable, "");
  opened.open_ms = milliseconds([&] { store = Store::open(arguments.text("dir"), options); });
  if (!store) return tl::unexpected(store.error());
  opened.store = std::move(*store);
  return opened;
}

Json to_json(const ScanCost& cost) {
  return {{"range_scans", cost.range_scans}, {"seeks", cost.seeks},         {"rows", cost.rows},
          {"chunks", cost.chunks},           {"summaries", cost.summaries}, {"head_results", cost.head_results},
          {"results", cost.results},         {"bytes", cost.bytes},         {"block_reads", cost.block_reads},
          {"block_hits", cost.block_hits}};
}

namespace {

const std::map<std::string, Measurement>& measurements() {
  static const std::map<std::string, Measurement> all = {
      {"dashboard", measure_dashboard}, {"bars", measure_bars},   {"raw", measure_raw},
      {"open", measure_open},           {"build", measure_build}, {"append", measure_append},
      {"settle", measure_settle},       {"crash", measure_crash}, {"csv", write_csv},
      {"expected", write_expected},     {"plain", measure_plain}, {"entropy", measure_entropy},
      {"memory", measure_memory},       {"count", count_results},
  };
  return all;
}

int run(int argc, char** argv) {
  const auto found = argc < 2 ? measurements().end() : measurements().find(argv[1]);
  if (found == measurements().end()) {
    std::fputs("usage: nines_measure WHAT KEY=VALUE...; WHAT is one of\n", stderr);
    for (const auto& [name, unused] : measurements()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  std::map<std::string, std::string> values;
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "nines_measure: '%s' is not KEY=VALUE\n", argv[i]);
      return 2;
    }
    values[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const Result<Json> answer = found->second(Arguments(std::move(values)));
  if (!answer) {
    std::fprintf(stderr, "nines_measure %s: %s (%s)\n", argv[1], answer.error().message.c_str(),
                 std::string(to_string(answer.error().code)).c_str());
    return 1;
  }
  std::printf("%s\n", answer->dump().c_str());
  return 0;
}

}  // namespace
}  // namespace nines::bench

int main(int argc, char** argv) {
  return nines::bench::run(argc, argv);
}
