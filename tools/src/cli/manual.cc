// nines manual: the manual page nines(1) in man(7)'s macros, from the table of commands.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "cli/command/version.h"
#include "cli/commands.h"

namespace nines::tools {
namespace {

/// `text` as man(7) shows it unchanged: no macro at a line's beginning, no escape, hyphens that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string of_command(const Command& command) {
  std::string text = fmt::format(".SS nines {}\n.B {}\n.PP\n{}.\n", roff(command.name), roff(usage_line(command)),
                                 roff(command.summary));
  const auto options = options_of(command, 80);
  for (const auto& option : options.options()) {
    const std::string parameter = option->semantic()->max_tokens() > 0 ? " " + option->format_parameter() : "";
    text += fmt::format(".TP\n.B {}\n{}\n", roff(option->format_name() + parameter), roff(option->description()));
  }
  if (!command.example.empty()) text += fmt::format(".PP\nExample:\n.PP\n.EX\n{}\n.EE\n", roff(command.example));
  return text;
}

}  // namespace

Outcome manual(const Call& /*call*/) {
  std::string text = fmt::format(
      ".TH NINES 1 \"\" \"nines {}\" \"User Commands\"\n.SH NAME\nnines \\- uptime checks, stored and answered\n"
      ".SH SYNOPSIS\n.B nines\n.I command\n[options]\n.SH DESCRIPTION\n"
      "Checks servers on a schedule, keeps every result in an embedded store, and answers for uptime, outages,\n"
      "latency and error budgets. Options may stand before the command or behind it.\n.SH COMMANDS\n",
      roff(kVersion));
  for (const CommandGroup group : kShownGroups) {
    for (const Command& command : all_commands()) {
      if (command.group == group) text += of_command(command);
    }
  }
  text +=
      ".SH EXIT STATUS\n.TP\n.B 0\nDone.\n.TP\n.B 1\nFailed.\n.TP\n.B 2\nThe command line or the configuration was "
      "not understood.\n.TP\n.B 3\nDone in part: an import that left lines out.\n.PP\n"
      "With \\-\\-nagios, those of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
      ".SH ENVIRONMENT\n.TP\n.B NINES_DB\nThe store, without \\-\\-db.\n.TP\n.B NINES_URL\nThe running nines that push "
      "reports to.\n.TP\n.BR NO_COLOR , FORCE_COLOR , COLUMNS , PAGER\nAs in other programs.\n";
  write_out(text);
  return kExitDone;
}

}  // namespace nines::tools
