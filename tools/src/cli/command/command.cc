#include "cli/command/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include "cli/command/object.h"
#include "cli/command/option_text.h"
#include "cli/command/version.h"
#include "show/neighbour.h"
#include "show/text.h"

namespace nines::tools {
namespace po = boost::program_options;

po::options_description options_of(const Command& command, unsigned columns) {
  po::options_description options("Options", columns);
  if (command.options != nullptr) command.options(options);
  auto add = options.add_options();
  if ((command.sets & kWindowOptions) != 0) {
    const std::string usual = fmt::format("24h, 7d, 30d, 90d, today, 2026-07, 2026-07-14 ... (default {})",
                                          command.window.empty() ? "everything" : command.window);
    add("window", po::value<std::string>()->value_name("SPAN"), usual.c_str());
    add("from", po::value<std::string>()->value_name("TIME"),
        "RFC 3339, @milliseconds, now, -24h, today, 2026-07-14; a length given as window begins there");
    add("to", po::value<std::string>()->value_name("TIME"), "the same; not inclusive; a length ends there");
    add("tz", po::value<std::string>()->value_name("ZONE"), "IANA zone of calendar days and months (default UTC)");
  }
  if ((command.sets & kRuleOptions) != 0) {
    add("confirm-failures", po::value<std::string>()->value_name("N"), "failures in a row that confirm an outage");
    add("confirm-successes", po::value<std::string>()->value_name("N"), "successes in a row that end one");
    add("maintenance", po::value<std::string>()->value_name("POLICY"), "exclude, as-up or as-measured");
    add("unknown", po::value<std::string>()->value_name("POLICY"), "exclude, as-down or as-up");
    add("exact", "read every result, so that percentiles of long windows are exact");
  }
  if ((command.sets & kFormatOptions) != 0) {
    add("output,o", po::value<std::string>()->value_name("FORMAT"),
        command.has_csv ? "table, json, ndjson or csv" : "table, json or ndjson");
    add("json", "short for -o json");
  }
  if ((command.sets & kStoreOptions) != 0) {
    add("db", po::value<std::string>()->value_name("PATH"), "the store (default: NINES_DB, else ./nines.db)");
  }
  if ((command.sets & kWriteOptions) != 0) {
    add("wait", po::value<std::string>()->value_name("SPAN"),
        "for a store that another command is writing (default 10s)");
  }
  add("verbose,v", "say more on standard error");
  add("quiet,q", "say nothing but errors");
  add("help,h", "this help");
  return options;
}

std::string usage_line(const Command& command) {
  return fmt::format("nines {}{}{} [options]", command.name, command.words.empty() ? "" : " ", command.words);
}

std::pair<const Command*, std::size_t> find_command(const std::vector<std::string>& arguments) {
  for (const std::size_t taken : {2U, 1U}) {
    if (arguments.size() < taken) continue;
    const std::string name = taken == 2 ? arguments[0] + " " + arguments[1] : arguments[0];
    for (const Command& command : all_commands()) {
      if (command.name == name) return {&command, taken};
    }
  }
  return {nullptr, 0};
}

std::string_view title_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::watching:
      return "Watching";
    case CommandGroup::asking:
      return "Asking";
    case CommandGroup::data:
      return "Results in and out";
    case CommandGroup::servers:
      return "Servers and configuration";
    case CommandGroup::care:
      return "Looking after the store";
    case CommandGroup::none:
      break;
  }
  return {};
}

namespace {

/// The columns of help: those of the terminal, within what reads well.
unsigned help_columns() {
  constexpr std::size_t kUsual = 80;
  const std::size_t width = Terminal::detect().width;
  return static_cast<unsigned>(std::clamp<std::size_t>(width == 0 ? kUsual : width, 40, 100));
}

void print_help(const Command& command) {
  const std::size_t width = help_columns();
  std::string text =
      fmt::format("{}\n\nUsage: {}\n\n{}", wrapped(command.summary, 0, 0, width),
                  wrapped(usage_line(command), 2, 7, width), options_text(options_of(command, help_columns()), width));
  if (!command.example.empty()) text += fmt::format("\nExample:\n{}\n", command.example);
  write_out(text);
}

/// A line, or more where the columns are few: what is written, and what it does.
std::string command_line_of_overview(const Command& command) {
  constexpr std::size_t kIndent = 30;
  const std::size_t width = help_columns();
  const std::string left = fmt::format("  {}{}{}", command.name, command.words.empty() ? "" : " ", command.words);
  const std::size_t indent = width < 60 ? 6 : kIndent;
  std::string text = left;
  if (display_width(left) + 2 > indent) {
    text += "\n" + std::string(indent, ' ');
  } else {
    text += std::string(indent - display_width(left), ' ');
  }
  return text + wrapped(command.summary, indent, indent, width) + "\n";
}

void print_overview() {
  const auto line = [](std::string_view words) { return wrapped(words, 0, 0, help_columns()) + "\n"; };
  std::string text = line("nines: uptime checks, stored and answered") + "\nUsage: nines <command> [options]\n";
  for (const CommandGroup group : kShownGroups) {
    text += fmt::format("\n{}:\n", title_of(group));
    for (const Command& command : all_commands()) {
      if (command.group == group) text += command_line_of_overview(command);
    }
  }
  text += "\n" + line("`nines <command> --help` tells about one. Options may stand before the command or behind it.");
  text += line("Exit codes: 0 done, 1 failed, 2 usage, 3 done in part.");
  write_out(text);
}

/// The verbs of a noun like "server"; none for any other word.
std::vector<const Command*> verbs_of(std::string_view noun) {
  std::vector<const Command*> verbs;
  for (const Command& command : all_commands()) {
    if (command.name.size() > noun.size() && command.name.starts_with(noun) && command.name[noun.size()] == ' ') {
      verbs.push_back(&command);
    }
  }
  return verbs;
}

void print_verbs(const std::vector<const Command*>& verbs) {
  std::string text;
  for (const Command* command : verbs) text += command_line_of_overview(*command);
  write_out(text + "\n" + wrapped("`nines <command> --help` tells about one.", 0, 0, help_columns()) + "\n");
}

/// Whether `option` (with its dashes, without a value) takes one, in whichever command knows it.
bool takes_value(std::string_view option) {
  const bool is_short = option.size() == 2 && option[1] != '-';
  const std::string name(option.substr(is_short ? 1 : 2));
  for (const Command& command : all_commands()) {
    const po::options_description options = options_of(command, help_columns());
    const po::option_description* const found =
        is_short ? options.find_nothrow("-" + name, false) : options.find_nothrow(name, false);
    if (found != nullptr) return found->semantic()->max_tokens() > 0;
  }
  return false;
}

/// `arguments` with the options that stand before the command put behind everything else.
std::vector<std::string> command_first(const std::vector<std::string>& arguments) {
  std::size_t begin = 0;
  while (begin < arguments.size() && arguments[begin].size() > 1 && arguments[begin].front() == '-') {
    const std::string& option = arguments[begin];
    if (option == "-h" || option == "--help" || option == "-V" || option == "--version") break;
    const bool two = option.find('=') == std::string::npos && takes_value(option) && begin + 1 < arguments.size();
    begin += two ? 2 : 1;
  }
  if (begin == 0 || begin == arguments.size()) return arguments;
  std::vector<std::string> ordered(arguments.begin() + static_cast<std::ptrdiff_t>(begin), arguments.end());
  // Not behind a `--`, after which everything is a word.
  const auto words = std::find(ordered.begin(), ordered.end(), "--");
  ordered.insert(words, arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(begin));
  return ordered;
}

Failure unknown_command(const std::vector<std::string>& arguments) {
  std::vector<std::string_view> first;
  std::vector<std::string_view> verbs;
  for (const Command& command : all_commands()) {
    if (command.group == CommandGroup::none) continue;
    const std::size_t space = command.name.find(' ');
    first.push_back(command.name.substr(0, space));
    if (space != std::string_view::npos && first.back() == arguments[0])
      verbs.push_back(command.name.substr(space + 1));
  }
  std::string message;
  std::string_view near;
  if (!verbs.empty()) {
    message = arguments.size() > 1 ? fmt::format("`nines {}` has no `{}`", arguments[0], printable(arguments[1]))
                                   : fmt::format("`nines {}` needs a verb", arguments[0]);
    if (arguments.size() > 1) near = closest(arguments[1], verbs);
    message += fmt::format("; it has {}", fmt::join(verbs, ", "));
  } else {
    message = fmt::format("there is no command `{}`", printable(arguments[0]));
    near = closest(arguments[0], first);
  }
  if (!near.empty()) message += fmt::format("; did you mean `{}`?", near);
  if (near.empty() && verbs.empty()) message += "; `nines --help` lists them";
  return {kExitUsage, message};
}

Failure unknown_option(const po::unknown_option& error, const Command& command,
                       const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string given = error.get_option_name();
  const std::string_view near = closest(given, views);
  std::string message = fmt::format("`nines {}` has no option `{}`", command.name, printable(given));
  message += near.empty() ? fmt::format("; `nines {} --help` lists them", command.name)
                          : fmt::format("; did you mean `{}`?", near);
  return {kExitUsage, message};
}

tl::expected<Call, Failure> parse(const Command& command, const std::vector<std::string>& arguments) {
  const po::options_description options = options_of(command, help_columns());
  po::options_description all;
  all.add(options).add_options()("word", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("word", -1);
  Call call;
  call.terminal = Terminal::detect();
  call.arguments = arguments;
  call.arguments.insert(call.arguments.begin(), std::string(command.name));
  try {
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(all).positional(positional).style(style).run(), call.values);
    po::notify(call.values);
  } catch (const po::unknown_option& error) {
    return tl::unexpected(unknown_option(error, command, options));
  } catch (const po::error& error) {
    return usage(fmt::format("{}; see `nines {} --help`", printable(error.what()), command.name));
  }
  call.words = call.texts("word");
  call.usual_window = command.window;
  call.may_be_handed_over = (command.sets & kWriteOptions) != 0;
  call.quiet = call.has("quiet");
  call.verbose = call.has("verbose");
  if (call.has("help")) return call;
  if (call.words.size() < command.min_words || call.words.size() > command.max_words) {
    const bool few = call.words.size() < command.min_words;
    return usage(fmt::format("{}: {}", few ? "an argument is missing" : "too many arguments", usage_line(command)));
  }
  if (const auto format = call.text("output")) {
    const auto parsed = parse_format(*format);
    if (!parsed || (*parsed == Format::csv && !command.has_csv)) {
      return usage(fmt::format("-o {}: it takes {}", printable(*format),
                               command.has_csv ? "table, json, ndjson or csv" : "table, json or ndjson"));
    }
    call.format = *parsed;
  }
  if (call.has("json")) call.format = Format::json;
  return call;
}

tl::expected<int, Failure> dispatch(const std::vector<std::string>& given) {
  const std::vector<std::string> arguments = command_first(given);
  if (arguments.empty() || arguments[0] == "-h" || arguments[0] == "--help") {
    print_overview();
    return arguments.empty() ? kExitUsage : kExitDone;
  }
  if (arguments[0] == "-V" || arguments[0] == "--version") {
    write_out(fmt::format("nines {}\n", kVersion));
    return kExitDone;
  }
  if (arguments[0] == "help") {
    const std::vector<std::string> asked(arguments.begin() + 1, arguments.end());
    if (asked.empty()) {
      print_overview();
      return kExitDone;
    }
    if (const auto [command, taken] = find_command(asked); command != nullptr) {
      print_help(*command);
      return kExitDone;
    }
    if (const auto verbs = verbs_of(asked[0]); !verbs.empty() && asked.size() == 1) {
      print_verbs(verbs);
      return kExitDone;
    }
    return tl::unexpected(unknown_command(asked));
  }
  if (arguments.size() == 2 && (arguments[1] == "-h" || arguments[1] == "--help")) {
    if (const auto verbs = verbs_of(arguments[0]); !verbs.empty()) {
      print_verbs(verbs);
      return kExitDone;
    }
  }
  const auto [command, taken] = find_command(arguments);
  if (command == nullptr) return tl::unexpected(unknown_command(arguments));
  const std::vector<std::string> rest(arguments.begin() + static_cast<std::ptrdiff_t>(taken), arguments.end());
  auto call = parse(*command, rest);
  if (!call) return tl::unexpected(call.error());
  if (call->has("help")) {
    print_help(*command);
    return kExitDone;
  }
  return command->run(*call);
}

/// The exit code of what `run` did, after what there is to say about it.
template <class Run>
int exit_code_of(Run run) {
  // Boost, yaml-cpp, JSON and fmt may throw; the rooms below do not.
  try {
    const Outcome outcome = run();
    if (outcome) return *outcome;
    if (!outcome.error().message.empty()) say(with_neighbour(outcome.error().message));
    return outcome.error().exit_code;
  } catch (const std::bad_alloc&) {
    say("out of memory");
  } catch (const std::exception& error) {
    say(fmt::format("internal error: {}", printable(error.what())));
  }
  return kExitFailed;
}

}  // namespace

tl::unexpected<Failure> failed(std::string message) {
  return tl::unexpected(Failure{kExitFailed, std::move(message)});
}
tl::unexpected<Failure> failed(const Error& error) {
  return failed(error.message);
}
tl::unexpected<Failure> usage(std::string message) {
  return tl::unexpected(Failure{kExitUsage, std::move(message)});
}

std::optional<std::string> Call::text(const char* option) const {
  if (!has(option)) return std::nullopt;
  return values[option].as<std::string>();
}

std::vector<std::string> Call::texts(const char* option) const {
  if (!has(option)) return {};
  return values[option].as<std::vector<std::string>>();
}

std::string Call::db_path() const {
  if (auto path = text("db")) return *path;
  const char* const named = std::getenv("NINES_DB");
  return named != nullptr && *named != '\0' ? named : "nines.db";
}

int run_command_line(const std::vector<std::string>& arguments) {
  int code = exit_code_of([&] { return dispatch(arguments); });
  if (!flush_out() && code == kExitDone) {
    say("standard output could not be written");
    code = kExitFailed;
  }
  return code;
}

int run_handed_command(const std::vector<std::string>& arguments, const Terminal& terminal, const Owner& owner) {
  return exit_code_of([&]() -> Outcome {
    if (arguments.empty()) return usage("there is no command");
    const auto command = std::find_if(all_commands().begin(), all_commands().end(),
                                      [&](const Command& each) { return each.name == arguments.front(); });
    if (command == all_commands().end() || (command->sets & kWriteOptions) == 0) {
      return usage(fmt::format("`{}` cannot be handed over", printable(arguments.front())));
    }
    auto call = parse(*command, {arguments.begin() + 1, arguments.end()});
    if (!call) return tl::unexpected(call.error());
    call->terminal = terminal;
    call->owner = &owner;
    return command->run(*call);
  });
}

}  // namespace nines::tools
