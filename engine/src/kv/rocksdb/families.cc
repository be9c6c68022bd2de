#include "kv/rocksdb/families.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

#include "kv/rocksdb/slice.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// In RocksDB's own family: the first month, a number in decimal.
constexpr std::string_view kFirstMonthKey = "first-month";
constexpr std::size_t kTimeBytes = 8;
constexpr int kMonthsAYear = 12;
constexpr int kFirstYear = 1970;

Month month_of_ms(std::uint64_t ms) noexcept {
  const auto last = static_cast<std::uint64_t>(to_ms(kTimeLimit)) - 1;
  const std::chrono::sys_days day{std::chrono::days{static_cast<std::int64_t>(std::min(ms, last)) / kDayMs}};
  const std::chrono::year_month_day date(day);
  return (static_cast<int>(date.year()) - kFirstYear) * kMonthsAYear +
         static_cast<int>(static_cast<unsigned>(date.month())) - 1;
}

/// Null where there is no family of that name.
rocksdb::ColumnFamilyHandle* find(const std::vector<Family>& handles, std::string_view name) {
  const auto found = std::find_if(handles.begin(), handles.end(), [&](const auto& f) { return f->GetName() == name; });
  return found == handles.end() ? nullptr : found->get();
}

bool any_month(const std::vector<Family>& handles) {
  return std::any_of(handles.begin(), handles.end(),
                     [](const auto& handle) { return month_of_name(handle->GetName()).has_value(); });
}

}  // namespace

std::string after_server(std::string_view key) {
  assert(key.size() >= kServerBytes);
  std::string next(key.substr(0, kServerBytes));
  while (!next.empty() && next.back() == '\xff') next.pop_back();
  if (next.empty()) return next;
  ++next.back();
  next.resize(kServerBytes, '\0');
  return next;
}

std::uint64_t time_of(std::string_view key) noexcept {
  std::uint64_t ms = 0;
  for (std::size_t i = kServerBytes; i < kServerBytes + kTimeBytes; ++i) {
    ms = ms << 8U | (i < key.size() ? static_cast<std::uint8_t>(key[i]) : 0U);
  }
  return ms;
}

Month month_of(std::string_view key) noexcept {
  // What is no time, which only damage or a test can make it, still has its place in the order.
  return month_of_ms(time_of(key));
}

Month month_of(TimeMs time) noexcept {
  return month_of_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(time), 0)));
}

std::string name_of_month(Month month) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "checks-%04d-%02d", kFirstYear + month / kMonthsAYear,
                                   month % kMonthsAYear + 1);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Month> month_of_name(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "checks-";
  constexpr std::size_t kBytes = kPrefix.size() + 7;
  if (name.size() != kBytes || !name.starts_with(kPrefix)) return std::nullopt;
  int year = 0;
  int month = 0;
  const char* const text = name.data() + kPrefix.size();
  const auto year_end = std::from_chars(text, text + 4, year);
  const auto month_end = std::from_chars(text + 5, text + 7, month);
  const bool is_one = year_end.ptr == text + 4 && text[4] == '-' && month_end.ptr == text + 7;
  if (!is_one || year < kFirstYear || month < 1 || month > kMonthsAYear) return std::nullopt;
  return (year - kFirstYear) * kMonthsAYear + month - 1;
}

Family hold(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
  return {handle, [&db](rocksdb::ColumnFamilyHandle* held) { static_cast<void>(db.DestroyColumnFamilyHandle(held)); }};
}

std::shared_ptr<const Families> Families::sort(const std::vector<Family>& handles, Month first_month) {
  auto families = std::make_shared<Families>();
  auto& months = families->spaces_[static_cast<std::size_t>(Space::checks)];
  for (const Family& handle : handles) {
    const std::string& name = handle->GetName();
    if (const auto month = month_of_name(name)) {
      months.push_back({*month, *month + 1, handle});
    } else if (name == name_of(Space::checks)) {
      months.push_back({0, first_month, handle});
    } else if (name == rocksdb::kDefaultColumnFamilyName) {
      families->notes_ = handle;
    }
    for (const Space space : {Space::servers, Space::recent, Space::days}) {
      if (name == name_of(space))
        families->spaces_[static_cast<std::size_t>(space)].push_back({0, kMonthLimit, handle});
    }
  }
  std::sort(months.begin(), months.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return families;
}

rocksdb::ColumnFamilyHandle* Families::find(Space space, std::string_view key) const noexcept {
  const auto& partitions = of(space);
  if (space != Space::checks) return partitions.front().family.get();
  const Month month = month_of(key);
  const auto found = std::partition_point(partitions.begin(), partitions.end(),
                                          [month](const auto& partition) { return partition.end <= month; });
  return found != partitions.end() && found->first <= month ? found->family.get() : nullptr;
}

std::vector<rocksdb::ColumnFamilyHandle*> Families::all() const {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (const auto& partitions : spaces_) {
    for (const Partition& partition : partitions) handles.push_back(partition.family.get());
  }
  handles.push_back(notes_.get());
  return handles;
}

std::shared_ptr<const Families> Families::with_space(Space space, Family family) const {
  auto other = std::make_shared<Families>(*this);
  other->spaces_[static_cast<std::size_t>(space)] = {{0, kMonthLimit, std::move(family)}};
  return other;
}

std::shared_ptr<const Families> Families::with_month(Month month, Family family) const {
  auto more = std::make_shared<Families>(*this);
  auto& months = more->spaces_[static_cast<std::size_t>(Space::checks)];
  const auto place = std::partition_point(months.begin(), months.end(),
                                          [month](const auto& partition) { return partition.end <= month; });
  assert(place == months.end() || place->first > month);
  months.insert(place, {month, month + 1, std::move(family)});
  return more;
}

std::shared_ptr<const Families> Families::without_before(Month month) const {
  auto fewer = std::make_shared<Families>(*this);
  auto& months = fewer->spaces_[static_cast<std::size_t>(Space::checks)];
  std::erase_if(months, [month](const auto& partition) { return partition.end <= month; });
  return fewer;
}

Result<Month> first_month(rocksdb::DB& db, const std::vector<Family>& handles) {
  // Before there is any month the note may be one of an upgrade that a crash has cut short.
  if (!any_month(handles) || find(handles, name_of(Space::checks)) == nullptr) return kMonthLimit;
  std::string note;
  const auto status = db.Get({}, find(handles, rocksdb::kDefaultColumnFamilyName), slice(kFirstMonthKey), &note);
  if (!status.ok() && !status.IsNotFound()) return tl::unexpected<Error>(to_error(status));
  Month month = 0;
  const auto parsed = std::from_chars(note.data(), note.data() + note.size(), month);
  if (parsed.ec != std::errc{} || parsed.ptr != note.data() + note.size() || month < 0) {
    return fail(ErrorCode::corruption, "the note of where the months begin is missing from the store, or is none");
  }
  return month;
}

Result<Month> note_first_month(rocksdb::DB& db, const std::vector<Family>& handles) {
  rocksdb::ColumnFamilyHandle* const checks = find(handles, name_of(Space::checks));
  if (checks == nullptr || any_month(handles)) return first_month(db, handles);
  rocksdb::ReadOptions reading;
  reading.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> iterator(db.NewIterator(reading, checks));
  Month newest = -1;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const std::string next = after_server(text(iterator->key()));
    if (next.empty()) {
      iterator->SeekToLast();
    } else {
      iterator->SeekForPrev(slice(next));
      if (iterator->Valid() && text(iterator->key()) == next) iterator->Prev();
    }
    if (!iterator->Valid()) break;
    newest = std::max(newest, month_of(text(iterator->key())));
  }
  if (iterator->status().IsCorruption()) return kMonthLimit;
  auto status = iterator->status();
  rocksdb::ColumnFamilyHandle* const notes = find(handles, rocksdb::kDefaultColumnFamilyName);
  std::string noted;
  const std::string note = std::to_string(newest + 1);
  if (status.ok()) {
    status = db.Get({}, notes, slice(kFirstMonthKey), &noted);
    if (status.IsNotFound()) status = rocksdb::Status::OK();
  }
  // Flushed, since nothing else looks at RocksDB's log.
  if (status.ok() && noted != note) status = db.Put({}, notes, slice(kFirstMonthKey), note);
  if (status.ok() && noted != note) status = db.Flush({}, notes);
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  return newest + 1;
}

}  // namespace nines::engine
