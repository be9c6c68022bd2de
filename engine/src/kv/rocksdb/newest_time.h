// What a table of a month says of itself: the newest time in its keys, so that a range of late times need not look into
// tables that hold earlier ones only. In the month that is being written these are most of its tables.
//
// Threads: none of its own; RocksDB makes a collector for each table that it writes.
#pragma once

#include <rocksdb/table_properties.h>

#include <cstdint>
#include <memory>

namespace nines::engine {

/// Notes the newest time of all keys of a table, erased ones included, in the table's properties.
[[nodiscard]] std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> newest_time_collectors();

/// Whether a table may have keys of `from_ms` or later; true of one that says nothing.
[[nodiscard]] bool may_reach(const rocksdb::TableProperties& table, std::uint64_t from_ms);

}  // namespace nines::engine
