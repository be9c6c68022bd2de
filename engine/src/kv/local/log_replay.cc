#include "kv/local/log_replay.h"

namespace nines::engine {

void LogReplay::begin_record(std::uint64_t position) {
  position_ = position;
  batches_.clear();
}

void LogReplay::result(const PackedResult& result) {
  rows->put(result);
  holders.put(result.server, segment_of(position_), result.time_ms);
}

void LogReplay::change(ServerId server, const Batch::Change& change) {
  if (change.space == Space::recent) {
    rows->apply(server, change);
    if (change.kind == Batch::Kind::erase_range) holders.erase_range(server, change.key, change.value);
    if (change.kind == Batch::Kind::put) holders.put(server, segment_of(position_), to_ms(kTimeLimit));
    return;
  }
  if (changes_ == Changes::ignore || position_ <= applied_) return;
  applied_bytes += change.key.size() + change.value.size();
  if (batches_.empty() || batches_.back().server() != server) batches_.emplace_back(server);
  Batch& batch = batches_.back();
  if (change.kind == Batch::Kind::put) {
    batch.put(change.space, change.key, change.value);
  } else if (change.kind == Batch::Kind::erase) {
    batch.erase(change.space, change.key);
  } else {
    batch.erase_range(change.space, change.key, change.value);
  }
}

Result<void> LogReplay::end_record() {
  if (batches_.empty()) return {};
  if (changes_ == Changes::apply) {
    std::vector<const Batch*> batches;
    batches.reserve(batches_.size());
    for (const Batch& batch : batches_) batches.push_back(&batch);
    // What has become damaged since it was to be erased stays what it is, and keeps nothing else.
    return tables_.apply(batches, Tables::Erase::readable, [this]() -> Result<std::uint64_t> { return position_; })
        .result();
  }
  Result<void> done;
  for (const Batch& batch : batches_) {
    batch.for_each([&](const Batch::Change& change) {
      if (done) done = overlay->apply(batch.server(), change, tables_);
    });
  }
  return done;
}

}  // namespace nines::engine
