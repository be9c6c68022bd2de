#include "cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <set>
#include <string_view>

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

void report_warnings(const Store& store, const Call& call) {
  for (const std::string& warning : store.open_report().warnings) say(printable(warning));
  if (call.verbose && store.open_report().recovered) {
    say(fmt::format("the last writer did not close the store; {} of its log were read back",
                    human_bytes(store.open_report().replayed_bytes)));
  }
}

}  // namespace

Expected<std::unique_ptr<Store>> open_for_reading(const Call& call) {
  const std::string path = call.db_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return tl::unexpected(open_failure(path, {ErrorCode::not_found, {}}));
  }
  auto store = Store::open_read_only(path);
  if (!store) return tl::unexpected(open_failure(path, store.error()));
  report_warnings(**store, call);
  return std::move(*store);
}

Expected<std::unique_ptr<Store>> open_for_writing(const Call& call, bool create) {
  Options options;
  options.create_if_missing = create;
  options.performance.head_bytes = 0;  // a command that only writes does not need recent history in memory
  auto store = open_path_for_writing(call.db_path(), std::move(options));
  if (store) report_warnings(**store, call);
  return store;
}

Expected<std::unique_ptr<Store>> open_path_for_writing(const std::string& path, Options options) {
  auto store = Store::open(path, std::move(options));
  if (!store) return tl::unexpected(open_failure(path, store.error()));
  return std::move(*store);
}

tl::expected<Question, Failure> read_question(const Call& call) {
  auto question = read_question(options_of(call), "--", call.usual_window);
  if (!question) return usage(printable(question.error().message));
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

Outcome close_store(Store& store, int exit_code) {
  if (auto closed = store.close(); !closed) return failed(closed.error());
  return exit_code;
}

Expected<bool> confirmed(const Call& call, const std::string& prompt) {
  if (call.has("yes")) return true;
  if (isatty(STDIN_FILENO) != 1) return usage("this cannot be undone; repeat it with -y");
  std::cerr << prompt << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace nines::tools
