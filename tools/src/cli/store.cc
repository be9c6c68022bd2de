// nines info | verify | compact | prune: the store as a whole.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include <nines/calendar.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "cli/version.h"
#include "show/answers.h"
#include "show/open_error.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// Key and value pairs, as one object in JSON and as lines otherwise.
void show_pairs(const Call& call, const Json& pairs, const Json& texts) {
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(pairs) + "\n");
    return;
  }
  RowWriter rows(call.format, call.terminal, {{"key", "WHAT"}, {"value", "VALUE"}}, "info");
  for (const auto& [key, value] : pairs.items()) {
    rows.add({{.value = key, .text = {}}, {.value = value, .text = texts.value(key, std::string())}});
  }
  rows.finish();
}

// What verify found, a sentence each: whose, and of which times, as far as that is known.
std::vector<std::string> damage_sentences(const VerifyReport& report, const Catalog& catalog) {
  std::vector<std::string> sentences;
  for (const Damage& damage : report.damage) {
    const Server* const server = catalog.find(damage.server);
    std::string where;
    if (server != nullptr) where = fmt::format("{}: ", server->name);
    if (server == nullptr && damage.server != ServerId{}) {
      where = fmt::format("server {}: ", static_cast<std::uint32_t>(damage.server));
    }
    if (!damage.window.empty()) {
      where += fmt::format("{} to {}: ", format_time(damage.window.from), format_time(damage.window.to));
    }
    sentences.push_back(where + damage.what);
  }
  if (report.damages > sentences.size()) {
    sentences.push_back(fmt::format("and {} more", report.damages - sentences.size()));
  }
  return sentences;
}

}  // namespace

Outcome info(const Call& call) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const StoreStats stats = (*store)->stats();
  std::uint64_t results = 0;
  std::optional<TimeMs> newest;
  for (const Server& server : (*store)->catalog()->servers()) {
    const auto last = (*store)->last_result(server.id);
    if (!last) return failed(printable(last.error().message));
    if (*last && (!newest || (*last)->time > *newest)) newest = (*last)->time;
    results += *last ? 1 : 0;
  }
  const std::string path = std::filesystem::absolute(call.db_path()).lexically_normal().string();
  const Json pairs = {{"path", path},
                      {"version", kVersion},
                      {"servers", stats.servers},
                      {"servers_with_results", results},
                      {"newest_result", newest ? Json(format_time(*newest)) : Json()},
                      {"disk_bytes", stats.disk_bytes},
                      {"recent_rows", stats.recent_rows},
                      {"head_results", stats.head_results},
                      {"head_bytes", stats.head_bytes},
                      {"block_cache_bytes", stats.block_cache_bytes},
                      {"memtable_bytes", stats.memtable_bytes},
                      {"reads", cost_json(stats.reads)}};
  const Json texts = {{"disk_bytes", human_bytes(stats.disk_bytes)},
                      {"head_bytes", human_bytes(stats.head_bytes)},
                      {"block_cache_bytes", human_bytes(stats.block_cache_bytes)},
                      {"memtable_bytes", human_bytes(stats.memtable_bytes)},
                      {"recent_rows", with_commas(stats.recent_rows)},
                      {"head_results", with_commas(stats.head_results)}};
  show_pairs(call, pairs, texts);
  return kExitDone;
}

Outcome verify(const Call& call) {
  if (!call.words.empty()) return verify_backups(call);
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto report = (*store)->verify();
  if (!report) return failed(printable(report.error().message));
  const std::vector<std::string> damage = damage_sentences(*report, *(*store)->catalog());
  const Json pairs = {{"servers", report->servers}, {"results", report->results},     {"chunks", report->chunks},
                      {"rows", report->rows},       {"summaries", report->summaries}, {"damage", damage}};
  show_pairs(call, pairs, {{"damage", report->damages == 0 ? "none" : fmt::format("{}", report->damages)}});
  for (const std::string& sentence : damage) say(printable(sentence));
  return report->damages == 0 ? kExitDone : kExitFailed;
}

Outcome compact(const Call& call) {
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  const std::uint64_t before = (*store)->stats().disk_bytes;
  if (auto compacted = (*store)->compact(); !compacted) return failed(printable(compacted.error().message));
  if (!call.quiet) {
    say(fmt::format("{} before, {} after", human_bytes(before), human_bytes((*store)->stats().disk_bytes)));
  }
  return store->close();
}

void prune_options(OptionList& options) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("keep", po::value<std::string>()->value_name("SPAN"),
      "days of check results to keep, e.g. 400d, rounded up to whole days (servers with a retention of their own keep "
      "to "
      "it)");
  add("dry-run", "say what would be dropped and drop nothing");
  yes_option(options);
}

namespace {

struct Droppable {
  std::uint64_t servers = 0;
  std::uint64_t days = 0;
  std::uint64_t results = 0;
};

/// What a retention of `keep_checks` (0 is none) drops, for servers without one of their own and with one.
Expected<Droppable> find_droppable(const Store& store, std::chrono::days keep_checks) {
  Droppable found;
  const auto today = std::chrono::floor<std::chrono::days>(now().time_since_epoch());
  for (const Server& server : store.catalog()->servers()) {
    const std::chrono::days own = server.retention.checks;
    const std::chrono::days keep = own != std::chrono::days{0} ? own : keep_checks;
    if (keep <= std::chrono::days{0}) continue;  // for ever
    auto cursor = store.days(server.id, {0, (today - keep).count()}, false);
    if (!cursor) return failed(printable(cursor.error().message));
    const std::uint64_t days_before = found.days;
    while (true) {
      const auto day = (*cursor)->next();
      if (!day) return failed(printable(day.error().message));
      if (*day == nullptr) break;
      ++found.days;
      for (const DaySeries& series : (*day)->series) {
        for (const Run& run : series.runs) found.results += run.count();
      }
    }
    if (found.days > days_before) ++found.servers;
  }
  return found;
}

std::string droppable_text(const Droppable& found) {
  return fmt::format("{} results of {} days of {} servers", with_commas(found.results), with_commas(found.days),
                     with_commas(found.servers));
}

}  // namespace

Outcome prune(const Call& call) {
  Options options = writing_options(false);
  if (const auto keep = call.text("keep")) {
    const auto span = parse_duration(*keep);
    if (!span) return usage(fmt::format("--keep: {}", printable(span.error().message)));
    if (*span < std::chrono::days{1}) return usage("--keep: at least one day must stay");
    options.keep_checks = std::chrono::ceil<std::chrono::days>(*span);  // at least what was asked for stays
  }
  if (call.has("dry-run")) {
    auto store = open_for_reading(call);
    if (!store) return tl::unexpected(store.error());
    const auto found = find_droppable(**store, options.keep_checks);
    if (!found) return tl::unexpected(found.error());
    say(fmt::format("{} would be dropped; summaries of the days stay", droppable_text(*found)));
    return kExitDone;
  }
  if (call.owner == nullptr && !call.has("yes") && isatty(STDIN_FILENO) == 1) {
    auto looked = open_for_reading(call);
    if (!looked) return tl::unexpected(looked.error());
    const auto found = find_droppable(**looked, options.keep_checks);
    if (!found) return tl::unexpected(found.error());
    const auto sure = confirmed(call, fmt::format("Drop {}?", droppable_text(*found)));
    if (!sure) return tl::unexpected(sure.error());
    if (!*sure) return kExitFailed;
  }
  options.trust_clock = true;  // a person has asked for it now, also of a store that takes no results any more
  if (call.owner != nullptr && call.has("keep")) {
    return failed(
        "the retention of a store that is held is that of its configuration: change store.retention there, or stop it");
  }
  auto store = open_for_writing(call, options);
  if (!store) return tl::unexpected(store.error());
  const std::uint64_t before = (*store)->stats().disk_bytes;
  if (auto pruned = (*store)->apply_retention(); !pruned) return failed(printable(pruned.error().message));
  if (!call.quiet) {
    say(fmt::format("{} before, {} after", human_bytes(before), human_bytes((*store)->stats().disk_bytes)));
  }
  return store->close();
}

}  // namespace nines::tools
