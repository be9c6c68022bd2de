#include "measure/measure.h"
#include "stores.h"

namespace nines::bench {

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

}  // namespace nines::bench

int main(int argc, char** argv) {
  using namespace nines::bench;
  return run_measurement({{"dashboard", measure_dashboard},
                          {"bars", measure_bars},
                          {"raw", measure_raw},
                          {"open", measure_open},
                          {"build", measure_build},
                          {"append", measure_append},
                          {"settle", measure_settle},
                          {"wait", measure_wait},
                          {"crash", measure_crash},
                          {"csv", write_csv},
                          {"expected", write_expected},
                          {"plain", measure_plain},
                          {"entropy", measure_entropy},
                          {"memory", measure_memory},
                          {"count", count_results},
                          {"check_raw", check_raw},
                          {"sync", measure_sync},
                          {"live", measure_live},
                          {"reopen", measure_reopen},
                          {"drop", measure_drop},
                          {"shared_syncs", measure_shared_syncs},
                          {"disorder", measure_disorder}},
                         argc, argv);
}
