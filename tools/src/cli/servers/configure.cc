// nines init | config check: the configuration, before anything runs by it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "config/config.h"
#include "convert/draft.h"
#include "run/socket_frame.h"
#include "show/text.h"

namespace nines::tools {
namespace {

/// What a new configuration says.
struct FirstConfig {
  std::vector<std::string> urls;
  std::string interval = "60s";
  std::string listen = "127.0.0.1:8080";
  std::string path = "nines.db";
};

/// A name for what `url` checks: its host, and a number where another has it already.
std::string name_of(const std::string& url, const std::vector<std::string>& taken) {
  const std::size_t scheme = url.find("://");
  std::string host = scheme == std::string::npos ? url : url.substr(scheme + 3);
  host = host.substr(host.rfind('@', host.find('/')) + 1);
  host = host.substr(0, host.find_first_of("/?#"));
  std::string name = host.empty() ? "server" : host;
  for (int number = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++number) {
    name = fmt::format("{} {}", host, number);
  }
  return name;
}

std::string yaml_of(const FirstConfig& draft) {
  std::string text =
      "# What `nines run --config FILE` checks. `nines config check FILE` names every mistake, `nines config keys` "
      "lists "
      "all\n# keys. SIGHUP reads the file again.\nservers:\n";
  std::vector<std::string> names;
  for (const std::string& url : draft.urls) {
    names.push_back(name_of(url, names));
    text += fmt::format(
        "  - name: {}\n    url: {}   # the scheme selects the kind of check\n    interval: {}\n"
        "    confirm: {{failures: 2, successes: 1}}   # two failures in a row are an outage\n",
        yaml_text(names.back()), yaml_text(url), draft.interval);
    if (url.starts_with("https:")) text += "    expect: {certificate-days: 14}   # degraded when it expires sooner\n";
    text +=
        "    # objective: 99.9%\n    # group: core\n    # maintenance: [{every: sunday, from: \"02:00\", for: 1h, "
        "timezone: Europe/Paris}]\n";
  }
  text += fmt::format("\nstore:\n  path: {}\n  retention: 400d   # of results; day summaries stay\n\n",
                      yaml_text(draft.path));
  text += fmt::format("web:\n  listen: {}   # off is no page\n\n", yaml_text(draft.listen));
  text += "# alerts:\n#   - exec: [\"./page.sh\"]\n#   - webhook: https://hooks.example/alerts\n";
  return text;
}

std::string ask(const std::string& question, const std::string& usual) {
  std::cerr << question << (usual.empty() ? " " : fmt::format(" [{}] ", usual)) << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer.empty() ? usual : answer;
}

/// By options, and by questions for what they leave open on a terminal.
Expected<FirstConfig> read_first_config(const Call& call) {
  FirstConfig draft;
  draft.urls = call.texts("url");
  const bool asks = draft.urls.empty();
  if (asks && isatty(STDIN_FILENO) != 1) return usage("init needs --url URL, or a terminal to ask on");
  if (asks) {
    draft.urls.push_back(ask("What is to be checked? A URL:", ""));
    if (draft.urls.back().empty()) return usage("there is nothing to check without a URL");
    draft.interval = ask("How often?", draft.interval);
    draft.listen = ask("Where is the page to be, or off?", draft.listen);
  }
  for (const auto& [option, value] : {std::pair{"interval", &draft.interval}, std::pair{"listen", &draft.listen}}) {
    if (const auto text = call.text(option)) *value = *text;
  }
  if (call.has("db")) draft.path = call.db_path();
  return draft;
}

}  // namespace

Outcome init(const Call& call) {
  const std::string file = call.words.empty() ? "nines.yaml" : call.words[0];
  if (access(file.c_str(), F_OK) == 0) return failed(fmt::format("`{}` is there already", printable(file)));
  const auto draft = read_first_config(call);
  if (!draft) return tl::unexpected(draft.error());
  const std::string text = yaml_of(*draft);
  // What it would be told is told before anything is written.
  if (const auto config = parse_config(text, file); !config) return usage(config.error());
  const Descriptor out(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  const bool written = out && write(out.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || fsync(out.get()) != 0) {
    return failed(fmt::format("`{}` cannot be written: {}", printable(file), std::strerror(errno)));
  }
  if (!call.quiet) say(fmt::format("wrote {}; `nines run --config {}` starts", printable(file), printable(file)));
  return kExitDone;
}

Outcome config_check(const Call& call) {
  const auto config = load_config(call.words[0]);
  if (!config) {
    write_err(config.error() + "\n");
    return kExitFailed;
  }
  if (!call.quiet) {
    say(fmt::format("{} is good: {} server{}", printable(call.words[0]), config->servers.size(),
                    config->servers.size() == 1 ? "" : "s"));
    for (const std::string& note : notes_on(*config)) write_err(note + "\n");
  }
  return kExitDone;
}

}  // namespace nines::tools
