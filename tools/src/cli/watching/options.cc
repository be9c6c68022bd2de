// What run, serve, push and check take. Apart from what they do, which needs libraries that help and completion do not.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/watching/check_option.h"
#include "cli/watching/commands.h"

namespace nines::tools {

namespace po = boost::program_options;

namespace {

void log_option(OptionList& options) {
  options.add_options()("log-format", po::value<std::string>()->value_name("FORMAT"),
                        "text, logfmt or json; by itself text, with priorities where the journal reads it");
}

}  // namespace

void run_options(OptionList& options) {
  auto add = options.add_options();
  add("config,c", po::value<std::string>()->value_name("FILE"), "the configuration (YAML)");
  add("listen", po::value<std::string>()->value_name("ADDRESS"), "instead of web.listen, e.g. 127.0.0.1:8081, or off");
  log_option(options);
}

void serve_options(OptionList& options) {
  options.add_options()("listen", po::value<std::string>()->value_name("ADDRESS"), "default 127.0.0.1:8080");
  options.add_options()("host", po::value<std::vector<std::string>>()->value_name("NAME"),
                        "a name that the page answers to, besides localhost and addresses; may be repeated");
  options.add_options()("insecure", "listen beyond this machine, where everybody may look");
  log_option(options);
}

void push_options(OptionList& options) {
  auto add = options.add_options();
  const auto value = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("url", value("URL"), "of the running nines (default: NINES_URL, else by --db, else http://127.0.0.1:8080)");
  add("state", value("STATE"), "start, success (default) or failure");
  add("exit-code", value("N"), "of the job; other than 0 is a failure");
  add("duration", value("SPAN"), "that the job took (default: since its start was reported)");
  add("log", value("TEXT"), "a line for a person");
}

std::string check_option(const CheckSpecKey& key) {
  struct Name {
    std::string_view section;
    std::string_view key;
    std::string_view option;
  };
  constexpr std::array kNames{Name{"", "url", ""},
                              Name{"", "password", ""},
                              Name{"", "bearer-token", ""},
                              Name{"", "headers", "header"},
                              Name{"", "verify-tls", "insecure"},
                              Name{"", "follow-redirects", "no-redirects"},
                              Name{"", "read-body", "no-body"},
                              Name{"expect", "headers", "expect-header"},
                              Name{"expect", "json", "json-value"},
                              Name{"expect", "dns-answers", "dns-answer"}};
  for (const Name& name : kNames) {
    if (name.section == key.section && name.key == key.name) return std::string(name.option);
  }
  return std::string(key.name) + (key.section == "timeouts" ? "-timeout" : "");
}

void check_options(OptionList& options) {
  auto add = options.add_options();
  for (const CheckSpecKey& key : check_spec_keys()) {
    const std::string option = check_option(key);
    if (option.empty()) continue;
    if (key.type == CheckSpecKey::Type::boolean) {
      const std::string help = (key.usual == "true" ? "do not " : "") + std::string(key.help);
      add(option.c_str(), help.c_str());
    } else if (key.type == CheckSpecKey::Type::list) {
      const std::string help = std::string(key.help) + "; may be repeated";
      add(option.c_str(), po::value<std::vector<std::string>>()->value_name("TEXT"), help.c_str());
    } else {
      add(option.c_str(), po::value<std::string>()->value_name(key.type == CheckSpecKey::Type::number ? "N" : "TEXT"),
          std::string(key.help).c_str());
    }
  }
  add("timing", "how the time was spent");
  add("nagios", "one line and the exit code of a Nagios plugin");
}

}  // namespace nines::tools
