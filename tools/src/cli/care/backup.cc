// nines backup | restore, and verify of a backup: copies of a store, and the way back.
#include <fmt/format.h>
#include <nines/backup.h>
#include <nines/calendar.h>
#include <nines/store.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/interrupt.h"
#include "cli/command/object.h"
#include "cli/command/read_progress.h"
#include "cli/command/session.h"
#include "show/open_error.h"
#include "show/terminal.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
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

/// Of the files of a copy.
std::uint64_t bytes_in(const std::string& path) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    std::error_code gone;
    const auto size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
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
    say(fmt::format("restored {} of {} to `{}`", counted(checked->results, "result"),
                    counted(checked->servers, "server"), printable(target)));
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
  if (call.words[0] == "-") return backup_to_stream(call);
  // A reader's copy: it works beside a process that writes.
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const std::string& target = call.words[0];
  const InterruptGuard guard;
  std::optional<Progress> bar;
  const auto go_on = [&](const BackupProgress& done) {
    if (!bar) bar.emplace("backup", "MiB", done.total, call.terminal, !call.quiet);
    bar->update(done.bytes, done.bytes >> 20U);
    return interrupting_signal() == 0;
  };
  BackupOptions options;
  options.progress = go_on;
  const auto report = call.has("keep") ? add_generation(**store, target, static_cast<std::size_t>(*keep), now(), go_on)
                                       : (*store)->backup(target, options);
  bar.reset();
  if (!report && interrupting_signal() != 0) {
    return tl::unexpected(Failure{128 + interrupting_signal(),
                                  fmt::format("interrupted; there is no new backup yet, and the next one to `{}` goes "
                                              "on from here",
                                              printable(target))});
  }
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
  if (call.words[0] == "-") return restore_from_stream(call);
  std::optional<TimeMs> at;
  if (const auto text = call.text("at")) {
    const auto time = parse_time(*text, {now(), Zone()});
    if (!time) return usage(fmt::format("--at: {}", printable(time.error().message)));
    at = *time;
  }
  const auto chosen = choose_backup(call.words[0], at);
  if (!chosen) return tl::unexpected(chosen.error());
  const auto restored = [&] {
    const ReadProgress bar(call, "restore", bytes_in(*chosen));
    return restore_backup(*chosen, target);
  }();
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
  auto generations = generations_in(path);
  if (generations.empty()) generations.push_back({.path = path});
  RowWriter rows(call.format, call.terminal,
                 {{"path", "BACKUP"},
                  {"made", "MADE", false, 1},
                  {"bytes", "BYTES", true, 2},
                  {"whole", "WHOLE"},
                  {"problem", ""}},
                 "backups");
  bool whole = true;
  for (const Generation& one : generations) {
    const auto checked = [&] {
      const ReadProgress bar(call, "verify", bytes_in(one.path));
      return check_backup(one.path);
    }();
    if (!checked && checked.error().code != ErrorCode::corruption) return failed(printable(checked.error().message));
    whole = whole && checked;
    if (!checked) say(printable(checked.error().message));
    const bool dated = one.made != TimeMs{};
    rows.add({cell(one.path), dated ? cell(format_time(one.made)) : cell(nullptr),
              checked ? cell(checked->bytes, human_bytes(checked->bytes)) : cell(nullptr),
              cell(checked.has_value(), checked ? "yes" : "no", checked ? Colour::none : Colour::red),
              checked ? cell(nullptr) : cell(checked.error().message)});
  }
  rows.finish();
  return whole ? kExitDone : kExitFailed;
}

}  // namespace nines::tools
