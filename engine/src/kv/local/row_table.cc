#include "kv/local/row_table.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/bytes.h"
#include "codec/key.h"
#include "codec/row.h"

namespace nines::engine {
namespace {

/// More judgements than this are spelled out in each row: a hostile stream of them must not fill a table.
constexpr std::size_t kMaxJudgements = 65'536;
/// Phases and details of staged rows take no more than this: what follows is put at once.
constexpr std::size_t kMaxStagedMore = std::size_t{64} << 20U;

std::uint32_t server_number(std::string_view key) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number = (number << 8U) | (i < key.size() ? static_cast<std::uint8_t>(key[i]) : 0U);
  }
  return number;
}

void put_judgement(std::string& out, const Judgement& judgement) {
  put_u8(out, judgement.flags);
  put_u8(out, static_cast<std::uint8_t>(judgement.error));
  put_varint(out, judgement.code);
  put_varint(out, static_cast<std::uint16_t>(judgement.location));
  put_varint(out, judgement.interval_ms);
}

/// What a row ends with.
void put_more(std::string& out, const PackedResult& result) {
  if ((result.judgement.flags & Judgement::kPhases) != 0) {
    const Phases& p = result.phases;
    for (const std::uint32_t us : {p.dns_us, p.connect_us, p.tls_us, p.first_byte_us, p.transfer_us}) {
      put_varint(out, us);
    }
  }
  if ((result.judgement.flags & Judgement::kDetail) != 0) put_text(out, result.detail);
}

Judgement read_judgement(Reader& in) {
  Judgement judgement;
  judgement.flags = in.u8();
  judgement.error = static_cast<ErrorClass>(in.u8());
  judgement.code = in.varint16();
  judgement.location = LocationId{in.varint16()};
  judgement.interval_ms = in.varint32();
  return judgement;
}

}  // namespace

std::optional<std::int64_t> erased_before(ServerId server, std::string_view from, std::string_view to) {
  if (from > server_key(server).view()) return std::nullopt;
  if (to >= prefix_end(server).view()) return to_ms(kTimeLimit);
  // What is sealed ends with the first key of a time.
  const auto end = parse_recent_key(to);
  if (!end || end->server != server || end->location != LocationId{}) return std::nullopt;
  return to_ms(end->time);
}

std::size_t RowTable::Hash::operator()(const Judgement& judgement) const noexcept {
  std::uint64_t value = judgement.interval_ms;
  value = value << 16U | judgement.code;
  value = value << 16U | static_cast<std::uint16_t>(judgement.location);
  value ^= (std::uint64_t{judgement.flags} << 8U | static_cast<std::uint8_t>(judgement.error)) << 37U;
  return static_cast<std::size_t>((value * 0x9e37'79b9'7f4a'7c15U) >> 20U);
}

RowTable::Rows& RowTable::rows_of(ServerId server) {
  const std::size_t number = static_cast<std::uint32_t>(server);
  const std::size_t page = number / kPageServers;
  if (page >= pages_.size()) pages_.resize(page + 1);
  if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
  return (*pages_[page])[number % kPageServers];
}

const RowTable::Rows* RowTable::find(ServerId server) const {
  const std::size_t number = static_cast<std::uint32_t>(server);
  const std::size_t page = number / kPageServers;
  if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
  return &(*pages_[page])[number % kPageServers];
}

std::optional<std::uint32_t> RowTable::find_place(const Judgement& judgement) {
  const auto place = places_.find(judgement);
  if (place != places_.end()) return last_place_ = place->second;
  if (judgements_.size() == kMaxJudgements) return std::nullopt;
  last_place_ = static_cast<std::uint32_t>(judgements_.size());
  places_.emplace(judgement, last_place_);
  judgements_.push_back(judgement);
  return last_place_;
}

void RowTable::add(Rows& rows, std::string& out, const PackedResult& result) {
  const Judgement& judgement = result.judgement;
  const auto place = place_of(judgement);
  put_signed(out, result.time_ms - rows.last_ms);
  put_varint(out, place ? *place + 1 : 0);
  if (!place) put_judgement(out, judgement);
  if ((judgement.flags & Judgement::kLatency) != 0) put_varint(out, result.latency_us);
  put_more(out, result);
  rows.last_ms = result.time_ms;
  rows.newest_ms = std::max(rows.newest_ms, result.time_ms);
  ++rows.count;
}

bool RowTable::stage_more(const PackedResult& result, StagedRow& row) {
  const std::size_t at = staged_more_.size();
  if (at > kMaxStagedMore) return false;
  staged_more_.append(sizeof(std::uint32_t), '\0');
  put_more(staged_more_, result);
  store(staged_more_.data() + at, static_cast<std::uint32_t>(staged_more_.size() - at - sizeof(std::uint32_t)));
  row.more = static_cast<std::uint32_t>(at + 1);
  return true;
}

std::int64_t RowTable::append(ServerId server, std::span<const StagedRow* const> staged) {
  assert(all_decode());
  Rows& rows = rows_of(server);
  // A row lives when no erasure behind it is of its time. From behind, each erasure is met before the rows it is of.
  living_.clear();
  std::int64_t erased_ms = -1;
  std::size_t bytes = 0;
  for (std::size_t i = staged.size(); i-- > 0;) {
    const StagedRow& row = *staged[i];
    if (row.judgement == StagedRow::kErase) {
      erased_ms = std::max(erased_ms, row.time_ms);
    } else if (row.time_ms >= erased_ms) {
      living_.push_back(&row);
      bytes += 3 * kMaxVarintBytes + (row.more == 0 ? 0 : load<std::uint32_t>(staged_more_.data() + row.more - 1));
    }
  }
  if (erased_ms >= 0) erase_before(rows, server, erased_ms);
  if (written_.size() < bytes) written_.resize(bytes);
  char* end = written_.data();
  std::int64_t newest_ms = -1;
  std::int64_t last_ms = rows.last_ms;
  for (auto next = living_.rbegin(); next != living_.rend(); ++next) {
    const StagedRow& row = **next;
    end = write_varint(end, zigzag(row.time_ms - last_ms));
    end = write_varint(end, row.judgement + 1);
    if ((judgements_[row.judgement].flags & Judgement::kLatency) != 0) end = write_varint(end, row.latency_us);
    if (row.more != 0) {
      const char* const more = staged_more_.data() + row.more - 1;
      end = std::copy_n(more + sizeof(std::uint32_t), load<std::uint32_t>(more), end);
    }
    last_ms = row.time_ms;
    newest_ms = std::max(newest_ms, row.time_ms);
  }
  const auto length = static_cast<std::size_t>(end - written_.data());
  const auto room = static_cast<std::size_t>(static_cast<double>(rows.bytes.size() + length) * growth_);
  memory_.append(rows.bytes, {written_.data(), length}, room);
  rows.last_ms = last_ms;
  rows.newest_ms = std::max(rows.newest_ms, newest_ms);
  rows.count += static_cast<std::uint32_t>(living_.size());
  return newest_ms;
}

/// Calls `visit(const PackedResult&)` for each row, in the order in which they were put.
template <class Visit>
void RowTable::for_each(std::string_view bytes, ServerId server, Visit&& visit) const {
  PackedResult result;
  result.server = server;
  for (Reader in(bytes); in.left() > 0;) {
    result.time_ms += in.signed_varint();
    const std::uint64_t place = in.varint();
    result.judgement = place == 0 ? read_judgement(in) : judgements_[place - 1];
    const std::uint8_t flags = result.judgement.flags;
    if ((flags & Judgement::kLatency) != 0) result.latency_us = in.varint32();
    if ((flags & Judgement::kPhases) != 0) {
      Phases& p = result.phases;
      for (std::uint32_t* const us : {&p.dns_us, &p.connect_us, &p.tls_us, &p.first_byte_us, &p.transfer_us}) {
        *us = in.varint32();
      }
    }
    if ((flags & Judgement::kDetail) != 0) result.detail = in.text();
    assert(in.ok());
    visit(result);
  }
}

void RowTable::put(const PackedResult& result) {
  if (!raw_.empty()) {
    raw_.erase(std::string(recent_key(result.server, from_ms(result.time_ms), result.judgement.location).view()));
  }
  Rows& rows = rows_of(result.server);
  std::string row;
  add(rows, row, result);
  memory_.append(rows.bytes, row, 0);
}

void RowTable::apply(ServerId server, const Batch::Change& change) {
  if (change.kind == Batch::Kind::erase_range) return erase_range(server, change.key, change.value);
  // The key that follows it is itself and a zero.
  erase_range(server, change.key, std::string(change.key) + '\0');
  if (change.kind == Batch::Kind::put) raw_.insert_or_assign(std::string(change.key), std::string(change.value));
}

void RowTable::erase_range(ServerId server, std::string_view from, std::string_view to) {
  if (!raw_.empty() && from < to) {
    raw_.erase(raw_.lower_bound(std::string(from)), raw_.lower_bound(std::string(to)));
  }
  if (find(server) == nullptr) return;
  Rows& rows = rows_of(server);
  if (rows.bytes.empty()) return;
  if (const auto end_ms = erased_before(server, from, to)) return erase_before(rows, server, *end_ms);
  filter(rows, server, [&](const PackedResult& result) {
    const Key key = recent_key(server, from_ms(result.time_ms), result.judgement.location);
    return key.view() < from || key.view() >= to;
  });
}

template <class Stays>
void RowTable::filter(Rows& rows, ServerId server, Stays stays) {
  Rows kept;
  std::string bytes;
  for_each(rows.bytes.view(), server, [&](const PackedResult& result) {
    if (stays(result)) add(kept, bytes, result);
  });
  kept.bytes = rows.bytes;
  kept.bytes.clear();
  memory_.append(kept.bytes, bytes, 0);
  rows = kept;
}

/// Times tell here, where putting together each row's key was most of what reading a log back cost.
void RowTable::erase_before(Rows& rows, ServerId server, std::int64_t end_ms) {
  if (rows.bytes.empty()) return;
  if (rows.newest_ms >= end_ms) {
    return filter(rows, server, [&](const PackedResult& result) { return result.time_ms >= end_ms; });
  }
  Rows none;
  none.bytes = rows.bytes;  // its memory is used again
  none.bytes.clear();
  rows = none;
}

std::optional<ServerId> RowTable::next_server(ServerId server) const {
  std::optional<ServerId> next;
  for (std::size_t number = static_cast<std::uint32_t>(server); number / kPageServers < pages_.size();) {
    const auto& page = pages_[number / kPageServers];
    if (page == nullptr) {
      number = (number / kPageServers + 1) * kPageServers;
      continue;
    }
    if (!(*page)[number % kPageServers].bytes.empty()) {
      next = ServerId{static_cast<std::uint32_t>(number)};
      break;
    }
    ++number;
  }
  const auto raw = raw_.lower_bound(std::string(server_key(server).view()));
  if (raw != raw_.end()) {
    const ServerId other{server_number(raw->first)};
    if (!next || other < *next) next = other;
  }
  return next;
}

void RowTable::read(ServerId server, std::vector<CheckResult>& results) const {
  results.clear();
  const Rows* const rows = find(server);
  if (rows == nullptr) return;
  results.reserve(rows->count);
  for_each(rows->bytes.view(), server,
           [&](const PackedResult& packed) { from_packed(packed, results.emplace_back()); });
  const auto earlier = [](const CheckResult& a, const CheckResult& b) {
    return a.time != b.time ? a.time < b.time : a.location < b.location;
  };
  const auto same = [](const CheckResult& a, const CheckResult& b) {
    return a.time == b.time && a.location == b.location;
  };
  const auto not_later = [&](const CheckResult& a, const CheckResult& b) { return !earlier(a, b); };
  if (std::adjacent_find(results.begin(), results.end(), not_later) == results.end()) return;
  std::stable_sort(results.begin(), results.end(), earlier);
  // Of equal keys the last stays.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i + 1 < results.size() && same(results[i], results[i + 1])) continue;
    if (kept != i) results[kept] = std::move(results[i]);
    ++kept;
  }
  results.resize(kept);
}

RowTable::Entries RowTable::entries(ServerId server) const {
  Entries entries;
  std::vector<CheckResult> results;
  read(server, results);
  for (const CheckResult& result : results) {
    entries.emplace_back(recent_key(server, result.time, result.location).view(), encode_row(result));
  }
  const auto raw = raw_.lower_bound(std::string(server_key(server).view()));
  for (auto next = raw; next != raw_.end() && server_number(next->first) == static_cast<std::uint32_t>(server);
       ++next) {
    entries.emplace_back(*next);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

void RowTable::put_into(Batch& batch) const {
  if (!all_decode()) {
    for (const auto& [key, value] : entries(batch.server())) batch.put(Space::recent, key, value);
    return;
  }
  std::vector<CheckResult> results;
  read(batch.server(), results);
  std::string row;
  for (const CheckResult& result : results) {
    row.clear();
    append_row(row, result);
    batch.put(Space::recent, recent_key(batch.server(), result.time, result.location).view(), row);
  }
}

std::size_t RowTable::rows(ServerId server) const {
  const Rows* const rows = find(server);
  return rows == nullptr ? 0 : rows->count;
}

std::uint64_t RowTable::bytes(ServerId server) const {
  const Rows* const rows = find(server);
  return rows == nullptr ? 0 : rows->bytes.size();
}

std::uint64_t RowTable::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& page : pages_) {
    if (page == nullptr) continue;
    for (const Rows& rows : *page) bytes += rows.bytes.size();
  }
  return bytes;
}

void RowTable::forget(ServerId server) {
  if (find(server) == nullptr) return;
  Rows& rows = rows_of(server);
  RowMemory::release(rows.bytes);
  rows = Rows();
}

void RowRange::load(ServerId from) {
  index_ = 0;
  entries_.clear();
  const auto next = table_->next_server(from);
  if (!next) return;
  server_ = *next;
  entries_ = table_->entries(*next);
}

void RowRange::seek(std::string_view from, std::string_view to, Reading reading) {
  to_ = to;
  reading_ = reading;
  left_ = reading.limit;
  valid_ = false;
  load(ServerId{server_number(from)});
  while (index_ < entries_.size() && entries_[index_].first < from) ++index_;
  look();
}

void RowRange::seek_last(std::string_view from, std::string_view to) {
  to_.clear();
  reading_ = {};
  left_ = reading_.limit = 1;
  valid_ = false;
  server_ = ServerId{server_number(from)};
  entries_ = table_->entries(server_);
  index_ = static_cast<std::size_t>(
      std::partition_point(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first < to; }) -
      entries_.begin());
  if (index_ == 0 || entries_[index_ - 1].first < from) return;
  --index_;
  look();
}

void RowRange::next() {
  assert(valid_);
  valid_ = false;
  if (reading_.limit > 0 && left_ == 0) return;
  ++index_;
  look();
}

/// Stands on the entry at hand, or on the first of the next server.
void RowRange::look() {
  valid_ = false;
  while (index_ == entries_.size()) {
    const auto number = static_cast<std::uint32_t>(server_);
    if (entries_.empty() || number == std::numeric_limits<std::uint32_t>::max()) return;
    load(ServerId{number + 1});
  }
  valid_ = to_.empty() || entries_[index_].first < to_;
  if (left_ > 0) --left_;
}

Result<void> RowRange::status() const {
  if (view_.is_over()) return fail(ErrorCode::unavailable, "what was being read has been closed or reopened");
  return {};
}

}  // namespace nines::engine
