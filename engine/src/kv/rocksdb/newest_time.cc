#include "kv/rocksdb/newest_time.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "kv/rocksdb/families.h"

namespace nines::engine {
namespace {

constexpr const char* kProperty = "nines.newest-time-ms";

class NewestTime final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, rocksdb::EntryType /*type*/,
                             rocksdb::SequenceNumber /*sequence*/, std::uint64_t /*file_bytes*/) override {
    newest_ms_ = std::max(newest_ms_, time_of({key.data(), key.size()}));
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    *properties = GetReadableProperties();
    return rocksdb::Status::OK();
  }
  [[nodiscard]] rocksdb::UserCollectedProperties GetReadableProperties() const override {
    return {{kProperty, std::to_string(newest_ms_)}};
  }
  [[nodiscard]] const char* Name() const override { return "nines.NewestTime"; }

 private:
  std::uint64_t newest_ms_ = 0;
};

class NewestTimes final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context /*context*/) override {
    return new NewestTime();  // RocksDB takes it over
  }
  [[nodiscard]] const char* Name() const override { return "nines.NewestTimes"; }
};

}  // namespace

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> newest_time_collectors() {
  return std::make_shared<NewestTimes>();
}

bool may_reach(const rocksdb::TableProperties& table, std::uint64_t from_ms) {
  const auto found = table.user_collected_properties.find(kProperty);
  if (found == table.user_collected_properties.end()) return true;
  std::uint64_t newest_ms = 0;
  const std::string& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), newest_ms);
  return parsed.ec != std::errc{} || newest_ms >= from_ms;
}

}  // namespace nines::engine
