// nines config keys | reference, and what init, config import and alert test take: all that needs no library of the
// network.
#include <fmt/format.h>
#include <nines/check_spec.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "config/keys.h"
#include "show/output.h"

namespace nines::tools {

namespace po = boost::program_options;

void init_options(OptionList& options) {
  auto add = options.add_options();
  add("url", po::value<std::vector<std::string>>()->value_name("URL"), "what is checked; may be repeated");
  add("interval", po::value<std::string>()->value_name("SPAN"), "how often (default 60s)");
  add("listen", po::value<std::string>()->value_name("ADDRESS"), "of the page (default 127.0.0.1:8080), or off");
}

void config_import_options(OptionList& options) {
  options.add_options()("tz", po::value<std::string>()->value_name("ZONE"),
                        "of Uptime Kuma's process, where its store does not say");
}

void alert_test_options(OptionList& options) {
  options.add_options()("config,c", po::value<std::string>()->value_name("FILE"),
                        "the configuration with the alert (default nines.yaml)");
}

Outcome config_keys(const Call& call) {
  RowWriter rows(call.format, call.terminal,
                 {{"section", "SECTION"},
                  {"key", "KEY"},
                  {.key = "takes", .title = "TAKES", .leaves = 1},
                  {.key = "default", .title = "WITHOUT IT", .leaves = 2},
                  {"help", "WHAT"}},
                 "keys");
  const auto cell = [](std::string_view text) { return Cell{.value = std::string(text), .text = {}}; };
  for (const ConfigSection& section : config_sections()) {
    for (const ConfigKey& key : section.keys) {
      rows.add({cell(section.place), cell(key.name), cell(takes_text(key)), cell(key.usual), cell(key.help)});
    }
    if (section.name != "server") continue;
    for (const CheckSpecKey& key : check_spec_keys()) {
      const std::string place =
          key.section.empty() ? std::string(section.place) : fmt::format("{}.{}", section.place, key.section);
      rows.add({cell(place), cell(key.name), cell(key.form), cell(key.usual), cell(key.help)});
    }
  }
  rows.finish();
  return kExitDone;
}

Outcome config_reference_command(const Call& /*call*/) {
  write_out(config_reference());
  return kExitDone;
}

}  // namespace nines::tools
