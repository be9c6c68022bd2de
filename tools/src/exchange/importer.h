// Taking check results from CSV or NDJSON into a store, a batch at a time: memory is bounded whatever the file's size.
//
// A line that cannot be taken is reported with its number and the rest goes on. Importing the same lines again changes
// nothing: a result's key is its server, location and time. Not thread-safe.
#pragma once

#include <nines/store.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <istream>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "exchange/csv.h"
#include "exchange/dialect.h"
#include "exchange/record_line.h"
#include "show/terminal.h"

namespace nines::tools {

struct ImportOptions {
  bool ndjson = false;
  char delimiter = ',';  ///< between the fields of a line that is not NDJSON
  DialectOptions dialect;
  std::shared_ptr<const Catalog> only;  ///< if given, a server that is not in it is a bad line
  std::uint32_t interval_ms = 0;        ///< for lines without one; 0 leaves them without
  /// Gets each bad line: its number and why.
  std::function<void(std::uint64_t line, const std::string& why)> bad_line;
  Progress* progress = nullptr;            ///< optional; counts bytes and results
  engine::Mutex* catalog_mutex = nullptr;  ///< held while an entry is read, changed and written. Optional
  /// Asked before each line; true ends the reading as if the input ended there. Optional.
  std::function<bool()> interrupted;
};

struct ImportCounts {
  std::uint64_t results = 0;  ///< stored, repeated ones included
  std::uint64_t bad_lines = 0;
  std::uint64_t expired = 0;  ///< older than retention keeps, and not stored
  std::uint64_t new_servers = 0;
  /// Servers of which most results lie further apart than one holds for, having no interval of their own; the name of
  /// one, and how far they lie apart there.
  std::uint64_t sparse_servers = 0;
  std::string sparse_name;
  std::chrono::milliseconds sparse_distance{0};
};

class Importer {
 public:
  /// `store` null: lines are checked and nothing is stored.
  Importer(Store* store, ImportOptions options);

  /// Reads all of `in`. A header that cannot be used is `invalid_argument`; errors of the store end the reading, and
  /// what was stored before stays.
  [[nodiscard]] Result<void> read(std::istream& in);
  /// Stores what is still held and makes everything durable. Call it once, at the end.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const ImportCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }

 private:
  struct Row {
    std::uint32_t server = 0;  // of names_
    CheckResult result;
  };

  [[nodiscard]] Result<void> read_csv(std::istream& in);
  [[nodiscard]] Result<void> read_ndjson(std::istream& in);
  void take(RecordTexts& texts, std::uint64_t line);
  void refuse(std::uint64_t line, const std::string& why);
  [[nodiscard]] bool interrupted() const { return options_.interrupted && options_.interrupted(); }
  [[nodiscard]] Result<void> store_full_batch(std::uint64_t bytes);
  [[nodiscard]] Result<void> store_batch();
  [[nodiscard]] std::uint32_t number_of(std::string_view server);
  void look_at_distances(ServerId id, std::span<const CheckResult> results);
  [[nodiscard]] Result<void> hopeless() const;
  [[nodiscard]] Result<void> store_server(std::span<const CheckResult> results);
  [[nodiscard]] Result<ServerId> server_id(const std::string& name, TimeMs first);

  Store* store_;
  ImportOptions options_;
  ImportCounts counts_;
  Dialect dialect_;
  TimeMs latest_;  ///< the latest time that a result may have
  std::vector<Row> batch_;
  std::size_t batch_bytes_ = 0;                                  ///< of its texts; the rest is the same for each
  std::deque<std::string> names_;                                // of the batch's servers, which stay where they are
  std::unordered_map<std::string_view, std::uint32_t> numbers_;  // where they are in it
};

}  // namespace nines::tools
