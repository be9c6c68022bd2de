#include "store/verify.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "series/columns.h"
#include "series/summarise.h"
#include "store/intact_range.h"

namespace nines::engine {
namespace {

constexpr std::chrono::days kOneDay{1};
/// Behind all numbers that a key can have.
constexpr std::uint64_t kServersEnd = std::uint64_t{std::numeric_limits<std::uint32_t>::max()} + 1;

void report_damage(VerifyReport& report, ServerId server, Window window, std::string what) {
  ++report.damages;
  if (report.damage.size() < VerifyReport::kMaxDamage) report.damage.push_back({server, window, std::move(what)});
}

/// One server after the other. What it compares comes from one view, so that a writer beside it raises no alarm.
class ServerVerifier {
 public:
  ServerVerifier(View& view, VerifyReport& report) : view_(view), report_(report) {}

  /// None of its results has a longer interval than `longest_interval` of its own, if that is known.
  [[nodiscard]] Result<void> verify(ServerId server, std::optional<std::chrono::milliseconds> longest_interval);

 private:
  /// The day that chunks are being read of.
  struct OpenDay {
    std::optional<UtcDay> day;
    DaySummary summary;
  };

  [[nodiscard]] Result<void> read_rows();
  [[nodiscard]] Result<void> read_chunks();
  void take_chunk(std::string_view key, std::string_view value);
  void close_days(UtcDay before);
  void check_day(UtcDay day);
  void check_intervals(UtcDay day);
  void next_summary();
  void skipped(const char* what, std::optional<IntactRange::Skipped> skip);
  void note_unread(UtcDay first, UtcDay last) {
    unread_from_ = std::min(unread_from_, first);
    unread_end_ = std::max(unread_end_, last + kOneDay);
  }
  void damaged(Window window, std::string what) { report_damage(report_, server_, window, std::move(what)); }

  View& view_;
  VerifyReport& report_;
  ServerId server_{};
  std::optional<std::chrono::milliseconds> longest_interval_;
  std::vector<CheckResult> rows_;  // ascending
  std::size_t row_ = 0;            // the first whose day is not closed
  std::optional<IntactRange> days_;
  UtcDay summary_day_ = kDayLimit;  // of the summary that days_ stands on; kDayLimit without one
  std::int64_t last_ms_ = -1;       // newest result of the chunks so far
  UtcDay unread_from_ = kDayLimit;  // of the days of which something could not be read
  UtcDay unread_end_{};
  OpenDay open_;
  std::vector<SeriesColumns> decoded_;
  DaySummary stored_;
};

void ServerVerifier::skipped(const char* what, std::optional<IntactRange::Skipped> skip) {
  if (!skip) return;
  damaged({skip->first, skip->last}, std::string(what) + " that cannot be read: " + skip->error.message);
}

Result<void> ServerVerifier::read_rows() {
  rows_.clear();
  row_ = 0;
  IntactRange rows(view_, Space::recent, recent_key(server_, from_ms(0), {}), prefix_end(server_));
  while (rows.next()) {
    skipped("single results", rows.take_skipped());
    ++report_.rows;
    auto row = decode_row(rows.key(), rows.value());
    if (row) {
      ++report_.results;
      rows_.push_back(std::move(*row));
      continue;
    }
    const auto key = parse_recent_key(rows.key());
    damaged(key ? Window{key->time, key->time + std::chrono::milliseconds{1}} : Window{}, row.error().message);
  }
  skipped("single results", rows.take_skipped());
  return rows.status();
}

void ServerVerifier::take_chunk(std::string_view key, std::string_view value) {
  ++report_.chunks;
  const auto parsed = parse_chunk_key(key);
  if (!parsed) return damaged({}, "checks has a malformed key " + printable_key(key));
  const UtcDay day = day_of(parsed->first);
  const std::string at = "chunk " + printable_key(key) + ": ";
  const Window rest_of_day{parsed->first, day + kOneDay};
  close_days(day);
  const auto info = peek_chunk(value);
  auto decoded = info ? decode_chunk(value, Columns{true, true, true}, decoded_)
                      : Result<void>(tl::unexpected<Error>(info.error()));
  if (!decoded) {
    note_unread(day, day);
    return damaged(rest_of_day, at + decoded.error().message);
  }
  report_.results += info->results;
  const Window own{from_ms(info->first_ms), from_ms(info->last_ms + 1)};
  if (info->first_ms != to_ms(parsed->first)) {
    note_unread(std::min(day, day_of(own.from)), std::max(day, day_of(from_ms(info->last_ms))));
    return damaged(own, at + "its first result is of another time than its key");
  }
  if (info->first_ms <= last_ms_) {
    note_unread(day, day);
    last_ms_ = std::max(last_ms_, info->last_ms);
    return damaged(own, at + "it begins before the chunk before it ends");
  }
  last_ms_ = std::max(last_ms_, info->last_ms);
  if (open_.day != day) {
    open_.day = day;
    reset_summary(open_.summary, day_number(day));
  }
  for (const SeriesColumns& series : decoded_) add_to_summary(open_.summary, series);
}

Result<void> ServerVerifier::read_chunks() {
  IntactRange checks(view_, Space::checks, chunk_key(server_, from_ms(0)), prefix_end(server_));
  const auto note_skipped = [&] {
    const auto& skip = checks.skipped();
    if (!skip) return;
    note_unread(skip->first, skip->last - kOneDay);
    skipped("chunks", checks.take_skipped());
  };
  while (checks.next()) {
    note_skipped();
    take_chunk(checks.key(), checks.value());
  }
  note_skipped();
  return checks.status();
}

void ServerVerifier::next_summary() {
  for (;;) {
    summary_day_ = kDayLimit;
    const bool found = days_->next();
    skipped("summaries", days_->take_skipped());
    if (!found) return;
    ++report_.summaries;
    if (const auto key = parse_day_key(days_->key())) {
      summary_day_ = key->day;
      return;
    }
    damaged({}, "days has a malformed key " + printable_key(days_->key()));
  }
}

/// Checks all days before `before` of which there is anything.
void ServerVerifier::close_days(UtcDay before) {
  for (;;) {
    UtcDay day = std::min(summary_day_, open_.day.value_or(kDayLimit));
    if (row_ < rows_.size()) day = std::min(day, day_of(rows_[row_].time));
    if (day >= before) return;
    check_day(day);
  }
}

void ServerVerifier::check_intervals(UtcDay day) {
  if (!longest_interval_) return;
  for (const DaySeries& series : open_.summary.series) {
    for (const Run& run : series.runs) {
      if (run.interval_ms <= longest_interval_->count()) continue;
      return damaged({day, day + kOneDay}, "a result has an interval of " + std::to_string(run.interval_ms) +
                                               " ms, longer than the catalog's entry knows of");
    }
  }
}

void ServerVerifier::check_day(UtcDay day) {
  if (open_.day != day) reset_summary(open_.summary, day_number(day));
  const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(row_);
  const auto last = std::find_if(first, rows_.end(), [&](const auto& row) { return day_of(row.time) != day; });
  bool in_order = true;
  for (auto row = first; row != last; ++row) in_order = in_order && to_ms(row->time) > last_ms_;
  if (!in_order) {
    damaged({day, day + kOneDay}, "single results that are not later than all chunks");
  } else if (first != last) {
    for (const SeriesColumns& series : to_columns({first, last})) add_to_summary(open_.summary, series);
  }
  row_ = static_cast<std::size_t>(last - rows_.begin());
  open_.day.reset();
  check_intervals(day);
  if (summary_day_ != day) return;
  const std::string at = "summary " + printable_key(days_->key()) + ": ";
  const bool all_read = in_order && (day < unread_from_ || day >= unread_end_);
  if (auto decoded = decode_summary(day_number(day), days_->value(), true, stored_); !decoded) {
    damaged({day, day + kOneDay}, at + decoded.error().message);
  } else if (all_read && !open_.summary.series.empty() && !(stored_ == open_.summary)) {
    // Without results the summary has outlived them, as retention lets it.
    damaged({day, day + kOneDay}, at + "it is not that of the day's results");
  }
  next_summary();
}

Result<void> ServerVerifier::verify(ServerId server, std::optional<std::chrono::milliseconds> longest_interval) {
  server_ = server;
  longest_interval_ = longest_interval;
  view_.move_to(server);
  ScanCost cost;
  const ViewUse use(view_, cost);
  if (auto begun = use.begun(); !begun) return begun;
  last_ms_ = -1;
  unread_from_ = kDayLimit;
  unread_end_ = {};
  open_.day.reset();
  if (auto read = read_rows(); !read) return read;
  days_.emplace(view_, Space::days, day_key(server, {}), prefix_end(server));
  next_summary();
  if (auto read = read_chunks(); !read) return read;
  // A row may be older than the last chunk on another day than the chunks that were read before it was looked at.
  close_days(kDayLimit);
  return days_->status();
}

/// What one thread reads with, and has found.
struct Part {
  VerifyReport report;
  std::unique_ptr<View> view;
  std::optional<ServerVerifier> verifier;

  /// Before the first server of the thread.
  [[nodiscard]] Result<void> open(const GetKv& get_kv, ServerId server) {
    if (verifier) return {};
    auto kv = get_kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    auto opened = (*kv)->view(server, {Space::recent, Space::checks, Space::days});
    if (!opened) return tl::unexpected<Error>(opened.error());
    view = std::move(*opened);
    verifier.emplace(*view, report);
    return {};
  }
};

/// Adds what `parts` have found to `report`, by server. Each has told the first of its damages.
void merge(std::span<Part> parts, VerifyReport& report) {
  std::vector<Damage> found;
  for (Part& part : parts) {
    report.results += part.report.results;
    report.chunks += part.report.chunks;
    report.rows += part.report.rows;
    report.summaries += part.report.summaries;
    report.damages += part.report.damages;
    std::move(part.report.damage.begin(), part.report.damage.end(), std::back_inserter(found));
  }
  std::stable_sort(found.begin(), found.end(), [](const Damage& a, const Damage& b) { return a.server < b.server; });
  for (Damage& damage : found) {
    if (report.damage.size() < VerifyReport::kMaxDamage) report.damage.push_back(std::move(damage));
  }
}

/// The first server in [first, end) that has a key in `space`.
Result<std::optional<ServerId>> first_owner(View& all, Space space, std::uint64_t first, std::uint64_t end) {
  if (first >= end) return std::nullopt;
  const Key from = server_key(ServerId{static_cast<std::uint32_t>(first)});
  Key to = server_key(ServerId{static_cast<std::uint32_t>(end)});
  if (end == kServersEnd) to.size = 0;  // the end of the space
  Range& range = all.range(space, from.view(), to.view(), {.values = false, .limit = 1});
  if (!range.valid()) {
    auto status = range.status();
    if (!status && status.error().code != ErrorCode::corruption) return tl::unexpected<Error>(status.error());
    return std::nullopt;  // of what is damaged the servers beside it tell
  }
  return parse_server_key(range.key().substr(0, 4));
}

/// A view of all of `space`, as it is now.
Result<std::unique_ptr<View>> whole_view(const GetKv& get_kv, Space space) {
  const auto kv = get_kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  return (*kv)->view_all(space);
}

/// The owners of keys in the gaps between the servers that the catalog has. One that was removed since the keys were
/// looked at is among them.
Result<std::vector<ServerId>> owners_beside(const GetKv& get_kv, const GetCatalog& catalog, Space space) {
  std::vector<ServerId> owners;
  const auto all = whole_view(get_kv, space);
  if (!all) return tl::unexpected<Error>(all.error());
  // Taken after the view: whoever was added before it is known.
  const auto known = catalog();
  ScanCost cost;
  const ViewUse use(**all, cost);
  if (auto begun = use.begun(); !begun) return tl::unexpected<Error>(begun.error());
  std::uint64_t next = 1;
  const auto look_before = [&](std::uint64_t end) -> Result<void> {
    while (next < end) {
      const auto found = first_owner(**all, space, next, end);
      if (!found) return tl::unexpected<Error>(found.error());
      if (!*found) break;
      owners.push_back(**found);
      next = std::uint64_t{static_cast<std::uint32_t>(**found)} + 1;
    }
    return {};
  };
  for (const Server& server : known->servers()) {
    const auto number = static_cast<std::uint32_t>(server.id);
    if (auto looked = look_before(number); !looked) return tl::unexpected<Error>(looked.error());
    next = std::uint64_t{number} + 1;
  }
  if (auto looked = look_before(kServersEnd); !looked) return tl::unexpected<Error>(looked.error());
  return owners;
}

/// Looks for keys of servers that the catalog does not have.
Result<void> find_strangers(const GetKv& get_kv, const GetCatalog& catalog, Space space, VerifyReport& report) {
  const auto owners = owners_beside(get_kv, catalog, space);
  if (!owners) return tl::unexpected<Error>(owners.error());
  if (owners->empty()) return {};
  // Looked at again as things are now: what was removed meanwhile has no keys any more, and a removal that has not come
  // to its end has left its mark. In this order, as the keys and the mark go together.
  const auto entries = whole_view(get_kv, Space::servers);
  const auto all = entries ? whole_view(get_kv, space) : tl::unexpected<Error>(entries.error());
  if (!all) return tl::unexpected<Error>(all.error());
  ScanCost cost;
  const ViewUse entries_use(**entries, cost);
  const ViewUse use(**all, cost);
  for (const ViewUse* each : {&entries_use, &use}) {
    if (auto begun = each->begun(); !begun) return begun;
  }
  for (const ServerId owner : *owners) {
    const std::uint64_t number = static_cast<std::uint32_t>(owner);
    const auto marked = first_owner(**entries, Space::servers, number, number + 1);
    const auto found = marked ? first_owner(**all, space, number, number + 1) : marked;
    if (!found) return tl::unexpected<Error>(found.error());
    if (*marked || !*found) continue;
    report_damage(report, owner, {},
                  std::string(kSpaceNames[static_cast<std::size_t>(space)]) +
                      " has keys of a server that the catalog does not have");
  }
  return {};
}

}  // namespace

Result<VerifyReport> verify_store(const GetKv& get_kv, const GetCatalog& catalog, const GetLongest& longest,
                                  int threads) {
  assert(threads >= 1);
  VerifyReport report;
  auto kv = get_kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  if (LocalCare* const local = (*kv)->local(); local != nullptr) {
    if (auto checked = local->verify_blocks(); !checked) {
      if (checked.error().code != ErrorCode::corruption) return tl::unexpected<Error>(checked.error());
      report_damage(report, {}, {}, checked.error().message);
    }
  }
  const auto known = catalog();
  report.servers = known->servers().size();
  kv->reset();
  std::vector<Part> parts(static_cast<std::size_t>(threads));
  const auto read = for_each_parallel(known->servers().size(), threads, [&](std::size_t number) {
    return [&, &part = parts[number]](std::size_t index) -> Result<void> {
      const ServerId server = known->servers()[index].id;
      if (auto opened = part.open(get_kv, server); !opened) return opened;
      // The view is older than what is known now, and that only grows.
      return part.verifier->verify(server, longest(server));
    };
  });
  if (!read) return tl::unexpected<Error>(read.error());
  merge(parts, report);
  for (const Space space : {Space::recent, Space::checks, Space::days}) {
    if (auto looked = find_strangers(get_kv, catalog, space, report); !looked) {
      return tl::unexpected<Error>(looked.error());
    }
  }
  return report;
}

}  // namespace nines::engine
