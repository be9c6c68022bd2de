// The command line: what a command is, how its arguments reach it, and how it ends.
//
// A command is one function from a Call to an exit code. It writes data to standard output and messages to standard
// error, and returns a Failure for what it could not do; main prints that and exits. One thread.
#pragma once

#include <nines/result.h>
#include <nines/store.h>

#include <array>
#include <boost/program_options.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "show/output.h"
#include "show/terminal.h"

namespace nines::tools {

using OptionList = boost::program_options::options_description;

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPartly = 3;  ///< some of it: an import that left lines out

/// Why a command did not do its work here: an exit code and a sentence for standard error. Without a sentence another
/// process did the work, and has said what there was to say.
struct Failure {
  int exit_code = kExitFailed;
  std::string message;
};
using Outcome = tl::expected<int, Failure>;

[[nodiscard]] tl::unexpected<Failure> failed(std::string message);
[[nodiscard]] tl::unexpected<Failure> failed(const Error& error);
[[nodiscard]] tl::unexpected<Failure> usage(std::string message);

/// The process that holds a store, to a command that another process has handed to it.
struct Owner {
  Store& store;
  engine::Mutex& catalog;                 ///< held while an entry is read, changed and written
  std::vector<int> inputs;                ///< descriptors: standard input, and what the other process has opened
  std::function<bool()> cancelled;        ///< whether to stop
  std::function<void()> catalog_changed;  ///< called after a change
  /// Takes the report of a job: its token or name, the parameters, the log.
  std::function<Result<void>(const std::string&, const std::map<std::string, std::string>&, const std::string&)> push;
  /// When the first certificate of each server's chain expires, by the servers' names; of those that were seen.
  std::function<std::map<std::string, TimeMs>()> certificates;
};

/// A command line that was understood.
struct Call {
  boost::program_options::variables_map values;
  std::vector<std::string> words;      ///< the arguments that are not options
  std::vector<std::string> arguments;  ///< all of them as given, the command's name first
  const Owner* owner = nullptr;        ///< the command runs in the process that holds the store
  Terminal terminal;
  Format format = Format::table;
  bool quiet = false;
  bool verbose = false;
  std::string_view usual_window;    ///< Command::window
  bool may_be_handed_over = false;  ///< Command::sets has kWriteOptions

  [[nodiscard]] bool has(const char* option) const { return values.count(option) > 0; }
  /// The text of an option, if it was given.
  [[nodiscard]] std::optional<std::string> text(const char* option) const;
  /// All texts of an option that may be repeated.
  [[nodiscard]] std::vector<std::string> texts(const char* option) const;
  /// --db, else NINES_DB, else ./nines.db.
  [[nodiscard]] std::string db_path() const;
};

/// Options that several commands share.
enum OptionSet : std::uint8_t {
  kNoOptions = 0,
  kStoreOptions = 1,   ///< --db
  kFormatOptions = 2,  ///< -o, --json
  kWindowOptions = 4,  ///< --from, --to, --window, --tz
  kRuleOptions = 8,    ///< --confirm-failures, --confirm-successes, --maintenance, --unknown
  kWriteOptions = 16,  ///< --wait; and the process that holds the store may be asked to run the command
};

/// How the overview sorts commands.
enum class CommandGroup : std::uint8_t { watching, asking, data, servers, care, none };

struct Command {
  CommandGroup group = CommandGroup::none;  ///< `none` is left out of the overview
  std::string_view name;                    ///< one word, or a noun and a verb: "server add"
  std::string_view words;                   ///< how its arguments are written in help: "NAME URL"
  std::size_t min_words = 0;
  std::size_t max_words = 0;
  std::string_view summary;  ///< one line
  std::string_view example;  ///< a line or more
  unsigned sets = kNoOptions;
  void (*options)(boost::program_options::options_description&) = nullptr;
  Outcome (*run)(const Call&) = nullptr;
  bool has_csv = true;              ///< with kFormatOptions: its answer is rows of single values
  std::string_view window = "24h";  ///< with kWindowOptions: the window when none is asked for; empty is everything
};

inline constexpr std::size_t kManyWords = static_cast<std::size_t>(-1);

/// All commands, in the order of the overview.
[[nodiscard]] std::span<const Command> all_commands();

/// The options of a command, with those of its sets, for a help of `columns`.
[[nodiscard]] boost::program_options::options_description options_of(const Command& command, unsigned columns);
/// `nines NAME WORDS [options]`.
[[nodiscard]] std::string usage_line(const Command& command);
/// The command that the first one or two of `arguments` name, null when there is none, and how many they were.
[[nodiscard]] std::pair<const Command*, std::size_t> find_command(const std::vector<std::string>& arguments);
/// A group's title in the overview; empty for `none`.
[[nodiscard]] std::string_view title_of(CommandGroup group);
inline constexpr std::array kShownGroups{CommandGroup::watching, CommandGroup::asking, CommandGroup::data,
                                         CommandGroup::servers, CommandGroup::care};

/// Finds the command that `arguments` (without the program's name) names, runs it and returns the exit code.
/// Nothing escapes from it.
[[nodiscard]] int run_command_line(const std::vector<std::string>& arguments);

/// Runs a command that another process has handed over, on `owner`'s store, and returns its exit code. Only commands
/// with kWriteOptions. Its output is that of the thread. Nothing escapes from it.
[[nodiscard]] int run_handed_command(const std::vector<std::string>& arguments, const Terminal& terminal,
                                     const Owner& owner);

}  // namespace nines::tools
