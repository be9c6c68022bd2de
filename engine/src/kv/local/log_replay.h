// What the log holds, brought together: the rows that live, and the changes that the tables do not have yet.
//
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kv/local/log_reader.h"
#include "kv/local/overlay.h"
#include "kv/local/row_holders.h"
#include "kv/local/row_table.h"
#include "kv/rocksdb/rocksdb_kv.h"

namespace nines::engine {

class LogReplay final : public LogVisitor {
 public:
  enum class Changes : std::uint8_t { apply, overlay, ignore };

  /// The tables have the log's changes up to the position `applied`; those behind it are applied to them, or laid over
  /// them.
  LogReplay(Tables& tables, std::uint64_t applied, Changes changes)
      : tables_(tables), applied_(applied), changes_(changes) {}

  std::shared_ptr<Overlay> overlay = std::make_shared<Overlay>();
  std::uint64_t applied_bytes = 0;  ///< of records whose changes the tables did not have

  /// What has come of the records so far.
  [[nodiscard]] const std::shared_ptr<RowTable>& rows();
  [[nodiscard]] RowHolders& holders();

  void expect_bytes(std::uint64_t bytes) override { expected_bytes_ = bytes; }
  void begin_record(std::uint64_t position) override;
  void result(const PackedResult& result) override;
  void change(ServerId server, const Batch::Change& change) override;
  [[nodiscard]] Result<void> end_record() override;

 private:
  void change_rows(ServerId server, const Batch::Change& change);
  void sort_staged();
  void put_staged();

  Tables& tables_;
  std::uint64_t applied_;
  const Changes changes_;
  std::uint64_t position_ = 0;
  std::uint64_t expected_bytes_ = 0;
  std::uint64_t passed_bytes_ = 0;  // of the segments before the one at hand
  std::shared_ptr<RowTable> rows_ = std::make_shared<RowTable>();
  RowHolders holders_;
  // The results of a segment, which come in the order of time, wait here to be put server by server: that is what
  // makes reading a log back cheap.
  std::vector<StagedRow> staged_;
  std::vector<const StagedRow*> by_server_;
  std::uint32_t greatest_server_ = 0;
  std::vector<Batch> batches_;  // of the record at hand
};

}  // namespace nines::engine
