#include "kv/rocksdb/rebuild.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <memory>
#include <utility>

#include <nines/options.h>

#include "kv/rocksdb/setup.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {

Result<std::vector<TableInfo>> listed_tables(const std::string& path) {
  Setup setup = Setup::make({}, nullptr);
  setup.db.create_missing_column_families = false;
  setup.db.paranoid_checks = false;  // a table that is gone keeps nobody from the list
  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(setup.db, path, &names);
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.push_back(setup.describe(name));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  status = rocksdb::DB::OpenForReadOnly(setup.db, path, descriptors, &handles, &raw);
  const std::unique_ptr<rocksdb::DB> db(raw);
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  for (auto* handle : handles) static_cast<void>(db->DestroyColumnFamilyHandle(handle));
  std::vector<TableInfo> tables;
  for (rocksdb::LiveFileMetaData& file : files) {
    std::string name = std::move(file.name);
    if (name.starts_with('/')) name.erase(0, 1);
    tables.push_back(
        {std::move(name), std::move(file.column_family_name), std::move(file.smallestkey), std::move(file.largestkey)});
  }
  return tables;
}

Result<void> rebuild_tables(const std::string& path) {
  const Setup setup = Setup::make({}, nullptr);
  // What families there are stands in the tables.
  const auto status =
      rocksdb::RepairDB(path, setup.db, {setup.describe(rocksdb::kDefaultColumnFamilyName)}, setup.family);
  return to_result(status);
}

}  // namespace nines::engine
