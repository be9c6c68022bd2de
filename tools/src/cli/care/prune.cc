// nines prune | compact: days that retention does not keep, and the room of what was deleted.
#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/store.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/read_progress.h"
#include "cli/command/session.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

using std::chrono::days;

/// Of the results that a retention drops.
struct Droppable {
  std::uint64_t servers = 0;
  std::uint64_t days = 0;
  std::uint64_t results = 0;
  std::uint64_t bytes = 0;  ///< as stored

  /// Without what is left. More may have come meanwhile.
  friend Droppable operator-(const Droppable& all, const Droppable& left) {
    const auto less = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
    return {less(all.servers, left.servers), less(all.days, left.days), less(all.results, left.results),
            less(all.bytes, left.bytes)};
  }
};

/// What a retention of `keep_checks` (0 is none) drops, for servers without one of their own and with one.
Expected<Droppable> find_droppable(const Call& call, const Store& store, days keep_checks) {
  Droppable found;
  const ReadProgress bar(call, "counting what would be dropped", 0);
  const TimeMs today = std::chrono::floor<days>(now());
  const auto catalog = store.catalog();
  for (const Server& server : catalog->servers()) {
    const days own = server.retention.checks;
    const days keep = own != days{0} ? own : keep_checks;
    if (keep <= days{0}) continue;  // for ever
    const auto cursor = store.scan(server.id, {from_ms(0), today - keep}, {.columns = {.latency = false}});
    if (!cursor) return failed(printable(cursor.error().message));
    std::set<std::int64_t> of_days;
    std::int64_t day = -1;
    while (true) {
      const auto segment = (*cursor)->next();
      if (!segment && segment.error().code == ErrorCode::corruption) continue;
      if (!segment) return failed(printable(segment.error().message));
      if (*segment == nullptr) break;
      found.results += (*segment)->size();
      for (const std::int64_t ms : (*segment)->time_ms) {
        constexpr std::int64_t kDayMs = 86'400'000;
        if (ms / kDayMs == day) continue;
        day = ms / kDayMs;
        of_days.insert(day);
      }
    }
    found.bytes += (*cursor)->cost().bytes;
    found.days += of_days.size();
    found.servers += of_days.empty() ? 0 : 1;
  }
  return found;
}

std::string droppable_text(const Droppable& found) {
  return fmt::format("{} of {} of {}, {}", counted(found.results, "result"), counted(found.days, "day"),
                     counted(found.servers, "server"), human_bytes(found.bytes));
}

/// The retention of an open store is set when it is opened. While it lives, the servers that follow it have one of
/// their own instead, of so many days; afterwards they follow the store's again. Nobody else changes the catalog
/// meanwhile.
class RetentionForNow {
 public:
  RetentionForNow(Store& store, days keep) : store_(store), keep_(keep) {}
  ~RetentionForNow() { (void)end(); }
  RetentionForNow(const RetentionForNow&) = delete;
  RetentionForNow& operator=(const RetentionForNow&) = delete;

  Result<void> begin() {
    const auto catalog = store_.catalog();
    for (const Server& server : catalog->servers()) {
      if (server.retention.checks != days{0}) continue;
      Server changed = server;
      changed.retention.checks = keep_;
      if (auto saved = store_.update_server(changed); !saved) return saved;
      changed_.push_back(server.id);
    }
    return {};
  }

  Result<void> end() {
    Result<void> outcome;
    for (const ServerId id : changed_) {
      const auto catalog = store_.catalog();
      const Server* const server = catalog->find(id);
      if (server == nullptr) continue;
      Server restored = *server;
      restored.retention.checks = days{0};
      if (auto saved = store_.update_server(restored); !saved) outcome = saved;
    }
    changed_.clear();
    return outcome;
  }

 private:
  Store& store_;
  days keep_;
  std::vector<ServerId> changed_;
};

Result<void> apply(const Call& call, WritableStore& store, const Options& options) {
  if (call.owner == nullptr || !call.has("keep")) return store->apply_retention();
  const auto lock = store.lock_catalog();
  RetentionForNow for_now(*store, options.keep_checks);
  if (auto begun = for_now.begin(); !begun) return begun;
  auto applied = store->apply_retention();
  auto ended = for_now.end();
  return applied ? ended : applied;
}

std::string sizes_text(std::uint64_t before, std::uint64_t after) {
  return fmt::format("{} before, {} after", human_bytes(before), human_bytes(after));
}

}  // namespace

void prune_options(OptionList& options) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("keep", po::value<std::string>()->value_name("SPAN"),
      "days of check results to keep, e.g. 400d, rounded up to whole days; servers with a retention of their own keep "
      "to it");
  add("dry-run", "say what would be dropped and drop nothing");
  yes_option(options);
}

Outcome prune(const Call& call) {
  Options options = writing_options(false);
  if (const auto keep = call.text("keep")) {
    const auto span = parse_duration(*keep);
    if (!span) return usage(fmt::format("--keep: {}", printable(span.error().message)));
    if (*span < days{1}) return usage("--keep: at least one day must stay");
    options.keep_checks = std::chrono::ceil<days>(*span);  // at least what was asked for stays
    if (options.keep_checks > ServerLimits::kMaxRetention) return usage("--keep: at most 1000000d");
  }
  const bool asks = call.owner == nullptr && !call.has("yes") && isatty(STDIN_FILENO) == 1;
  if (call.has("dry-run") || asks) {
    auto looked = open_for_reading(call);
    if (!looked) return tl::unexpected(looked.error());
    const auto found = find_droppable(call, **looked, options.keep_checks);
    if (!found) return tl::unexpected(found.error());
    if (call.has("dry-run")) {
      say(fmt::format("{} would be dropped; summaries of the days stay", droppable_text(*found)));
      return kExitDone;
    }
    const auto sure = confirmed(call, fmt::format("Drop {}?", droppable_text(*found)));
    if (!sure) return tl::unexpected(sure.error());
    if (!*sure) return kExitFailed;
  }
  options.trust_clock = true;  // a person has asked for it now, also of a store that takes no results any more
  auto store = open_for_writing(call, options);
  if (!store) return tl::unexpected(store.error());
  // What the configuration of another process keeps is known to that one alone.
  const bool known = call.owner == nullptr || call.has("keep");
  const auto found = known ? find_droppable(call, **store, options.keep_checks) : Expected<Droppable>(Droppable{});
  if (!found) return tl::unexpected(found.error());
  const std::uint64_t before = (*store)->stats().disk_bytes;
  const auto pruned = [&] {
    const ReadProgress bar(call, "prune", 0);  // only what is rewritten is read
    return apply(call, *store, options);
  }();
  if (!pruned) return failed(printable(pruned.error().message));
  const auto left = known ? find_droppable(call, **store, options.keep_checks) : Expected<Droppable>(Droppable{});
  if (!left) return tl::unexpected(left.error());
  if (!call.quiet) {
    const std::string sizes = sizes_text(before, (*store)->stats().disk_bytes);
    say(known ? fmt::format("dropped {}; on disk {}", droppable_text(*found - *left), sizes) : sizes);
  }
  return store->close();
}

Outcome compact(const Call& call) {
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  const std::uint64_t before = (*store)->stats().disk_bytes;
  const auto compacted = [&] {
    const ReadProgress bar(call, "compact", before);
    return (*store)->compact();
  }();
  if (!compacted) return failed(printable(compacted.error().message));
  if (!call.quiet) say(sizes_text(before, (*store)->stats().disk_bytes));
  return store->close();
}

}  // namespace nines::tools
