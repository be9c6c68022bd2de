// nines/salvage.h.
#include <nines/salvage.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <nines/options.h>
#include <nines/server.h>

#include "backup/backup_list.h"
#include "base/contained.h"
#include "codec/catalog_codec.h"
#include "codec/key.h"
#include "kv/local/open_local.h"
#include "kv/rocksdb/families.h"
#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/rebuild.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

bool is_table(const fs::path& file) {
  return file.extension() == ".sst";
}

/// What belongs to a store, but for what says which tables there are, and what only a running one needs.
bool is_wanted(const fs::path& file) {
  const std::string name = file.filename();
  return is_table(file) || file.extension() == ".rows" || file.extension() == ".log" || name == kMarkerName;
}

/// Brings the store's files into the directory `to`; tells of those that cannot be read.
Result<void> bring_files(const fs::path& from, const fs::path& to, SalvageReport& report) {
  std::error_code error;
  std::size_t found = 0;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (!entry.is_regular_file(error) || !is_wanted(entry.path())) continue;
    ++found;
    const fs::path copy = to / entry.path().filename();
    // Nobody writes to a table file again.
    if (is_table(entry.path())) fs::create_hard_link(entry.path(), copy, error);
    if (is_table(entry.path()) && !error) continue;
    error.clear();
    fs::copy_file(entry.path(), copy, error);
    if (error == std::errc::no_space_on_device) return fail(ErrorCode::out_of_space, "the disk is full");
    if (!error) continue;
    report.lost.push_back({entry.path().filename(), {}, {}, {}, "it cannot be read: " + error.message()});
    error.clear();
  }
  if (error) return tl::unexpected<Error>(file_error("cannot read", from, error));
  if (found == 0) return fail(ErrorCode::not_a_store, "nothing of a store is in " + from.string());
  if (fs::exists(to / kMarkerName, error)) return {};
  report.lost.push_back({std::string(kMarkerName), {}, {}, {}, "it is missing: taken for a store of today's format"});
  return write_marker(to);
}

TimeMs begin_of(Month month) {
  constexpr int kMonthsAYear = 12;
  const std::chrono::year_month first{std::chrono::year{1970}, std::chrono::January};
  const auto wanted = first + std::chrono::years{month / kMonthsAYear} + std::chrono::months{month % kMonthsAYear};
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::sys_days{wanted / 1});
}

ServerId server_of(std::string_view key) {
  return parse_server_key(key.substr(0, kServerBytes)).value_or(ServerId{});
}

/// What was in a table that is not there any more.
LostFile describe(const TableInfo& table, const std::string& why) {
  LostFile lost{table.file, server_of(table.first), server_of(table.last), {}, why};
  const auto month = month_of_name(table.family);
  if (!month && table.family != name_of(Space::checks)) {
    lost.what += table.family == name_of(Space::servers) ? "; it held entries of the catalog"
                 : table.family == name_of(Space::days)  ? "; it held day summaries, which are made anew of results"
                                                         : "; it held notes of the store";
    return lost;
  }
  lost.window = month ? Window{begin_of(*month), begin_of(*month + 1)} : Window{from_ms(0), kTimeLimit};
  const auto first = parse_chunk_key(table.first);
  const auto last = parse_chunk_key(table.last);
  if (lost.first == lost.last && first && last) {
    // A chunk begins with its key and lies within a day.
    const auto end = std::chrono::floor<std::chrono::days>(last->first) + std::chrono::days{1};
    lost.window.from = std::max(lost.window.from, first->first);
    lost.window.to = std::min(lost.window.to, std::chrono::time_point_cast<std::chrono::milliseconds>(end));
  }
  lost.what += "; it held results";
  return lost;
}

/// Compares the tables that there should be with those that were taken.
void note_lost(const fs::path& from, const fs::path& to, const Result<std::vector<TableInfo>>& listed,
               const std::vector<TableInfo>& taken, SalvageReport& report) {
  std::set<std::string> there;
  for (const TableInfo& table : taken) there.insert(table.file);
  std::error_code error;
  const auto why = [&](const std::string& file) {
    return std::string(fs::exists(from / file, error) ? "it cannot be read" : "it is missing");
  };
  if (listed) {
    for (const TableInfo& table : *listed) {
      if (!there.contains(table.file)) report.lost.push_back(describe(table, why(table.file)));
    }
    return;
  }
  report.lost.push_back(
      {"MANIFEST",
       {},
       {},
       {},
       "the list of the table files is missing or damaged: whether others are missing cannot be told"});
  for (const auto& entry : fs::directory_iterator(to / "lost", error)) {
    if (is_table(entry.path()))
      report.lost.push_back({entry.path().filename(), {}, {}, {}, why(entry.path().filename())});
  }
}

/// The servers with results, ascending.
Result<std::set<ServerId>> servers_with_results(Kv& kv) {
  const auto view = kv.view_all(Space::checks);
  if (!view) return tl::unexpected<Error>(view.error());
  std::set<ServerId> servers;
  ScanCost cost;
  const ViewUse use(**view, cost);
  if (auto begun = use.begun(); !begun) return tl::unexpected<Error>(begun.error());
  std::string from;
  while (true) {
    const Range& keys = (*view)->range(Space::checks, from, {}, {.values = false, .limit = 1});
    if (!keys.valid())
      return keys.status() ? Result<std::set<ServerId>>(servers) : tl::unexpected<Error>(keys.status().error());
    servers.insert(server_of(keys.key()));
    from = after_server(keys.key());
    if (from.empty()) return servers;
  }
}

/// Gives servers an entry whose own is lost.
Result<void> name_the_nameless(Kv& kv, SalvageReport& report) {
  const auto servers = servers_with_results(kv);
  if (!servers) return tl::unexpected<Error>(servers.error());
  for (const ServerId id : *servers) {
    const auto view = kv.view(id, {Space::servers});
    if (!view) return tl::unexpected<Error>(view.error());
    bool known = false;
    {
      ScanCost cost;
      const ViewUse use(**view, cost);
      if (auto begun = use.begun(); !begun) return begun;
      const Range& entry = (*view)->range(Space::servers, server_key(id).view(), prefix_end(id).view());
      known = entry.valid();
    }
    if (known) continue;
    Server server;
    server.name = "lost-" + std::to_string(static_cast<std::uint32_t>(id));
    server.created_at = from_ms(0);
    Batch batch(id);
    batch.put(Space::servers, server_key(id).view(), encode_server(server));
    const Batch* const batches[] = {&batch};
    Outcome outcome;
    kv.write(batches, Durability::process, {&outcome, 1});
    if (!outcome.ok()) return outcome.result();
    report.nameless.push_back(id);
  }
  return {};
}

Result<SalvageReport> put_together(const std::string& from, const std::string& to) {
  SalvageReport report;
  if (auto brought = bring_files(from, to, report); !brought) return tl::unexpected<Error>(brought.error());
  const auto listed = listed_tables(from);
  if (auto rebuilt = rebuild_tables(to); !rebuilt) return tl::unexpected<Error>(rebuilt.error());
  const auto taken = listed_tables(to);
  if (!taken) return tl::unexpected<Error>(taken.error());
  note_lost(from, to, listed, *taken, report);
  Options options;
  options.recovery = Recovery::point_in_time;
  OpenReport opened;
  auto kv = open_local(to, KvMode::write, options, opened);
  if (!kv) return tl::unexpected<Error>(kv.error());
  for (const std::string& warning : opened.warnings) report.lost.push_back({"the log", {}, {}, {}, warning});
  if (auto named = name_the_nameless(**kv, report); !named) return tl::unexpected<Error>(named.error());
  if (LocalCare* const care = (*kv)->local(); care != nullptr) {
    if (auto closed = care->close_log(); !closed) return tl::unexpected<Error>(closed.error());
  }
  return report;
}

}  // namespace
}  // namespace nines::engine

namespace nines {

Result<SalvageReport> salvage(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!engine::fs::is_directory(from, error)) return fail(ErrorCode::not_found, "there is no store at " + from);
  if (engine::fs::exists(to, error)) return fail(ErrorCode::invalid_argument, to + " exists");
  engine::fs::create_directory(to, error);
  if (error) return tl::unexpected<Error>(engine::file_error("cannot make", to, error));
  return engine::contained([&] { return engine::put_together(from, to); });
}

}  // namespace nines
