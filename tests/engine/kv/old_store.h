// Stores of format 2, whose rows lie in RocksDB and behind its log.
#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nines/check_result.h>

namespace nines::test {

/// Makes one of the closed store in the directory `path`. Throws std::runtime_error.
void make_old_store(const std::string& path);

/// Writes to one as its version did. Throws std::runtime_error.
class OldStore {
 public:
  explicit OldStore(const std::string& path);
  ~OldStore();
  OldStore(const OldStore&) = delete;
  OldStore& operator=(const OldStore&) = delete;

  /// Stores rows in one record of the log.
  void append(std::span<const CheckResult> results);

 private:
  friend void make_old_store(const std::string& path);
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(const std::string& name) const;

  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace nines::test
