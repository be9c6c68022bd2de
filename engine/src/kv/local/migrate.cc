#include "kv/local/migrate.h"

#include <optional>

#include "codec/key.h"
#include "kv/local/log.h"
#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// Rows are put into the log in records of about this size.
constexpr std::size_t kRecordBytes = 1U << 20U;

Result<void> copy_rows(Tables& tables, Log& log) {
  auto view = tables.view_all(Space::recent);
  if (!view) return tl::unexpected<Error>(view.error());
  std::optional<Batch> batch;
  const auto write = [&]() -> Result<void> {
    if (!batch) return {};
    const Batch* const only = &*batch;
    const auto written = log.append(std::span(&only, 1), Durability::buffered);
    batch.reset();
    return written ? Result<void>{} : tl::unexpected<Error>(written.error());
  };
  Range& rows = (*view)->range(Space::recent, {}, {});
  for (; rows.valid(); rows.next()) {
    const auto key = parse_recent_key(rows.key());
    if (!key) return fail(ErrorCode::corruption, "malformed key of a row: " + printable_key(rows.key()));
    if (batch && (batch->server() != key->server || batch->bytes() >= kRecordBytes)) {
      if (auto written = write(); !written) return written;
    }
    if (!batch) batch.emplace(key->server);
    batch->put(Space::recent, rows.key(), rows.value());
  }
  if (auto status = rows.status(); !status) return status;
  return write();
}

}  // namespace

Result<void> give_log(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& path, Tables& tables) {
  // What RocksDB has read back of its own log must not need it any more.
  if (auto flushed = tables.flush(); !flushed) return flushed;
  const auto left = list_log(*files, path);
  if (!left) return tl::unexpected<Error>(left.error());
  for (const std::uint64_t number : left->segments) {
    const auto status = files->DeleteFile(path + "/" + segment_name(number), rocksdb::IOOptions(), nullptr);
    if (!status.ok()) return to_result(status);
  }
  auto log = Log::open(files, path, {}, 0, {}, [] { return std::uint64_t{0}; });
  if (!log) return tl::unexpected<Error>(log.error());
  if (auto copied = copy_rows(tables, **log); !copied) return copied;
  if (auto closed = (*log)->close(); !closed) return closed;
  return write_marker(path);
}

Result<void> drop_left_rows(Tables& tables) {
  {
    auto view = tables.view_all(Space::recent);
    if (!view) return tl::unexpected<Error>(view.error());
    const Range& rows = (*view)->range(Space::recent, {}, {}, {.values = false, .limit = 1});
    // Where they cannot be read they are still in the way of nothing but the space that they take.
    if (!rows.valid() && rows.status()) return {};
  }
  return tables.drop_recent();
}

}  // namespace nines::engine
