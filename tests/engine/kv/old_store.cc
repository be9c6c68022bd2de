#include "engine/kv/old_store.h"

#include <filesystem>
#include <stdexcept>

#include "codec/key.h"
#include "codec/row.h"
#include "kv/local/open_local.h"
#include "kv/rocksdb/marker.h"

namespace nines::test {
namespace {

void check(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

template <class T>
T&& value(Result<T>&& result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::vector<CheckResult> rows_of(const std::string& path) {
  std::vector<CheckResult> rows;
  OpenReport report;
  const auto kv = value(engine::open_local(path, engine::KvMode::read_only, {}, report));
  const auto view = value(kv->view_all(engine::Space::recent));
  for (engine::Range& range = view->range(engine::Space::recent, {}, {}); range.valid(); range.next()) {
    rows.push_back(value(engine::decode_row(range.key(), range.value())));
  }
  return rows;
}

}  // namespace

OldStore::OldStore(const std::string& path) {
  std::vector<std::string> names;
  check(rocksdb::DB::ListColumnFamilies({}, path, &names));
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(names.size());
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(rocksdb::DBOptions(), path, descriptors, &families_, &db));
  db_.reset(db);
}

OldStore::~OldStore() {
  for (auto* const family : families_) static_cast<void>(db_->DestroyColumnFamilyHandle(family));
  static_cast<void>(db_->Close());
}

rocksdb::ColumnFamilyHandle* OldStore::family(const std::string& name) const {
  for (auto* const family : families_) {
    if (family->GetName() == name) return family;
  }
  throw std::runtime_error("the store has no family " + name);
}

void OldStore::append(std::span<const CheckResult> results) {
  rocksdb::WriteBatch batch;
  for (const CheckResult& result : results) {
    const auto key = engine::recent_key(result.server, result.time, result.location);
    check(batch.Put(family("recent"), key.view(), engine::encode_row(result)));
  }
  check(db_->Write({}, &batch));
}

void make_old_store(const std::string& path) {
  const std::vector<CheckResult> rows = rows_of(path);
  {
    OldStore old(path);
    check(old.db_->Delete({}, old.family("default"), "log"));
    for (const CheckResult& row : rows) old.append(std::span(&row, 1));
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".rows") std::filesystem::remove(entry.path());
  }
  if (!engine::write_marker(path, engine::kFormatOfMonths)) throw std::runtime_error("cannot mark " + path);
}

}  // namespace nines::test
