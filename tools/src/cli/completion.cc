// nines completion | complete: what shells offer for the word under the cursor, from the table of commands and the
// store.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/asking/commands.h"
#include "cli/command/session.h"
#include "cli/commands.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// Candidates are compared and quoted here and by printf %q: bash must expand nothing of a server's name.
constexpr std::string_view kBash = R"sh(# bash completion of nines
_nines() {
  local candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("$(printf %q "$candidate")")
  done < <(nines complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _nines nines
)sh";
constexpr std::string_view kZsh = R"sh(#compdef nines
_nines() {
  local -a candidates
  candidates=("${(@f)$(nines complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("${(@)candidates:#}")
  if (( $#candidates )); then
    compadd -a candidates
  else
    _files
  fi
}
compdef _nines nines
)sh";
constexpr std::string_view kFish = R"sh(# fish completion of nines
function __nines_complete
  set -l found (nines complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if count $found >/dev/null
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c nines -f -a '(__nines_complete)'
)sh";

using Words = std::vector<std::string>;

/// The command line up to the cursor: its command, and what stands before the last word.
struct Typed {
  const Command* command = nullptr;
  Words before;  ///< the words that are not options, without the command's name
  std::string option;
  std::string last;
  Words all;
};

/// Whether `word` is an option that takes the next word.
bool takes_next(const Command* command, std::string_view word) {
  if (!word.starts_with('-') || word.find('=') != std::string_view::npos) return false;
  for (const Command& each : all_commands()) {
    if (command != nullptr && &each != command) continue;
    const auto options = options_of(each, 80);
    const bool is_long = word.starts_with("--");
    const auto* const found = options.find_nothrow(std::string(is_long ? word.substr(2) : word), false);
    if (found != nullptr) return found->semantic()->max_tokens() > 0;
  }
  return false;
}

Typed read_typed(const Words& words) {
  Typed typed;
  typed.all = words;
  if (words.empty()) return typed;
  typed.last = words.back();
  Words plain;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (takes_next(nullptr, words[i])) {
      if (i + 2 == words.size()) typed.option = words[i];
      ++i;
    } else if (!words[i].starts_with('-')) {
      plain.push_back(words[i]);
    }
  }
  const auto [command, taken] = find_command(plain);
  typed.command = command;
  typed.before.assign(plain.begin() + static_cast<std::ptrdiff_t>(taken), plain.end());
  if (command == nullptr) typed.before = plain;
  return typed;
}

/// The catalog of the store that the command line means; none when there is no such store.
std::shared_ptr<const Catalog> catalog_of(const Words& words) {
  std::string path;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--db") path = words[i + 1];
  }
  if (path.empty()) path = Call{}.db_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return nullptr;
  const auto store = Store::open_read_only(path);
  return store ? (*store)->catalog() : nullptr;
}

void add_names(const Words& words, std::set<std::string>& candidates) {
  const auto catalog = catalog_of(words);
  if (catalog == nullptr) return;
  for (const Server& server : catalog->servers()) candidates.insert(server.name);
}

/// What an option's value may be.
std::set<std::string> values_of(const Typed& typed) {
  std::set<std::string> values;
  const std::string_view option = typed.option;
  if (option == "--state" || option == "--as") return {"up", "degraded", "down", "maintenance", "paused", "unknown"};
  if (option == "--sort") return {"worst", "name", "slowest"};
  if (option == "-o" || option == "--output") return {"table", "json", "ndjson", "csv"};
  if (option == "--format") return {"csv", "ndjson", "openmetrics"};
  if (option == "--window") return {"24h", "7d", "30d", "90d", "today", "yesterday", "last-month"};
  if (option == "--maintenance") return {"exclude", "as-up", "as-measured"};
  if (option == "--unknown") return {"exclude", "as-down", "as-up"};
  if (option == "--space") return {"checks", "recent", "days"};
  if (option == "--group-rule") return {"worst-of", "all-up", "quorum", "weighted-mean"};
  if (option == "--log-format") return {"text", "logfmt", "json"};
  if (option == "--compare") return {"previous", "hour", "day", "week", "month", "quarter", "year"};
  if (option == "--by") return {"hour", "day", "week", "month", "quarter", "year"};
  if (option != "--group" && option != "--tag") return values;
  const auto catalog = catalog_of(typed.all);
  if (catalog == nullptr) return values;
  for (const Server& server : catalog->servers()) {
    if (option == "--group" && !server.group.empty()) values.insert(server.group);
    if (option != "--tag") continue;
    for (const auto& [key, value] : server.tags) values.insert(fmt::format("{}={}", key, value));
  }
  return values;
}

std::set<std::string> candidates_of(const Typed& typed) {
  std::set<std::string> candidates;
  if (!typed.option.empty()) return values_of(typed);
  if (typed.last.starts_with('-')) {
    for (const Command& each : all_commands()) {
      if (typed.command != nullptr && &each != typed.command) continue;
      const auto options = options_of(each, 80);
      for (const auto& option : options.options()) candidates.insert("--" + option->long_name());
    }
    return candidates;
  }
  if (typed.command == nullptr) {
    const std::string noun = typed.before.empty() ? "" : typed.before.front() + " ";
    for (const Command& each : all_commands()) {
      if (each.group == CommandGroup::none || !each.name.starts_with(noun)) continue;
      const std::string_view rest = each.name.substr(noun.size());
      candidates.emplace(rest.substr(0, rest.find(' ')));
    }
    return candidates;
  }
  if (typed.command->name == "completion") return {"bash", "zsh", "fish"};
  if (typed.command->name == "explain" && typed.before.empty()) {
    const auto questions = explained_questions();
    return {questions.begin(), questions.end()};
  }
  const std::string_view words = typed.command->words;
  const bool many = typed.command->max_words > 1;
  if (words.find("NAME") != std::string_view::npos && typed.command->name != "server add" &&
      (typed.before.empty() || many)) {
    add_names(typed.all, candidates);
  }
  return candidates;
}

}  // namespace

Outcome complete(const Call& call) {
  const Typed typed = read_typed(call.words);
  for (const std::string& candidate : candidates_of(typed)) {
    // A line is a candidate, and a name has no control characters.
    if (candidate.starts_with(typed.last)) write_out(candidate + "\n");
  }
  return kExitDone;
}

Outcome completion(const Call& call) {
  const std::string& shell = call.words[0];
  if (shell == "bash") write_out(kBash);
  if (shell == "zsh") write_out(kZsh);
  if (shell == "fish") write_out(kFish);
  if (shell == "bash" || shell == "zsh" || shell == "fish") return kExitDone;
  return usage(fmt::format("there is no completion for `{}`; it is bash, zsh or fish", printable(shell)));
}

}  // namespace nines::tools
