// nines info | verify | compact | prune | backup | restore: the store as a whole.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <nines/backup.h>
#include <nines/calendar.h>

#include "cli/care/commands.h"
#include "cli/command/session.h"
#include "cli/command/version.h"
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

namespace {

constexpr std::uint64_t kMostKept = 10'000;

/// What lies in a folder of backups, oldest first; none where `path` is something else, one backup for instance.
std::vector<Generation> generations_in(const std::string& path) {
  return backup_generations(path).value_or(std::vector<Generation>{});
}

/// The backup that `path` is, or the newest in it that was made no later than `at`.
Expected<std::string> choose_backup(const std::string& path, std::optional<TimeMs> at) {
  auto generations = generations_in(path);
  if (generations.empty()) {
    if (at) return usage("--at chooses one of a folder of backups, and this is none");
    return path;
  }
  if (at) std::erase_if(generations, [&](const Generation& one) { return one.made > *at; });
  if (generations.empty()) {
    return failed(fmt::format("`{}` has no backup from {} or before", printable(path), format_time(*at)));
  }
  return generations.back().path;
}

/// A copy without a list of its files, which an earlier version made, or a store: checked by reading it.
Outcome restore_unlisted(const Call& call, const std::string& target) {
  auto store = Store::open_read_only(call.words[0]);
  if (!store) return failed(open_error_text(call.words[0], store.error()));
  const auto checked = (*store)->verify();
  if (!checked) return failed(printable(checked.error().message));
  if (!checked->damage.empty()) {
    return failed(fmt::format("the copy is damaged and was not restored: {}", printable(checked->damage.front().what)));
  }
  if (auto copied = (*store)->backup(target); !copied) return failed(printable(copied.error().message));
  if (!call.quiet) {
    say(fmt::format("restored {} results of {} servers to `{}`", with_commas(checked->results), checked->servers,
                    printable(target)));
  }
  return kExitDone;
}

}  // namespace

void backup_options(OptionList& options) {
  options.add_options()("keep", boost::program_options::value<std::string>()->value_name("COUNT"),
                        "make one of several in DIRECTORY, named by its time, that shares with the one before what has "
                        "not changed, and keep the newest COUNT");
}

Outcome backup(const Call& call) {
  const auto lookup = [&](const char* name) { return call.text(name); };
  const auto keep = read_count(lookup, "--", "keep", 1, 1, kMostKept);
  if (!keep) return usage(keep.error().message);
  // A reader's copy: it works beside a process that writes.
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const std::string& target = call.words[0];
  const auto report = call.has("keep") ? add_generation(**store, target, static_cast<std::size_t>(*keep), now())
                                       : (*store)->backup(target);
  if (!report) return failed(printable(report.error().message));
  if (call.quiet) return kExitDone;
  say(fmt::format("copied {} to `{}`{}, and checked", human_bytes(report->bytes), printable(report->path),
                  call.has("keep") ? fmt::format(", of which {} were new", human_bytes(report->copied_bytes)) : ""));
  return kExitDone;
}

void restore_options(OptionList& options) {
  options.add_options()("at", boost::program_options::value<std::string>()->value_name("TIME"),
                        "of a folder of backups, the newest one from TIME or before");
}

Outcome restore(const Call& call) {
  const std::string target = call.db_path();
  std::error_code ignored;
  if (std::filesystem::exists(target, ignored)) {
    return failed(fmt::format("`{}` exists already; move it away, or name another with --db", printable(target)));
  }
  std::optional<TimeMs> at;
  if (const auto text = call.text("at")) {
    const auto time = parse_time(*text, {now(), Zone()});
    if (!time) return usage(fmt::format("--at: {}", printable(time.error().message)));
    at = *time;
  }
  const auto chosen = choose_backup(call.words[0], at);
  if (!chosen) return tl::unexpected(chosen.error());
  const auto restored = restore_backup(*chosen, target);
  if (!restored && restored.error().code == ErrorCode::invalid_argument) return restore_unlisted(call, target);
  if (!restored) return failed(fmt::format("nothing was restored: {}", printable(restored.error().message)));
  // What it holds, as the store that it has become says.
  auto store = Store::open_read_only(target);
  if (!store) return failed(open_error_text(target, store.error()));
  if (!call.quiet) {
    const std::size_t servers = (*store)->catalog()->servers().size();
    say(fmt::format("restored {} of {} server{} from `{}` to `{}`", human_bytes(restored->bytes), servers,
                    servers == 1 ? "" : "s", printable(*chosen), printable(target)));
  }
  return kExitDone;
}

Outcome verify_backups(const Call& call) {
  const std::string& path = call.words[0];
  std::vector<std::string> paths;
  for (const Generation& one : generations_in(path)) paths.push_back(one.path);
  if (paths.empty()) paths.push_back(path);
  bool whole = true;
  for (const std::string& one : paths) {
    const auto checked = check_backup(one);
    if (!checked && checked.error().code != ErrorCode::corruption) return failed(printable(checked.error().message));
    whole = whole && checked;
    if (!checked) say(printable(checked.error().message));
    if (checked && !call.quiet) say(fmt::format("`{}`: {}, as backed up", printable(one), human_bytes(checked->bytes)));
  }
  return whole ? kExitDone : kExitFailed;
}

}  // namespace nines::tools
