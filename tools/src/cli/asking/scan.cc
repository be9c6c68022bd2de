// nines scan: what lies in the store of one server, key by key; or the runs that its results make.
#include <fmt/format.h>
#include <nines/store.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;
using std::chrono::days;
using std::chrono::milliseconds;

/// What lies under one key, or, of a day whose results changed, would.
struct Entry {
  std::string_view space;
  std::string key{};  ///< its bytes in hex, a space between its parts
  TimeMs first{};     ///< the time in the key
  TimeMs last{};
  std::optional<std::uint16_t> location{};  ///< in the key of a row
  std::uint64_t results = 0;
  std::uint64_t series = 0;
  std::uint64_t runs = 0;
  std::optional<std::uint64_t> bytes{};  ///< of the value
  std::uint64_t latencies = 0;
  std::uint64_t phases = 0;
  std::uint64_t details = 0;
  std::uint64_t detail_bytes = 0;
};

/// How many keys and bytes a space has.
struct SpaceSize {
  std::uint64_t keys = 0;
  std::uint64_t results = 0;
  std::uint64_t bytes = 0;
};

std::string key_text(ServerId server, TimeMs time) {
  return fmt::format("{:08x} {:016x}", static_cast<std::uint32_t>(server), static_cast<std::uint64_t>(to_ms(time)));
}

void count_columns(const Segment& segment, Entry& entry) {
  ++entry.series;
  entry.results += segment.size();
  entry.runs += segment.runs.size();
  for (const Run& run : segment.runs) entry.latencies += run.has_latency ? run.count() : 0;
  entry.phases += static_cast<std::uint64_t>(std::count(segment.has_phases.begin(), segment.has_phases.end(), 1));
  entry.details += segment.details.size();
  for (const Detail& detail : segment.details) entry.detail_bytes += detail.text.size();
}

/// Reads a server's spaces one after the other and hands out what lies in them.
class SpaceReader {
 public:
  using Take = std::function<bool(const Entry&)>;  ///< false ends the reading

  SpaceReader(const Store& store, ServerId server, Window window, Take take)
      : store_(store), server_(server), window_(window), take_(std::move(take)) {}

  /// The chunks and rows of all days of the window. What is damaged is told to `damaged`, and the reading goes on.
  Result<void> read_results(bool chunks, bool rows, const std::function<void(const Error&)>& damaged) {
    const Columns all{.latency = true, .phases = true, .details = true};
    auto cursor = store_.scan(server_, whole_days(), {.columns = all});
    if (!cursor) return tl::unexpected(cursor.error());
    ScanCost before;
    std::optional<Entry> chunk;  // its series come one by one
    while (going_on_) {
      const auto segment = (*cursor)->next();
      if (!segment && segment.error().code != ErrorCode::corruption) return tl::unexpected(segment.error());
      const ScanCost& cost = (*cursor)->cost();
      const bool another = cost.chunks > before.chunks || cost.rows > before.rows || !segment || *segment == nullptr;
      if (another && chunk && chunks) hand_out(*chunk);
      if (another) chunk.reset();
      if (!segment) {
        damaged(segment.error());
      } else if (*segment == nullptr) {
        break;
      } else if (cost.chunks > before.chunks || chunk) {
        if (!chunk) {
          chunk = Entry{.space = "checks", .first = kTimeLimit, .bytes = cost.bytes - before.bytes};
        }
        count_columns(**segment, *chunk);
        chunk->first = std::min(chunk->first, from_ms((*segment)->time_ms.front()));
        chunk->last = std::max(chunk->last, from_ms((*segment)->time_ms.back()));
        chunk->key = key_text(server_, chunk->first);
      } else if (rows) {
        if (auto read = read_rows(**segment); !read) return read;
      }
      before = cost;
    }
    return {};
  }

  /// The summaries that are stored.
  Result<void> read_days() {
    const Window window = whole_days();
    const DayRange range{to_ms(window.from) / kDayMs, to_ms(window.to) / kDayMs};
    auto cursor = store_.days(server_, range, true);
    if (!cursor) return tl::unexpected(cursor.error());
    ScanCost before;
    while (going_on_) {
      const auto day = (*cursor)->next();
      const ScanCost cost = (*cursor)->cost();
      if (!day && day.error().code != ErrorCode::corruption) return tl::unexpected(day.error());
      if (day && *day == nullptr) break;
      // One that had to be made of its results does not lie in the store.
      if (day && cost.chunks == before.chunks && cost.rows == before.rows) {
        const DaySummary& summary = **day;
        Entry entry{.space = "days",
                    .key = fmt::format("{:08x} {:08x}", static_cast<std::uint32_t>(server_), summary.day),
                    .first = from_ms(summary.day * kDayMs),
                    .last = from_ms((summary.day + 1) * kDayMs - 1),
                    .series = summary.series.size(),
                    .bytes = cost.bytes - before.bytes};
        for (const DaySeries& series : summary.series) {
          entry.runs += series.runs.size();
          for (const Run& run : series.runs) {
            entry.results += run.count();
            entry.latencies += run.has_latency ? run.count() : 0;
          }
        }
        hand_out(entry);
      }
      before = cost;
    }
    return {};
  }

  [[nodiscard]] const std::map<std::string_view, SpaceSize>& sizes() const { return sizes_; }

 private:
  static constexpr std::int64_t kDayMs = 86'400'000;

  /// A chunk lies in one day and is there as a whole only where the window holds all of that.
  [[nodiscard]] Window whole_days() const {
    return {std::chrono::floor<days>(window_.from), std::chrono::ceil<days>(window_.to)};
  }

  void hand_out(const Entry& entry) {
    if (entry.last < window_.from || entry.first >= window_.to || !going_on_) return;
    SpaceSize& size = sizes_[entry.space];
    ++size.keys;
    size.results += entry.results;
    size.bytes += entry.bytes.value_or(0);
    going_on_ = take_(entry);
  }

  /// A key for each result of the segment. The bytes of one are those of a scan of its millisecond, as far as no other
  /// location has a row of the same one.
  Result<void> read_rows(const Segment& segment) {
    for (std::uint32_t i = 0; i < segment.size() && going_on_; ++i) {
      const CheckResult result = segment.at(i, server_);
      const auto location = static_cast<std::uint16_t>(segment.location);
      Entry entry{.space = "recent",
                  .key = fmt::format("{} {:04x}", key_text(server_, result.time), location),
                  .first = result.time,
                  .last = result.time,
                  .location = location,
                  .results = 1,
                  .series = 1,
                  .runs = 1,
                  .latencies = result.latency_us ? 1U : 0U,
                  .phases = result.phases ? 1U : 0U,
                  .details = result.detail.empty() ? 0U : 1U,
                  .detail_bytes = result.detail.size()};
      auto alone = store_.scan(server_, {result.time, result.time + milliseconds{1}}, {.columns = {.latency = false}});
      if (!alone) return tl::unexpected(alone.error());
      if (auto read = (*alone)->for_each([](const Segment&) {}); !read) return read;
      if ((*alone)->cost().rows == 1) entry.bytes = (*alone)->cost().bytes;
      hand_out(entry);
    }
    return {};
  }

  const Store& store_;
  ServerId server_;
  Window window_;
  Take take_;
  bool going_on_ = true;
  std::map<std::string_view, SpaceSize> sizes_;
};

Outcome show_runs(const Call& call, const Subject& subject) {
  const auto cursor = subject.store->scan(subject.server->id, subject.question.query.window, {});
  if (!cursor) return failed(printable(cursor.error().message));
  RowWriter rows(call.format, call.terminal,
                 {{"location", "PLACE", true, 4},
                  {"from", "FIRST"},
                  {"to", "LAST", false, 1},
                  {"state", "STATE"},
                  {"checks", "CHECKS", true},
                  {"code", "CODE", true, 3},
                  {"error", "ERROR", false, 2},
                  {"max_gap_ms", "LONGEST GAP", true, 5}},
                 "runs");
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return failed(printable(segment.error().message));
    if (*segment == nullptr) break;
    for (const Run& run : (*segment)->runs) {
      const Zone& zone = subject.question.zone;
      rows.add({cell(static_cast<std::uint16_t>((*segment)->location)),
                cell(format_time(from_ms(run.first_ms)), moment_text(from_ms(run.first_ms), zone)),
                cell(format_time(from_ms(run.last_ms)), moment_text(from_ms(run.last_ms), zone)),
                cell(std::string(to_string(run.state)), {}, state_colour(run.state)), cell(run.count()),
                cell(code_json(run.code)), cell(text_or_null(to_string(run.error))),
                cell(run.max_gap_ms, format_duration(milliseconds{run.max_gap_ms}))});
    }
  }
  rows.finish();
  if (call.verbose) say(fmt::format("read {}", dump(cost_json((*cursor)->cost()))));
  return kExitDone;
}

void show_sizes(const Terminal& terminal, const std::map<std::string_view, SpaceSize>& sizes) {
  write_out("\n");
  for (const auto& [space, size] : sizes) {
    std::string line = fmt::format("{}: {} key{}, {} results, {}", space, with_commas(size.keys),
                                   size.keys == 1 ? "" : "s", with_commas(size.results), human_bytes(size.bytes));
    if (size.results > 0 && space != "days") {
      line +=
          fmt::format(", {:.2f} bytes a result", static_cast<double>(size.bytes) / static_cast<double>(size.results));
    }
    show_text(terminal, line);
  }
}

}  // namespace

void scan_options(OptionList& options) {
  auto add = options.add_options();
  add("space", po::value<std::string>()->value_name("SPACE"),
      "only this: checks (chunks), recent (single results) or days (summaries)");
  add("runs", "the runs of equal results instead of keys");
  add("limit", po::value<std::string>()->value_name("N"), "at most so many keys (default all)");
}

Outcome scan(const Call& call) {
  constexpr std::array<std::string_view, 3> kSpaces{"checks", "recent", "days"};
  const std::string space = call.text("space").value_or("");
  if (!space.empty() && std::find(kSpaces.begin(), kSpaces.end(), space) == kSpaces.end()) {
    return usage(fmt::format("--space {}: it takes checks, recent or days", printable(space)));
  }
  if (call.has("runs") && (call.has("space") || call.has("limit"))) {
    return usage("--runs goes without --space and --limit");
  }
  const auto limit = read_count(call, "limit", 0, 1, 1'000'000'000);
  if (!limit) return tl::unexpected(limit.error());
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  if (call.has("runs")) return show_runs(call, *subject);

  const Zone& zone = subject->question.zone;
  Json head = {{"server", subject->server->name}, {"id", static_cast<std::uint32_t>(subject->server->id)}};
  head.update(window_json(subject->question.query.window));
  RowWriter rows(call.format, call.terminal,
                 {{"space", "SPACE"},
                  {"key", "KEY", false, 9},
                  {"first", "TIME"},
                  {"last", "LAST", false, 6},
                  {"location", "PLACE", true, 7},
                  {"bytes", "BYTES", true},
                  {"results", "RESULTS", true},
                  {"series", "SERIES", true, 8},
                  {"runs", "RUNS", true, 5},
                  {"latencies", "LATENCIES", true, 2},
                  {"phases", "PHASES", true, 3},
                  {"details", "DETAILS", true, 1},
                  {"detail_bytes", "TEXT", true, 4}},
                 "keys", head);
  std::uint64_t shown = 0;
  SpaceReader reader(*subject->store, subject->server->id, subject->question.query.window, [&](const Entry& entry) {
    rows.add({cell(std::string(entry.space)), cell(entry.key),
              cell(format_time(entry.first), moment_text(entry.first, zone)),
              cell(format_time(entry.last), moment_text(entry.last, zone)), cell(optional_json(entry.location)),
              cell(optional_json(entry.bytes)), cell(entry.results), cell(entry.series), cell(entry.runs),
              cell(entry.latencies), cell(entry.phases), cell(entry.details), cell(entry.detail_bytes)});
    return ++shown != *limit;
  });
  bool hurt = false;
  const auto damaged = [&hurt](const Error& error) {
    say(printable(error.message));
    hurt = true;
  };
  Result<void> read;
  if (space != "days") read = reader.read_results(space != "recent", space != "checks", damaged);
  if (read && (space.empty() || space == "days")) read = reader.read_days();
  rows.finish();
  if (!read) return failed(printable(read.error().message));
  if (call.format == Format::table) show_sizes(call.terminal, reader.sizes());
  return hurt ? kExitPartly : kExitDone;
}

}  // namespace nines::tools
