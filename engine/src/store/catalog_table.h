// The catalog in memory and its entries in the space `servers`.
//
// Key 0 of that space is no server: it holds the number that the next server gets, so that none is used twice.
//
// Threads: snapshot() from any thread; everything else under the store's catalog lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <nines/store.h>

#include "base/mutex.h"
#include "codec/catalog_codec.h"
#include "kv/kv.h"

namespace nines::engine {

class CatalogTable {
 public:
  CatalogTable();
  ~CatalogTable();
  CatalogTable(const CatalogTable&) = delete;
  CatalogTable& operator=(const CatalogTable&) = delete;

  /// Reads all of `servers`. Errors: corruption, newer_format, io.
  [[nodiscard]] Result<void> load(const Kv& kv) NINES_EXCLUDES(mutex_);
  /// The servers that load() found marked as removed, which are not in the catalog: what is left of them may go.
  [[nodiscard]] std::vector<ServerId> removed() const NINES_EXCLUDES(mutex_);
  /// What load() found noted as the longest interval of a server's results; none where nothing was.
  [[nodiscard]] std::optional<std::uint32_t> noted_interval_ms(ServerId id) const NINES_EXCLUDES(mutex_);

  [[nodiscard]] std::shared_ptr<const Catalog> snapshot() const NINES_EXCLUDES(mutex_);
  /// What snapshot() has of a server, without one being made.
  [[nodiscard]] std::optional<Server> find(ServerId id) const NINES_EXCLUDES(mutex_);
  /// The number of the next server. Errors: out_of_range when all are used.
  [[nodiscard]] Result<ServerId> next_id() const NINES_EXCLUDES(mutex_);

  /// Whether `server` may be put: its fields are valid and no other server has its name.
  [[nodiscard]] Result<void> check(const Server& server) const NINES_EXCLUDES(mutex_);
  /// The change of key 0 that has to be stored before `id` is given to a server: it is not used again.
  [[nodiscard]] static Batch reserve(ServerId id);
  /// What putting an entry writes, marking it as removed, and erasing the mark.
  static void write_put(const Server& server, const EntryNotes& notes, Batch& batch);
  /// Requires: `id` is in the catalog.
  void write_mark(ServerId id, Batch& batch) const NINES_EXCLUDES(mutex_);
  static void write_remove(ServerId id, Batch& batch);
  /// The same in memory, once it has been written.
  void put(const Server& server) NINES_EXCLUDES(mutex_);
  void remove(ServerId id) NINES_EXCLUDES(mutex_);

 private:
  class Entries;
  Entries& own_entries() NINES_REQUIRES(mutex_);

  mutable Mutex mutex_;
  /// The only copy, as long as nobody holds a snapshot of an earlier state: ten thousand servers are five megabytes.
  std::shared_ptr<Entries> entries_ NINES_GUARDED_BY(mutex_);
  /// Whether somebody may hold `entries_`, so that a change needs its own; adding many servers in a row copies nothing.
  mutable bool handed_out_ NINES_GUARDED_BY(mutex_) = false;
  std::uint32_t next_id_ NINES_GUARDED_BY(mutex_) = 1;
  std::vector<ServerId> removed_ NINES_GUARDED_BY(mutex_);
  std::unordered_map<ServerId, std::uint32_t> noted_interval_ms_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::engine
