// nines info: what a store holds, and what it takes on disk and in memory.
#include <fmt/format.h>
#include <nines/store.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "cli/command/version.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

/// What one server has in the store: keys, the bytes of their values, and results.
struct Holding {
  const Server* server = nullptr;
  std::uint64_t results = 0;
  std::uint64_t chunks = 0;
  std::uint64_t chunk_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t summaries = 0;
  std::uint64_t summary_bytes = 0;
  std::uint64_t holes = 0;
  std::optional<TimeMs> oldest{};
  std::optional<TimeMs> newest{};

  [[nodiscard]] std::uint64_t bytes() const noexcept { return chunk_bytes + row_bytes + summary_bytes; }
};

/// Of the server's chunks and rows. Damage is counted and stepped over.
Result<void> read_results(Cursor& cursor, Holding& holding) {
  ScanCost before = cursor.cost();  // of the servers before it
  while (true) {
    const auto segment = cursor.next();
    const ScanCost cost = cursor.cost();
    if (cost.rows > before.rows) {
      holding.rows += cost.rows - before.rows;
      holding.row_bytes += cost.bytes - before.bytes;
    } else {
      holding.chunks += cost.chunks - before.chunks;
      holding.chunk_bytes += cost.bytes - before.bytes;
    }
    before = cost;
    if (!segment && segment.error().code == ErrorCode::corruption) continue;
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    holding.results += (*segment)->size();
    const TimeMs first = from_ms((*segment)->time_ms.front());
    const TimeMs last = from_ms((*segment)->time_ms.back());
    holding.oldest = std::min(holding.oldest.value_or(first), first);
    holding.newest = std::max(holding.newest.value_or(last), last);
  }
  holding.holes = cursor.holes().size();
  return {};
}

/// Of the server's summaries that are stored; one that has to be made of results is none.
Result<void> read_summaries(DayCursor& cursor, Holding& holding) {
  ScanCost before = cursor.cost();  // of the servers before it
  while (true) {
    const auto day = cursor.next();
    const ScanCost cost = cursor.cost();
    if (!day && day.error().code != ErrorCode::corruption) return tl::unexpected(day.error());
    if (day && *day == nullptr) return {};
    if (day && cost.chunks == before.chunks && cost.rows == before.rows) {
      ++holding.summaries;
      holding.summary_bytes += cost.bytes - before.bytes;
    }
    before = cost;
  }
}

Result<std::vector<Holding>> read_holdings(const Store& store, const Catalog& catalog, const Call& call) {
  std::vector<Holding> holdings;
  std::vector<ServerId> ids;
  for (const Server& server : catalog.servers()) {
    holdings.push_back({.server = &server});
    ids.push_back(server.id);
  }
  Progress progress("counting", "servers", ids.size(), call.terminal, !call.quiet);
  std::uint64_t done = 0;
  const auto counted = store.scan_many(ids, {from_ms(0), kTimeLimit}, {.columns = {.latency = false}},
                                       [&](std::size_t index, Cursor& cursor) {
                                         progress.update(done, done);
                                         ++done;
                                         return read_results(cursor, holdings[index]);
                                       });
  if (!counted) return tl::unexpected(counted.error());
  const DayRange ever{0, utc_day(to_ms(kTimeLimit))};
  const auto summed = store.days_many(
      ids, ever, false, [&](std::size_t index, DayCursor& cursor) { return read_summaries(cursor, holdings[index]); });
  if (!summed) return tl::unexpected(summed.error());
  return holdings;
}

/// The bytes of a store's files by what they are.
std::map<std::string, std::uint64_t> file_bytes(const std::string& path) {
  std::map<std::string, std::uint64_t> bytes{{"tables", 0}, {"logs", 0}, {"other", 0}};
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(path, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const auto size = entry->is_regular_file(ignored) ? entry->file_size(ignored) : 0;
    if (ignored) continue;
    const std::string extension = entry->path().extension();
    bytes[extension == ".sst" ? "tables" : extension == ".rows" || extension == ".log" ? "logs" : "other"] += size;
  }
  return bytes;
}

Json memory_json(const StoreStats& stats) {
  return {{"recent_rows", stats.recent_rows},       {"head_results", stats.head_results},
          {"head_bytes", stats.head_bytes},         {"block_cache_bytes", stats.block_cache_bytes},
          {"memtable_bytes", stats.memtable_bytes}, {"appended", stats.appended},
          {"sealed_chunks", stats.sealed_chunks},   {"reopened", stats.reopened},
          {"reads", cost_json(stats.reads)}};
}

Outcome show_servers(const Call& call, std::vector<Holding> holdings) {
  std::stable_sort(holdings.begin(), holdings.end(),
                   [](const Holding& a, const Holding& b) { return a.bytes() > b.bytes(); });
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"results", "RESULTS", true},
                  {"oldest_result", "FROM", false, 4},
                  {"newest_result", "TO", false, 3},
                  {"chunks", "CHUNKS", true, 6},
                  {"chunk_bytes", "CHUNK BYTES", true, 5},
                  {"rows", "ROWS", true, 7},
                  {"row_bytes", "ROW BYTES", true, 8},
                  {"summaries", "DAYS", true, 9},
                  {"summary_bytes", "DAY BYTES", true, 10},
                  {"bytes", "BYTES", true},
                  {"bytes_a_result", "A RESULT", true, 2}},
                 "servers");
  const auto time = [](const std::optional<TimeMs>& at) {
    return at ? cell(format_time(*at), minute_text(*at, {})) : cell(nullptr);
  };
  const auto number = [](std::uint64_t value) { return cell(value, with_commas(value)); };
  for (const Holding& each : holdings) {
    const double share =
        each.results == 0 ? 0
                          : static_cast<double>(each.chunk_bytes + each.row_bytes) / static_cast<double>(each.results);
    rows.add({cell(each.server->name), number(each.results), time(each.oldest), time(each.newest), number(each.chunks),
              number(each.chunk_bytes), number(each.rows), number(each.row_bytes), number(each.summaries),
              number(each.summary_bytes), number(each.bytes()),
              each.results == 0 ? cell(nullptr) : cell(share, fmt::format("{:.2f}", share))});
  }
  rows.finish();
  return kExitDone;
}

std::string span_text(const Holding& total) {
  if (!total.oldest) return "nothing is stored";
  return fmt::format("{} to {}", minute_text(*total.oldest, {}), minute_text(*total.newest, {}));
}

/// What is told of a store as a whole.
struct StoreFacts {
  std::string path;
  StoreStats stats;
  Holding total;
  std::uint64_t servers_with_results = 0;
  std::map<std::string, std::uint64_t> files;
  Json owner;  // what the process that holds it says of its memory; null without one

  [[nodiscard]] std::optional<double> a_result(std::uint64_t bytes) const {
    if (total.results == 0) return std::nullopt;
    return static_cast<double>(bytes) / static_cast<double>(total.results);
  }
  [[nodiscard]] std::optional<double> stored_a_result() const { return a_result(total.chunk_bytes + total.row_bytes); }
  [[nodiscard]] std::optional<double> disk_a_result() const { return a_result(stats.disk_bytes); }
};

void add_up(const std::vector<Holding>& holdings, StoreFacts& facts) {
  Holding& total = facts.total;
  for (const Holding& each : holdings) {
    facts.servers_with_results += each.results > 0 ? 1 : 0;
    total.results += each.results;
    total.chunks += each.chunks;
    total.chunk_bytes += each.chunk_bytes;
    total.rows += each.rows;
    total.row_bytes += each.row_bytes;
    total.summaries += each.summaries;
    total.summary_bytes += each.summary_bytes;
    total.holes += each.holes;
    if (each.oldest) total.oldest = std::min(total.oldest.value_or(*each.oldest), *each.oldest);
    if (each.newest) total.newest = std::max(total.newest.value_or(*each.newest), *each.newest);
  }
}

Json facts_json(const StoreFacts& facts) {
  const Holding& total = facts.total;
  const auto time = [](const std::optional<TimeMs>& at) { return at ? Json(format_time(*at)) : Json(); };
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  const auto files = [&](const char* kind) { return facts.files.at(kind); };
  return {{"path", facts.path},
          {"version", kVersion},
          {"servers", facts.stats.servers},
          {"servers_with_results", facts.servers_with_results},
          {"results", total.results},
          {"oldest_result", time(total.oldest)},
          {"newest_result", time(total.newest)},
          {"spaces",
           {{"checks", {{"keys", total.chunks}, {"bytes", total.chunk_bytes}}},
            {"recent", {{"keys", total.rows}, {"bytes", total.row_bytes}}},
            {"days", {{"keys", total.summaries}, {"bytes", total.summary_bytes}}}}},
          {"bytes_a_result", number(facts.stored_a_result())},
          {"disk_bytes_a_result", number(facts.disk_a_result())},
          {"damaged_stretches", total.holes},
          {"disk_bytes", facts.stats.disk_bytes},
          {"files", {{"tables", files("tables")}, {"logs", files("logs")}, {"other", files("other")}}},
          {"owner", facts.owner}};
}

Lines facts_lines(const StoreFacts& facts) {
  const Holding& total = facts.total;
  const auto space = [](std::uint64_t keys, std::string_view noun, std::uint64_t bytes) {
    return fmt::format("{} {}, {}", with_commas(keys), noun, human_bytes(bytes));
  };
  const auto files = [&](const char* kind) { return human_bytes(facts.files.at(kind)); };
  Lines lines = {{"store", printable(facts.path)},
                 {"servers", fmt::format("{}, {} with results", with_commas(facts.stats.servers),
                                         with_commas(facts.servers_with_results))},
                 {"results", with_commas(total.results)},
                 {"span", span_text(total)},
                 {"on disk", fmt::format("{}: tables {}, logs {}, other {}", human_bytes(facts.stats.disk_bytes),
                                         files("tables"), files("logs"), files("other"))},
                 {"checks", space(total.chunks, "chunks", total.chunk_bytes)},
                 {"recent", space(total.rows, "single results", total.row_bytes)},
                 {"days", space(total.summaries, "summaries", total.summary_bytes)}};
  if (total.results > 0) {
    lines.emplace_back("a result", fmt::format("{:.2f} bytes as stored, {:.2f} on disk with all else",
                                               *facts.stored_a_result(), *facts.disk_a_result()));
  }
  if (total.holes > 0) {
    lines.emplace_back("damage", fmt::format("{} stretch{} cannot be read; `nines verify` names them", total.holes,
                                             total.holes == 1 ? "" : "es"));
  }
  if (!facts.owner.is_object()) {
    lines.emplace_back("in memory", "no running nines holds it");
    return lines;
  }
  const auto number = [&](const char* key) { return facts.owner.value(key, std::uint64_t{0}); };
  lines.emplace_back("in memory of its process",
                     fmt::format("head {} of {} results, block cache {}, memtables {}",
                                 human_bytes(number("head_bytes")), with_commas(number("head_results")),
                                 human_bytes(number("block_cache_bytes")), human_bytes(number("memtable_bytes"))));
  return lines;
}

}  // namespace

void info_options(OptionList& options) {
  options.add_options()("servers", "server by server, the largest first");
}

Outcome info(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  auto holdings = read_holdings(**store, *catalog, call);
  if (!holdings) return failed(printable(holdings.error().message));
  if (call.has("servers")) return show_servers(call, std::move(*holdings));

  StoreFacts facts;
  add_up(*holdings, facts);
  facts.stats = (*store)->stats();
  facts.path = std::filesystem::absolute(call.db_path()).lexically_normal().string();
  facts.files = file_bytes(facts.path);
  facts.owner = ask_owner(call, "memory", std::chrono::seconds{2});
  show_object(call, facts_json(facts), facts_lines(facts), {{"owner", memory_json({})}});
  return kExitDone;
}

Outcome memory(const Call& call) {
  return answer_as_owner(call, [](const Owner& owner) { return memory_json(owner.store.stats()); });
}

}  // namespace nines::tools
