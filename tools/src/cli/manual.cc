// nines manual: the manual pages nines(1) and nines-config(5) in man(7)'s macros, from the tables of commands and of
// the keys of a configuration.
#include <fmt/format.h>
#include <nines/check_spec.h>

#include <string>
#include <string_view>

#include "cli/command/option_text.h"
#include "cli/command/version.h"
#include "cli/commands.h"
#include "config/keys.h"
#include "show/text.h"

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

/// `text` between the quotes of a macro's argument.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out;
}

std::string of_command(const Command& command) {
  std::string text = fmt::format(".SS nines {}\n.B {}\n.PP\n{}.\n", roff(command.name), roff(usage_line(command)),
                                 roff(command.summary));
  const auto options = options_of(command, 80);
  for (const auto& option : options.options()) {
    text += fmt::format(".TP\n.B {}\n{}\n", roff(option_name(*option)), roff(option->description()));
  }
  if (!command.example.empty()) text += fmt::format(".PP\nExample:\n.PP\n.EX\n{}\n.EE\n", roff(command.example));
  return text;
}

std::string of_key(std::string_view name, std::string_view takes, std::string_view usual, std::string_view help) {
  std::string text = fmt::format(".TP\n.BR {} \" ({})\"\n{}.\n", roff(name), roff(quoted(takes)), roff(help));
  const bool none = usual.empty() || usual == "null" || usual == "\"\"" || usual == "[]";
  if (!none) text += fmt::format("Without it: {}.\n", roff(usual));
  return text;
}

std::string of_checks(std::string_view section) {
  std::string text;
  for (const CheckSpecKey& key : check_spec_keys()) {
    if (key.section == section) text += of_key(key.name, key.form, key.usual, key.help);
  }
  return text;
}

std::string config_manual() {
  std::string text = fmt::format(
      ".TH NINES\\-CONFIG 5 \"\" \"nines {}\" \"File Formats\"\n.SH NAME\nnines\\-config \\- the configuration of "
      "nines run\n.SH DESCRIPTION\nYAML.\n.B nines config check\n.I FILE\nnames every mistake with its place,\n"
      ".B nines init\nwrites a file to begin with. SIGHUP makes a running nines read its file again; a file with "
      "mistakes changes nothing.\n.PP\nDurations are written like 90s, 5m, 24h. ${{NAME}} stands for a variable of "
      "the\nenvironment, ${{NAME:\\-text}} for the text where it is not set, $$ for a dollar.\n.SH KEYS\n",
      roff(kVersion));
  for (const ConfigSection& section : config_sections()) {
    text += fmt::format(".SS {}\n{}\n", section.place.empty() ? "The file" : roff(section.place), roff(section.help));
    for (const ConfigKey& key : section.keys) text += of_key(key.name, takes_text(key), key.usual, key.help);
    if (section.name != "server") continue;
    text += ".PP\nThe check, by the scheme of its url:\n" + of_checks("");
    for (const std::string_view inner : {"timeouts", "expect"}) {
      text += fmt::format(".SS {}.{}\n", roff(section.place), inner) + of_checks(inner);
    }
  }
  text += fmt::format(".SH EXAMPLE\n.EX\n{}.EE\n.SH SEE ALSO\n.BR nines (1)\n",
                      roff("servers:\n  - name: site\n    url: https://example.org\n    interval: 60s\n    expect: "
                           "{status: [200-299], certificate-days: 14}\nstore: {path: nines.db, retention: 400d}\nweb: "
                           "{listen: 127.0.0.1:8080}\n"));
  return text;
}

}  // namespace

Outcome manual(const Call& call) {
  if (!call.words.empty()) {
    if (call.words[0] != "config") {
      return usage(fmt::format("there is no manual page of `{}`; there is config, and nines(1) without a word",
                               printable(call.words[0])));
    }
    write_out(config_manual());
    return kExitDone;
  }
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
      "not understood.\n.TP\n.B 3\nDone in part: an import that left lines out, a repair that could not save "
      "everything, a scan that met damage.\n.PP\n"
      "With \\-\\-nagios, those of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n"
      ".SH ENVIRONMENT\n.TP\n.B NINES_DB\nThe store, without \\-\\-db.\n.TP\n.B NINES_URL\nThe running nines that push "
      "reports to.\n.TP\n.BR NO_COLOR , FORCE_COLOR , COLUMNS , PAGER\nAs in other programs.\n.SH SEE ALSO\n.BR "
      "nines\\-config (5)\n";
  write_out(text);
  return kExitDone;
}

}  // namespace nines::tools
