#include "config/config.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "config/alert_reach.h"
#include "config/keys.h"
#include "config/server.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kMostBytes = 16U << 20U;  // ten thousand servers take about 3 MB

void read_store(const YAML::Node& node, StoreConfig& store, Problems& problems) {
  const MapReader map(node, "store", key_names("store"), problems);
  if (const auto path = map.get("path")) {
    store.path = read_text(*path, "path", problems).value_or("");
    if (store.path.empty()) problems.add(*path, "path must name the store's directory");
  }
  if (const auto days = map.get("retention")) store.retention = read_days(*days, "retention", problems);
  if (const auto days = map.get("summary-retention")) {
    store.summary_retention = read_days(*days, "summary-retention", problems);
  }
  if (const auto size = map.get("max-size")) store.max_size_bytes = read_bytes(*size, "max-size", problems).value_or(0);
  if (const auto size = map.get("memory")) store.memory_bytes = read_bytes(*size, "memory", problems);
}

std::optional<BackupConfig> read_backup(const YAML::Node& node, Problems& problems) {
  const MapReader map(node, "backup", key_names("backup"), problems);
  BackupConfig backup;
  if (const auto to = map.get("to")) backup.to = read_text(*to, "to", problems).value_or("");
  if (backup.to.empty()) problems.add(node, "backup: to must name the directory of the backups");
  if (const auto every = map.get("every")) {
    backup.every = read_duration(*every, config_key("backup", "every"), problems).value_or(backup.every);
  }
  if (const auto keep = map.get("keep")) {
    const auto count = read_integer(*keep, config_key("backup", "keep"), problems);
    if (count) backup.keep = static_cast<std::size_t>(*count);
  }
  if (const auto server = map.get("server")) backup.server = read_text(*server, "server", problems).value_or("");
  return backup;
}

// What a job may report to: its server's name and token.
std::vector<std::string> report_names(const ServerConfig& server) {
  if (!server.push) return {};
  std::vector<std::string> names{server.server.name};
  if (!server.push->token.empty() && server.push->token != server.server.name) names.push_back(server.push->token);
  return names;
}

void read_servers(const YAML::Node& node, Config& config, Problems& problems) {
  if (!node.IsSequence()) {
    problems.add(node, "servers must be a list, each entry beginning with `- name:`");
    return;
  }
  std::map<std::string, int> lines;
  std::map<std::string, int> reported;
  const auto has_target = [&](const std::string& name) {
    return std::any_of(config.alerts.begin(), config.alerts.end(),
                       [&](const auto& target) { return target.name == name; });
  };
  for (const auto& item : node) {
    auto server = read_server(item, problems);
    if (!server) continue;
    const auto [first, added] = lines.emplace(server->server.name, server->line);
    if (!added) {
      problems.add(item, fmt::format("the name `{}` is taken by the server of line {}", printable(server->server.name),
                                     first->second));
    }
    for (const std::string& name : report_names(*server)) {
      const auto [taken, is_new] = reported.emplace(name, server->line);
      if (is_new || !added) continue;
      problems.add(item, fmt::format("server `{}`: reports to `{}` are for the server of line {}",
                                     printable(server->server.name), printable(name), taken->second));
    }
    for (const std::string& target : server->alerts.value_or(std::vector<std::string>{})) {
      if (has_target(target)) continue;
      problems.add(item, fmt::format("server `{}`: there is no alert named `{}`", printable(server->server.name),
                                     printable(target)));
    }
    config.servers.push_back(std::move(*server));
  }
}

void check_backup_server(const Config& config, const YAML::Node& node, Problems& problems) {
  const std::string& name = config.backup->server;
  const bool there = std::any_of(config.servers.begin(), config.servers.end(),
                                 [&](const ServerConfig& server) { return server.server.name == name && server.push; });
  if (!there) problems.add(node, fmt::format("backup: there is no server `{}` with `push`", printable(name)));
}

}  // namespace

tl::expected<Config, std::string> parse_config(const std::string& text, const std::string& file) {
  Problems problems(file);
  Config config;
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
    if (documents.empty()) {
      problems.add(YAML::Mark::null_mark(), "the file is empty; it needs at least `servers:`");
      return tl::unexpected(problems.text());
    }
    if (documents.size() > 1) {
      problems.add(documents[1], "a second document begins here; a configuration is one, without `---` in its middle");
    }
    const YAML::Node& root = documents[0];
    const MapReader map(root, "the configuration", key_names("top"), problems);
    if (const auto node = map.get("store")) read_store(*node, config.store, problems);
    if (const auto node = map.get("backup")) config.backup = read_backup(*node, problems);
    if (const auto node = map.get("web")) read_web(*node, config, problems);
    if (const auto node = map.get("prober")) read_prober(*node, config.prober, problems);
    if (const auto node = map.get("alerts")) config.alerts = read_alerts(*node, problems);
    if (const auto node = map.get("servers")) {
      read_servers(*node, config, problems);
    } else if (root.IsMap()) {
      problems.add(root, "there are no `servers`");
    }
    if (const auto node = map.get("alerts")) check_alert_reach(config, *node, problems);
    if (config.backup && !config.backup->server.empty()) check_backup_server(config, *map.get("backup"), problems);
  } catch (const YAML::Exception& error) {
    problems.add(error.mark, fmt::format("this is not YAML: {}", printable(error.msg)));
  }
  if (!problems.empty()) return tl::unexpected(problems.text());
  // Until here they are servers like others: what names one of them, or its group, stays right when it is switched off.
  std::erase_if(config.servers, [](const ServerConfig& server) { return !server.enabled; });
  return config;
}

std::vector<std::string> notes_on(const Config& config) {
  std::vector<std::string> notes;
  for (const ServerConfig& each : config.servers) {
    const auto& rules = each.server.rules.front();
    if (rules.quorum < 2) continue;
    notes.push_back(
        fmt::format("`{}` has quorum {}, and this configuration checks from one place: until results of "
                    "others come to the store, page and history have no outage of it; alerts tell what "
                    "this place sees",
                    printable(each.server.name), rules.quorum));
  }
  return notes;
}

tl::expected<Config, std::string> load_config(const std::string& path) {
  const auto refused = [&](std::string_view why) {
    return tl::unexpected(fmt::format("{}: {}", printable(path), why));
  };
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return refused(std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return refused("is a directory; a configuration is a YAML file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return refused(std::strerror(errno));
  std::string text;
  for (std::array<char, 65'536> block{}; in.read(block.data(), block.size()), in.gcount() > 0;) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMostBytes) return refused("is over 16 MiB");
  }
  if (in.bad()) return refused("cannot be read");
  return parse_config(text, path);
}

}  // namespace nines::tools
