// nines demo: a store with a believable history, so that every command has something to show. The histories are those
// of history/history.h, which tests and benchmarks use as well; one seed and end give one history.
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "cli/command/session.h"
#include "cli/data/commands.h"
#include "cli/data/demo_stories.h"
#include "history/history.h"
#include "run/store_socket.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {

void demo_options(OptionList& options) {
  namespace po = boost::program_options;
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  auto add = options.add_options();
  add("servers", text("N"), "how many servers (default 20)");
  add("days", text("N"), "UTC days of history, today included (default 14)");
  add("interval", text("SPAN"), "interval of the checks, a divisor of a day (default 60s)");
  add("seed", text("N"), "another number is another history (default 1)");
  add("until", text("TIME"), "where the history ends (default now); then without what is the matter now");
  add("live", "go on measuring until Ctrl-C");
}

namespace {

using history::ServerHistory;
using history::Shape;

// Of results in all: 700 MB on disk, and a minute or two to make.
constexpr std::uint64_t kMostResults = 200'000'000;

Expected<std::chrono::milliseconds> read_interval(const Call& call) {
  const std::string text = call.text("interval").value_or("60s");
  const auto interval = parse_duration(text);
  constexpr std::chrono::milliseconds kDay{kDayMs};
  if (!interval || *interval < std::chrono::seconds{1} || *interval > kDay || kDay % *interval != kDay.zero()) {
    return usage(
        fmt::format("--interval {}: it takes a divisor of a day, 1s or more, like 10s, 60s or 5m", printable(text)));
  }
  return *interval;
}

Expected<Shape> read_shape(const Call& call) {
  const auto servers = read_count(call, "servers", 20, 1, 100'000);
  if (!servers) return tl::unexpected(servers.error());
  const auto days = read_count(call, "days", 14, 1, 3650);
  if (!days) return tl::unexpected(days.error());
  const auto seed = read_count(call, "seed", 1, 0, 0xffffffff);
  if (!seed) return tl::unexpected(seed.error());
  const auto interval = read_interval(call);
  if (!interval) return tl::unexpected(interval.error());
  const auto until = parse_time(call.text("until").value_or("now"), {now(), {}});
  if (!until) return usage(fmt::format("--until: {}", printable(until.error().message)));
  // Later results are refused by the store, earlier days do not exist.
  if (*until > now() || to_ms(*until) < static_cast<std::int64_t>(*days) * kDayMs) {
    return usage("--until: it takes a time after 1970 and the days of history, and not in the future");
  }
  if (*servers * *days > kMostResults / (kDayMs / static_cast<std::uint64_t>(interval->count()))) {
    return usage(fmt::format("that would be more than {} results; take fewer servers or days, or a longer interval",
                             with_commas(kMostResults)));
  }
  return Shape{.name = "demo",
               .servers = static_cast<std::uint32_t>(*servers),
               .days = static_cast<std::uint32_t>(*days),
               .interval_ms = static_cast<std::uint32_t>(interval->count()),
               .seed = *seed,
               .end = *until};
}

/// Adds the servers and their results; how many results.
Expected<std::uint64_t> fill(Store& store, const Shape& shape, const Call& call) {
  Progress progress("demo", "results", shape.servers, call.terminal, !call.quiet);
  std::vector<CheckResult> results;
  std::uint64_t count = 0;
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    const ServerHistory server(shape, index);
    const auto id = store.add_server(server.server());
    if (!id) return failed(printable(id.error().message));
    server.results({shape.begin(), shape.now()}, results);
    // An empty history is possible in the first minute of a day.
    if (!results.empty()) {
      for (CheckResult& result : results) result.server = *id;
      if (auto loaded = store.load(*id, results); !loaded) return failed(printable(loaded.error().message));
    }
    count += results.size();
    progress.update(index + 1, count);
  }
  return count;
}

/// Adds the servers that something is the matter with; how many results.
Expected<std::uint64_t> fill_stories(Store& store, std::vector<DemoStory>& stories, const Shape& shape) {
  std::uint64_t count = 0;
  std::vector<CheckResult> results;
  for (DemoStory& story : stories) {
    const auto id = store.add_server(story.server);
    if (!id) return failed(printable(id.error().message));
    story.server.id = *id;
    results.clear();
    tell_story(story, {shape.begin(), shape.now()}, shape.now(), results);
    for (CheckResult& result : results) result.server = *id;
    if (!results.empty()) {
      if (auto loaded = store.load(*id, results); !loaded) return failed(printable(loaded.error().message));
    }
    count += results.size();
  }
  return count;
}

volatile sig_atomic_t is_over = 0;

/// Stores what is measured from now on, until a signal comes; other commands may hand their writing over.
Outcome live(WritableStore& store, const std::vector<DemoStory>& stories, const Shape& shape, const Call& call) {
  struct sigaction action {};
  action.sa_handler = [](int) { is_over = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  engine::Mutex catalog;
  auto socket = StoreSocket::listen(call.db_path(), [&](HandedCommand& command) {
    Owner owner{*store, catalog, {}, command.cancelled, {}, {}, {}};
    for (const Descriptor& input : command.inputs) owner.inputs.push_back(input.get());
    owner.push = [](const auto&, const auto&, const auto&) -> Result<void> {
      return nines::fail(ErrorCode::not_found, "no push server has this token");
    };
    owner.certificates = [&] { return demo_certificates(shape.now()); };
    return run_handed_command(command.arguments, command.terminal, owner);
  });
  if (!socket) say(fmt::format("no commands are taken for the store: {}", socket.error().message));
  // The same histories with a later end.
  Shape longer = shape;
  constexpr std::uint32_t kMostDays = 30;
  longer.days += kMostDays;
  longer.end = shape.now() + std::chrono::days{kMostDays};
  std::vector<ServerHistory> servers;
  for (std::uint32_t index = 0; index < shape.servers; ++index) servers.emplace_back(longer, index);
  if (!call.quiet) say("measuring; Ctrl-C stops");
  std::vector<CheckResult> results;
  std::vector<CheckResult> all;
  for (TimeMs done = shape.now(); is_over == 0 && done < longer.now();) {
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    const TimeMs moment = now();
    if (moment <= done) continue;  // the clock was set back
    all.clear();
    for (const ServerHistory& server : servers) {
      server.results({done, moment}, results);
      all.insert(all.end(), results.begin(), results.end());
    }
    for (const DemoStory& story : stories) {
      results.clear();
      tell_story(story, {done, moment}, shape.now(), results);
      for (CheckResult& result : results) result.server = story.server.id;
      all.insert(all.end(), results.begin(), results.end());
    }
    // A server that somebody has removed meanwhile takes no more results, which keeps nobody else from it.
    if (!all.empty()) {
      if (auto stored = (*store).append_each(all, Durability::process); !stored) {
        return failed(printable(stored.error().message));
      }
    }
    done = moment;
  }
  return kExitDone;
}

/// `text` as one word of a shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// A few commands that show something of what was made, until `end`.
void say_what_to_try(const Call& call, TimeMs end) {
  constexpr std::array kCommands = {"nines status",
                                    "nines status search",
                                    "nines top",
                                    "nines uptime site-0001 --window 7d",
                                    "nines incidents --window 14d",
                                    "nines bars site-0001 --window 14d --by day",
                                    "nines slo site-0001 --objective 99.9% --window 14d",
                                    "nines explain status   # what that question read",
                                    "nines serve            # the page, at http://127.0.0.1:8080/"};
  say("try now:");
  if (call.has("db")) write_err(fmt::format("  export NINES_DB={}\n", printable(shell_word(call.db_path()))));
  for (const char* const command : kCommands) write_err(fmt::format("  {}\n", command));
  if (call.has("live")) return;
  say(
      fmt::format("nothing is measured from now on, so in a few minutes the states are unknown; look back with\n"
                  "  nines status --to {}\nor let `nines demo --live` go on measuring",
                  format_time(end)));
}

}  // namespace

Outcome demo(const Call& call) {
  if (call.has("live") && call.has("until")) return usage("--live and --until exclude each other");
  const auto shape = read_shape(call);
  if (!shape) return tl::unexpected(shape.error());
  auto store = open_for_writing(call, true);
  if (!store) return tl::unexpected(store.error());
  if (!(*store)->catalog()->servers().empty()) {
    return failed(fmt::format("the store at `{}` holds servers already; name a new one with --db PATH",
                              printable(call.db_path())));
  }
  auto results = fill(**store, *shape, call);
  if (!results) return tl::unexpected(results.error());
  std::vector<DemoStory> stories;
  if (!call.has("until")) {
    stories = demo_stories(shape->begin(), shape->now());
    const auto told = fill_stories(**store, stories, *shape);
    if (!told) return tl::unexpected(told.error());
    *results += *told;
  }
  if (call.has("live")) {
    if (!call.quiet) say_what_to_try(call, shape->now());
    if (auto lived = live(*store, stories, *shape, call); !lived) return lived;
    return store->close();
  }
  auto closed = store->close();
  if (closed && !call.quiet) {
    say(fmt::format("{} with {}, {} until {}, are in `{}`", counted(shape->servers + stories.size(), "server"),
                    counted(*results, "result"), counted(shape->days, "day"), format_time(shape->now()),
                    printable(call.db_path())));
    say_what_to_try(call, shape->now());
  }
  return closed;
}

}  // namespace nines::tools
