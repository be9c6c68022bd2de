// The command line: what a command is, how its arguments reach it, and how it ends.
//
// A command is one function from a Call to an exit code. It writes data to standard output and messages to standard
// error, and returns a Failure for what it could not do; main prints that and exits. One thread.
#pragma once

#include <nines/result.h>

#include <boost/program_options.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "show/output.h"
#include "show/terminal.h"

namespace nines::tools {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

/// Why a command did not do its work: an exit code and a sentence for standard error.
struct Failure {
  int exit_code = kExitFailed;
  std::string message;
};
using Outcome = tl::expected<int, Failure>;

[[nodiscard]] tl::unexpected<Failure> failed(std::string message);
[[nodiscard]] tl::unexpected<Failure> failed(const Error& error);
[[nodiscard]] tl::unexpected<Failure> usage(std::string message);

/// A command line that was understood.
struct Call {
  boost::program_options::variables_map values;
  std::vector<std::string> words;  ///< the arguments that are not options
  Terminal terminal;
  Format format = Format::table;
  bool quiet = false;
  bool verbose = false;
  std::string_view usual_window;  ///< Command::window

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
};

struct Command {
  std::string_view name;   ///< one word, or a noun and a verb: "server add"
  std::string_view words;  ///< how its arguments are written in help: "NAME URL"
  std::size_t min_words = 0;
  std::size_t max_words = 0;
  std::string_view summary;  ///< one line
  std::string_view example;  ///< a line or more
  unsigned sets = kNoOptions;
  void (*options)(boost::program_options::options_description&) = nullptr;
  Outcome (*run)(const Call&) = nullptr;
  std::string_view window = "24h";  ///< with kWindowOptions: the window when none is asked for; empty is everything
};

inline constexpr std::size_t kManyWords = static_cast<std::size_t>(-1);

/// All commands, in the order of the overview.
[[nodiscard]] std::span<const Command> all_commands();

/// Finds the command that `arguments` (without the program's name) names, runs it and returns the exit code.
/// Nothing escapes from it.
[[nodiscard]] int run_command_line(const std::vector<std::string>& arguments);

}  // namespace nines::tools
