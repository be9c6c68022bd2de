#include "kv/local/log_replay.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "base/huge_pages.h"

namespace nines::engine {

namespace {

/// More are put in parts: few enough to stay in a processor's cache, and some for each of many servers.
constexpr std::size_t kFewestStaged = std::size_t{1} << 18U;
constexpr std::size_t kMostStaged = std::size_t{1} << 20U;
constexpr std::size_t kStagedOfAServer = 8;
/// Beyond that what there will be is not guessed from what has come.
constexpr double kMostGrowth = 32;

std::uint32_t number(const StagedRow& row) {
  return static_cast<std::uint32_t>(row.server);
}

}  // namespace

/// Puts the staged rows into the order of their servers, and of their own within each.
void LogReplay::sort_staged() {
  by_server_.resize(staged_.size());
  const auto [least, greatest] = std::minmax_element(
      staged_.begin(), staged_.end(), [](const auto& a, const auto& b) { return number(a) < number(b); });
  const std::uint32_t first = number(*least);
  greatest_server_ = std::max(greatest_server_, number(*greatest));
  const std::size_t servers = std::size_t{number(*greatest) - first} + 1;
  if (servers / 8 > staged_.size()) {  // numbers that lie far apart are no places in a table
    std::transform(staged_.begin(), staged_.end(), by_server_.begin(), [](const StagedRow& row) { return &row; });
    std::stable_sort(by_server_.begin(), by_server_.end(),
                     [](const auto* a, const auto* b) { return number(*a) < number(*b); });
    return;
  }
  std::vector<std::uint32_t> places(servers + 1);
  for (const StagedRow& row : staged_) ++places[number(row) - first + 1];
  std::partial_sum(places.begin(), places.end(), places.begin());
  for (const StagedRow& row : staged_) by_server_[places[number(row) - first]++] = &row;
}

void LogReplay::begin_record(std::uint64_t position) {
  if (staged_.capacity() == 0) {  // untouched memory costs nothing
    staged_.reserve(kMostStaged + kMostStaged / 4);
    prefer_huge_pages(staged_.data(), staged_.capacity() * sizeof(StagedRow));
    by_server_.reserve(staged_.capacity());
    prefer_huge_pages(by_server_.data(), by_server_.capacity() * sizeof(const StagedRow*));
  }
  const std::size_t most = std::clamp<std::size_t>(kStagedOfAServer * greatest_server_, kFewestStaged, kMostStaged);
  if (segment_of(position) != segment_of(position_) || staged_.size() >= most) put_staged();
  if (segment_of(position) != segment_of(position_)) passed_bytes_ += offset_of(position_);
  position_ = position;
  batches_.clear();
}

void LogReplay::put_staged() {
  if (staged_.empty()) return;
  sort_staged();
  const auto seen = static_cast<double>(passed_bytes_ + offset_of(position_));
  rows_->expect(std::clamp(static_cast<double>(expected_bytes_) / seen, 1.0, kMostGrowth));
  for (std::size_t begin = 0; begin < by_server_.size();) {
    const ServerId server = by_server_[begin]->server;
    std::size_t end = begin;
    std::int64_t erased_ms = 0;
    for (; end < by_server_.size() && by_server_[end]->server == server; ++end) {
      const StagedRow& row = *by_server_[end];
      if (row.judgement == StagedRow::kErase) erased_ms = std::max(erased_ms, row.time_ms);
    }
    const std::int64_t newest_ms = rows_->append(server, std::span(by_server_).subspan(begin, end - begin));
    if (erased_ms > 0) holders_.erase_before(server, erased_ms);
    if (newest_ms >= 0) holders_.put(server, segment_of(position_), newest_ms);
    begin = end;
  }
  staged_.clear();
  rows_->drop_staged();
}

const std::shared_ptr<RowTable>& LogReplay::rows() {
  put_staged();
  return rows_;
}

RowHolders& LogReplay::holders() {
  put_staged();
  return holders_;
}

void LogReplay::result(const PackedResult& result) {
  if (rows_->all_decode()) {
    if (const auto row = rows_->stage(result)) {
      staged_.push_back(*row);
      return;
    }
  }
  put_staged();
  rows_->put(result);
  holders_.put(result.server, segment_of(position_), result.time_ms);
}

void LogReplay::change_rows(ServerId server, const Batch::Change& change) {
  if (change.kind == Batch::Kind::erase_range && rows_->all_decode()) {
    if (const auto end_ms = erased_before(server, change.key, change.value)) {
      staged_.push_back({*end_ms, server, StagedRow::kErase, 0, 0});
      return;
    }
  }
  put_staged();
  rows_->apply(server, change);
  if (change.kind == Batch::Kind::erase_range) holders_.erase_range(server, change.key, change.value);
  if (change.kind == Batch::Kind::put) holders_.put(server, segment_of(position_), to_ms(kTimeLimit));
}

void LogReplay::change(ServerId server, const Batch::Change& change) {
  if (change.space == Space::recent) return change_rows(server, change);
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
