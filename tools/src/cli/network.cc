// The commands that need the libraries of the network, in the program that has none of them: each goes on as the other
// program, under the same process id. Loading libcurl and what it needs takes longer than `status` or `record` do all
// together.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/care/commands.h"
#include "cli/servers/commands.h"
#include "cli/watching/commands.h"
#include "show/text.h"

namespace nines::tools {
namespace {

/// Beside this program, wherever both were installed; empty where /proc does not tell.
std::string other_program() {
  std::array<char, PATH_MAX> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  if (length <= 0 || static_cast<std::size_t>(length) == self.size()) return {};
  const std::filesystem::path path(std::string_view(self.data(), static_cast<std::size_t>(length)));
  return (path.parent_path() / NINES_NETWORK_PROGRAM).lexically_normal().string();
}

Outcome go_on(const Call& call) {
  // A command of two words is one argument of a call.
  const std::string& name = call.arguments.front();
  std::vector<std::string> words{"nines"};
  const std::size_t space = name.find(' ');
  words.push_back(name.substr(0, space));
  if (space != std::string::npos) words.push_back(name.substr(space + 1));
  words.insert(words.end(), call.arguments.begin() + 1, call.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string program = other_program();
  if (program.empty()) return failed(fmt::format("`nines {}` needs /proc to find its other program", name));
  execv(program.c_str(), argv.data());
  return failed(fmt::format("`nines {}` is in a program of its own, `{}`, which cannot be started: {}", name,
                            printable(program), std::strerror(errno)));
}

}  // namespace

Outcome run(const Call& call) {
  return go_on(call);
}
Outcome serve(const Call& call) {
  return go_on(call);
}
Outcome push(const Call& call) {
  return go_on(call);
}
Outcome check(const Call& call) {
  return go_on(call);
}
Outcome init(const Call& call) {
  return go_on(call);
}
Outcome alert_test(const Call& call) {
  return go_on(call);
}
Outcome config_check(const Call& call) {
  return go_on(call);
}
Outcome config_import(const Call& call) {
  return go_on(call);
}

// The library of archives brings a dozen others.
Outcome backup_to_stream(const Call& call) {
  return go_on(call);
}
Outcome restore_from_stream(const Call& call) {
  return go_on(call);
}

}  // namespace nines::tools
