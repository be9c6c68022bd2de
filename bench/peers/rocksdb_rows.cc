// RocksDB with one row a check: what remains of nines without its chunks, summaries and head.
//
// key    server(4, BE) | time(8, BE)
// value  state(1) | error(1) | code(2) | latency(4) | detail; latency is kNoLatency where there is none
//
// nines_peer_rocksdb_rows KEY=VALUE...: shape=, dir= (removed and made anew), runs=. Prints the same JSON as the
// programs in Python. Options are the ones that came out best for rows: zstd, no bloom filter, 16 KiB
// blocks.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "measure/measure.h"
#include "plain_arrays.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::ServerHistory;
using history::Shape;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string key_of(std::uint32_t server, std::int64_t time_ms) {
  std::string key;
  put(key, __builtin_bswap32(server));
  put(key, __builtin_bswap64(static_cast<std::uint64_t>(time_ms)));
  return key;
}

std::string value_of(const CheckResult& result) {
  std::string value;
  put(value, result.state);
  put(value, result.error);
  put(value, result.code);
  put(value, result.latency_us.value_or(kNoLatency));
  return value + result.detail;
}

rocksdb::Options tuned() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kZSTD;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// Rows of one database; errors of RocksDB end the program, with their text.
class Rows {
 public:
  explicit Rows(std::string path) : path_(std::move(path)) { open(); }

  void open() {
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(tuned(), path_, &db));
    db_.reset(db);
  }
  void close() { db_.reset(); }

  /// Into one table file in the order of the keys, which then becomes part of the database. Milliseconds, the
  /// generator's time left out.
  double load(const Shape& shape) {
    const std::string file = path_ + "/load.sst";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions{}, tuned());
    must(writer.Open(file));
    double elapsed_ms = 0;
    std::vector<CheckResult> results;
    for (std::uint32_t index = 0; index < shape.servers; ++index) {
      ServerHistory(shape, index).results({shape.begin(), shape.now()}, results);
      elapsed_ms += milliseconds([&] {
        for (const CheckResult& result : results) {
          must(writer.Put(key_of(index + 1, to_ms(result.time)), value_of(result)));
        }
      });
    }
    rocksdb::IngestExternalFileOptions moved;
    moved.move_files = true;
    return elapsed_ms + milliseconds([&] {
             must(writer.Finish());
             must(db_->IngestExternalFile({file}, moved));
           });
  }

  /// The results of a window as arrays, in place of what was there.
  void read(std::uint32_t server, Window window, PlainServer& out) const {
    out.time_ms.clear();
    out.latency_us.clear();
    out.state.clear();
    const std::string end = key_of(server, to_ms(window.to));
    const rocksdb::Slice bound(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &bound;
    options.readahead_size = 256 << 10;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (it->Seek(key_of(server, to_ms(window.from))); it->Valid(); it->Next()) {
      std::uint64_t time = 0;
      std::uint32_t latency = 0;
      std::memcpy(&time, it->key().data() + 4, sizeof time);
      std::memcpy(&latency, it->value().data() + 4, sizeof latency);
      out.time_ms.push_back(static_cast<std::int64_t>(__builtin_bswap64(time)));
      out.latency_us.push_back(latency);
      out.state.push_back(static_cast<State>(it->value()[0]));
    }
    must(it->status());
  }

  void append(const CheckResult& result, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    must(db_->Put(options, key_of(static_cast<std::uint32_t>(result.server), to_ms(result.time)), value_of(result)));
  }

 private:
  static void must(const rocksdb::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "nines_peer_rocksdb_rows: %s\n", status.ToString().c_str());
    std::exit(1);
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
};

/// Answers for all servers by the plain loop, checked against the right ones when `check`.
void answer_all(const Rows& rows, const Shape& shape, bool days, bool check) {
  const Window window{days ? shape.begin() : shape.now() - std::chrono::hours{24}, shape.now()};
  // No outage is longer than two hours.
  const Window seen{days ? window.from : window.from - std::chrono::hours{2}, window.to};
  const auto edges = days ? history::day_edges(window) : history::equal_edges(window, 48);
  PlainServer server;
  server.holds_ms = std::int64_t{shape.interval_ms} * 5 / 2 + 10'000;
  PlainScratch scratch;
  history::Expected answer;
  std::vector<CheckResult> results;
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    rows.read(index + 1, seen, server);
    plain_answer(server, window, edges, days ? nullptr : select_by_nth_element, scratch, answer);
    if (!check) continue;
    ServerHistory(shape, index).results(seen, results);
    history::Expected right = history::expect(results, window, edges);
    if (days) right.latency.p50_us = right.latency.p95_us = right.latency.p99_us = 0;
    if (answer != right) {
      std::fprintf(stderr, "nines_peer_rocksdb_rows: wrong about server %u\n", index + 1);
      std::exit(1);
    }
  }
}

std::vector<double> asked(const Rows& rows, const Shape& shape, bool days, std::uint64_t runs) {
  answer_all(rows, shape, days, true);
  std::vector<double> values(runs);
  for (double& value : values) value = milliseconds([&] { answer_all(rows, shape, days, false); });
  return values;
}

std::vector<double> raw(const Rows& rows, const Shape& shape, std::uint64_t runs) {
  PlainServer server;
  std::vector<double> values(runs);
  for (double& value : values) {
    value = milliseconds([&] { rows.read(1, {shape.begin(), shape.now()}, server); });
  }
  return values;
}

/// The rows of every tenth server are the results that were generated; else the program ends.
void check_raw(const Rows& rows, const Shape& shape) {
  PlainServer server;
  for (std::uint32_t index = 0; index < shape.servers; index += std::max<std::uint32_t>(1, shape.servers / 10)) {
    const ServerHistory right(shape, index);
    rows.read(index + 1, {shape.begin(), shape.now()}, server);
    bool equal = server.time_ms.size() == right.size();
    for (std::uint64_t i = 0; equal && i < right.size(); ++i) {
      const CheckResult result = right[i];
      equal = server.time_ms[i] == to_ms(result.time) && server.state[i] == result.state &&
              server.latency_us[i] == result.latency_us.value_or(kNoLatency);
    }
    if (equal) continue;
    std::fprintf(stderr, "nines_peer_rocksdb_rows: wrong rows of server %u\n", index + 1);
    std::exit(1);
  }
}

/// Five times `count` results from `later` days after the history on; the rate of each time.
std::vector<double> appended_a_second(Rows& rows, Shape shape, int later, std::uint64_t count, bool sync) {
  const TimeMs from = shape.now() + std::chrono::days{later};
  shape.days += 60;
  std::vector<CheckResult> results;
  for (std::uint32_t index = 0; results.size() < 5 * count; index = (index + 1) % shape.servers) {
    const ServerHistory server(shape, index);
    results.push_back(server[server.lower_bound(from) + results.size() / shape.servers]);
  }
  std::vector<double> rates;
  for (std::span<const CheckResult> rest(results); !rest.empty(); rest = rest.subspan(count)) {
    const double elapsed_ms = milliseconds([&] {
      for (const CheckResult& result : rest.first(count)) rows.append(result, sync);
    });
    rates.push_back(static_cast<double>(count) / elapsed_ms * 1e3);
  }
  return rates;
}

Json work(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  const std::string path = arguments.text("dir");
  const std::uint64_t runs = arguments.number("runs", 7);
  std::filesystem::remove_all(path);
  Rows rows(path);
  const double load_ms = rows.load(shape);
  rows.close();
  const std::uint64_t bytes = directory_bytes(path);
  const double start_ms = milliseconds([&] { rows.open(); });
  std::uint64_t results = 0;
  for (std::uint32_t index = 0; index < shape.servers; ++index) results += ServerHistory(shape, index).size();
  Json answer = {{"name", "RocksDB, a row a check"},
                 {"version", rocksdb::GetRocksVersionAsString()},
                 {"settings", "16 KiB blocks, zstd, 64 MiB block cache"},
                 {"notes", {"Answers by the plain loop of plain_arrays.h over the rows; loaded by SstFileWriter."}},
                 {"load_a_second", static_cast<double>(results) / load_ms * 1e3},
                 {"bytes_a_check", static_cast<double>(bytes) / static_cast<double>(results)},
                 {"start_ms", start_ms},
                 {"dashboard_ms", asked(rows, shape, false, runs)},
                 {"days_ms", asked(rows, shape, true, (runs + 1) / 2)},
                 {"raw_ms", raw(rows, shape, runs)},
                 {"resident_bytes", memory().resident}};
  check_raw(rows, shape);
  answer["append"] = {{"process", appended_a_second(rows, shape, 0, 20'000, false)},
                      {"disk", appended_a_second(rows, shape, 30, 200, true)}};
  rows.close();
  std::filesystem::remove_all(path);
  return answer;
}

}  // namespace
}  // namespace nines::bench

int main(int argc, char** argv) {
  std::printf("%s\n", nines::bench::work(nines::bench::parse_arguments(argc, argv, 1)).dump().c_str());
}
