#include "cli/command/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>
#include <string_view>
#include <thread>

#include "run/handover.h"
#include "show/open_error.h"
#include "show/text.h"

namespace nines::tools {
namespace {

Failure open_failure(const std::string& path, const Error& error) {
  return {kExitFailed, open_error_text(path, error)};
}

Lookup options_of(const Call& call) {
  return [&call](const char* name) { return call.text(name); };
}

/// A new store is made in a directory that is there: a mistyped path makes no tree of them.
Expected<void> check_place(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::absolute(path, error).lexically_normal().parent_path();
  if (error || std::filesystem::exists(path, error) || std::filesystem::exists(parent, error)) return {};
  return failed(fmt::format("the store `{}` cannot be made: there is no directory `{}`", printable(path),
                            printable(parent.string())));
}

/// Says on a terminal how long it has been waited for a store.
class WaitLine {
 public:
  WaitLine(bool shown, std::size_t width, std::chrono::milliseconds most) : shown_(shown), width_(width), most_(most) {}
  ~WaitLine() {
    if (!last_.empty()) write_err("\r\x1b[K");
  }
  WaitLine(const WaitLine&) = delete;
  WaitLine& operator=(const WaitLine&) = delete;

  void show(std::chrono::milliseconds waited) {
    constexpr std::chrono::milliseconds kPatience{300};  // of whoever looks on
    if (!shown_ || waited < kPatience) return;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(waited);
    const std::string line =
        fmt::format("waiting for another command to end: {} of {}", format_duration(seconds), format_duration(most_));
    if (line == last_) return;
    last_ = line;
    write_err("\r\x1b[K" + fit(line, width_ > 0 ? width_ - 1 : 0));
  }

 private:
  const bool shown_;
  const std::size_t width_;
  const std::chrono::milliseconds most_;
  std::string last_;
};

struct AnswerSink : OutputSink {
  void out(std::string_view written) override { text += written; }
  void err(std::string_view /*written*/) override {}
  std::string text;
};

void report_warnings(const Store& store, const Call& call) {
  for (const std::string& warning : store.open_report().warnings) say(printable(warning));
  if (call.verbose && store.open_report().recovered) {
    say(fmt::format("the last writer did not close the store; {} of its log were read back",
                    human_bytes(store.open_report().replayed_bytes)));
  }
}

// Threads that a command may read with: those of the machine, as far as more of them help.
int reading_threads() {
  constexpr unsigned kMost = 8;  // what comes behind them is one thread's: sorting, printing
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMost));
}

}  // namespace

Expected<std::unique_ptr<Store>> open_for_reading(const Call& call) {
  const std::string path = call.db_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return tl::unexpected(open_failure(path, {ErrorCode::not_found, {}}));
  }
  Options options;
  options.performance.scan_threads = reading_threads();
  auto store = Store::open_read_only(path, options);
  if (!store) return tl::unexpected(open_failure(path, store.error()));
  report_warnings(**store, call);
  return std::move(*store);
}

std::unique_lock<engine::Mutex> WritableStore::lock_catalog() const {
  return owner_ != nullptr ? std::unique_lock(owner_->catalog) : std::unique_lock<engine::Mutex>();
}

Outcome WritableStore::close(int exit_code) {
  if (owner_ != nullptr) {
    if (store_->catalog().get() != before_ && owner_->catalog_changed) owner_->catalog_changed();
    return exit_code;
  }
  if (auto closed = store_->close(); !closed) return failed(printable(closed.error().message));
  return exit_code;
}

Options writing_options(bool create) {
  Options options;
  options.create_if_missing = create;
  options.performance.head_bytes = 0;
  return options;
}

Expected<std::chrono::milliseconds> read_wait(const Call& call) {
  constexpr std::chrono::seconds kUsual{10};
  const auto text = call.text("wait");
  if (!text) return kUsual;
  if (*text == "0") return std::chrono::milliseconds{0};
  const auto wait = parse_duration(*text);
  if (!wait) return usage(fmt::format("--wait: {}", printable(wait.error().message)));
  return *wait;
}

Expected<std::optional<int>> hand_over(const Call& call, std::chrono::milliseconds patience,
                                       std::span<const int> inputs) {
  const std::string path = call.db_path();
  auto code = hand_over(Handover{.directory = path,
                                 .arguments = call.arguments,
                                 .terminal = call.terminal,
                                 .inputs = inputs,
                                 .timeout = patience,
                                 .is_question = false});
  if (!code) return failed(fmt::format("the store `{}` is taken: {}", printable(path), code.error().message));
  return *code;
}

Json ask_owner(const Call& call, const std::string& question, std::chrono::milliseconds patience) {
  Call ask = call;
  ask.arguments = {question};
  AnswerSink sink;
  const OutputScope scope(sink);
  const auto code = hand_over(Handover{.directory = ask.db_path(),
                                       .arguments = ask.arguments,
                                       .terminal = ask.terminal,
                                       .inputs = {},
                                       .timeout = patience,
                                       .is_question = true});
  if (!code || !*code || **code != kExitDone) return {};
  Json json = Json::parse(sink.text, nullptr, false);
  return json.is_object() ? json : Json();
}

Outcome answer_as_owner(const Call& call, const std::function<Json(const Owner&)>& answer) {
  if (call.owner != nullptr) {
    write_out(dump(answer(*call.owner)) + "\n");
    return kExitDone;
  }
  const auto wait = read_wait(call);
  if (!wait) return tl::unexpected(wait.error());
  const auto handed = hand_over(call, *wait, {});
  if (!handed) return tl::unexpected(handed.error());
  if (*handed) return **handed;
  return failed(fmt::format("no running nines holds the store `{}`", printable(call.db_path())));
}

Expected<WritableStore> open_for_writing(const Call& call, const Options& options, std::span<const int> inputs) {
  using Clock = std::chrono::steady_clock;
  if (call.owner != nullptr) return WritableStore(*call.owner);
  const auto wait = read_wait(call);
  if (!wait) return tl::unexpected(wait.error());
  const std::string path = call.db_path();
  if (auto placed = options.create_if_missing ? check_place(path) : Expected<void>(); !placed) {
    return tl::unexpected(placed.error());
  }
  const auto begin = Clock::now();
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(getpid()));
  WaitLine line(call.terminal.err_is_terminal && !call.quiet, call.terminal.err_width, *wait);
  while (true) {
    auto store = Store::open(path, options);
    if (store) {
      report_warnings(**store, call);
      return WritableStore(std::move(*store));
    }
    if (store.error().code != ErrorCode::locked) return tl::unexpected(open_failure(path, store.error()));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(begin + *wait - Clock::now());
    if (call.may_be_handed_over) {
      const auto code = hand_over(call, std::max(left, std::chrono::milliseconds{1000}), inputs);
      if (!code) return tl::unexpected(code.error());
      if (*code) return tl::unexpected(Failure{**code, {}});
    }
    if (left <= std::chrono::milliseconds{0}) {
      return failed(
          fmt::format("the store `{}` has been written by another process for {}; try again, or --wait longer",
                      printable(path), format_duration(*wait)));
    }
    line.show(*wait - left);
    // Not in step with others that wait.
    constexpr std::uint64_t kLeastMs = 2;
    constexpr std::uint64_t kMostMs = 30;
    std::this_thread::sleep_for(std::min(left, std::chrono::milliseconds{kLeastMs + random() % (kMostMs - kLeastMs)}));
  }
}

void warn_of_configuration(const Call& call, const Server& server) {
  if (server.check.empty() || call.quiet) return;
  say(fmt::format("`{}` is in a configuration, and the next reload or start of `nines run` makes it what that says",
                  printable(server.name)));
}

Outcome change_server(const Call& call, const std::string& name, const std::function<Outcome(Server&)>& change) {
  auto store = open_for_writing(call, false);
  if (!store) return tl::unexpected(store.error());
  {
    const auto lock = store->lock_catalog();
    const auto catalog = (*store)->catalog();
    const auto found = find_server(*catalog, name);
    if (!found) return tl::unexpected(found.error());
    Server server = **found;
    if (auto changed = change(server); !changed) return changed;
    if (server == **found) {
      if (!call.quiet) say(fmt::format("`{}` is so already", printable(name)));
    } else {
      if (auto saved = (*store)->update_server(server); !saved) return failed(printable(saved.error().message));
      if (!call.quiet) say(fmt::format("changed `{}`", printable(server.name)));
      Server told = server;  // as far as a configuration tells it
      told.paused = (*found)->paused;
      told.maintenance = (*found)->maintenance;
      told.corrections = (*found)->corrections;
      if (!(told == **found)) warn_of_configuration(call, server);
    }
  }
  return store->close();
}

Expected<WritableStore> open_for_writing(const Call& call, bool create) {
  return open_for_writing(call, writing_options(create));
}

tl::expected<Question, Failure> read_question(const Call& call) {
  auto question = read_question(options_of(call), "--", call.usual_window);
  if (!question) return usage(printable(question.error().message));
  if (call.has("exact")) question->query.summaries = Summaries::never;
  return *question;
}

tl::expected<std::uint64_t, Failure> read_count(const Call& call, const char* option, std::uint64_t usual_count,
                                                std::uint64_t least, std::uint64_t most) {
  const auto count = read_count(options_of(call), "--", option, usual_count, least, most);
  if (!count) return usage(count.error().message);
  return *count;
}

Expected<const Server*> find_server(const Catalog& catalog, const std::string& name) {
  if (const Server* server = catalog.find(std::string_view(name)); server != nullptr) return server;
  std::vector<std::string_view> names;
  for (const Server& server : catalog.servers()) names.push_back(server.name);
  const std::string_view near = closest(name, names);
  if (!near.empty()) {
    return failed(fmt::format("there is no server `{}`; did you mean `{}`?", printable(name), printable(near)));
  }
  return failed(fmt::format("there is no server `{}`; `nines server list` shows the {} there are", printable(name),
                            names.size()));
}

Expected<std::vector<const Server*>> find_servers(const Catalog& catalog, const std::vector<std::string>& names) {
  std::vector<const Server*> found;
  if (names.empty()) {
    for (const Server& server : catalog.servers()) found.push_back(&server);
    return found;
  }
  for (const std::string& name : names) {
    auto server = find_server(catalog, name);
    if (!server) return tl::unexpected(server.error());
    found.push_back(*server);
  }
  return found;
}

Expected<void> check_filter(const Catalog& catalog, const ServerFilter& filter) {
  const auto missing = [](const char* what, const std::string& asked, const std::set<std::string_view>& known) {
    const std::vector<std::string_view> words(known.begin(), known.end());
    const std::string_view near = closest(asked, words);
    return failed(fmt::format("there is no {} `{}`{}", what, printable(asked),
                              near.empty() ? "" : fmt::format("; did you mean `{}`?", printable(near))));
  };
  std::set<std::string_view> groups;
  std::set<std::string_view> tags;
  for (const Server& server : catalog.servers()) {
    groups.insert(server.group);
    for (const auto& [key, value] : server.tags) tags.insert(key);
  }
  if (filter.group && !groups.contains(*filter.group)) return missing("group", *filter.group, groups);
  for (const auto& [key, value] : filter.tags) {
    if (!tags.contains(key)) return missing("tag", key, tags);
  }
  return {};
}

Expected<Subject> open_subject(const Call& call, const std::string& name) {
  auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  Subject subject{std::move(*store), nullptr, nullptr, *question};
  subject.catalog = subject.store->catalog();
  const auto server = find_server(*subject.catalog, name);
  if (!server) return tl::unexpected(server.error());
  subject.server = *server;
  return subject;
}

void yes_option(OptionList& options) {
  options.add_options()("yes,y", "do not ask");
}

Expected<bool> confirmed(const Call& call, const std::string& prompt) {
  if (call.owner != nullptr || call.has("yes")) return true;
  if (isatty(STDIN_FILENO) != 1) return usage("this cannot be undone; repeat it with -y");
  std::cerr << prompt << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace nines::tools
