#include "convert/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "config/config.h"
#include "peers/history_writer.h"
#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

std::string escaped(std::string_view text) {
  return dump(Json(valid_utf8(text)));
}

/// A line of a comment: whatever the text holds, it stays one.
std::string comment(std::string_view indent, std::string_view text) {
  return fmt::format("{}# {}\n", indent, clean_text(text, 1000, true));
}

std::string block_of(const DraftServer& server) {
  std::string text = fmt::format("  - name: {}\n", yaml_text(server.name));
  const std::string indent(4, ' ');
  if (!server.group.empty()) text += fmt::format("{}group: {}\n", indent, yaml_text(server.group));
  for (const auto& [key, value] : server.keys) text += fmt::format("{}{}: {}\n", indent, key, value);
  if (server.alerts) {
    std::vector<std::string> names;
    std::transform(server.alerts->begin(), server.alerts->end(), std::back_inserter(names), yaml_text);
    text += fmt::format("{}alerts: {}\n", indent, yaml_list(names));
  }
  if (!server.expected.empty() || !server.json.empty()) {
    text += indent + "expect:\n";
    for (const auto& [key, value] : server.expected) text += fmt::format("{}  {}: {}\n", indent, key, value);
    if (!server.json.empty()) text += fmt::format("{}  json: {}\n", indent, yaml_list(server.json));
  }
  return text;
}

std::string commented(const std::string& block) {
  std::string text;
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t end = std::min(block.find('\n', at), block.size());
    text += "  # " + block.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text;
}

std::string block_of(const DraftAlert& alert) {
  std::string text = fmt::format("  - {{name: {}, {}", yaml_text(alert.name), alert.channel);
  for (const auto& [key, value] : alert.keys) text += fmt::format(", {}: {}", key, value);
  return text + "}\n";
}

/// The first thing that is wrong with a configuration, without its place; empty when nothing is.
std::string mistake_in(const std::string& yaml) {
  const auto config = parse_config(yaml, "");
  if (config) return {};
  std::string line = config.error().substr(0, config.error().find('\n'));
  // ":3:5: message"
  for (int i = 0; i < 3; ++i) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) break;
    line.erase(0, colon + 1);
  }
  line.erase(0, line.find_first_not_of(' '));
  return line.empty() ? config.error() : line;
}

}  // namespace

std::string yaml_text(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '$' && (next == '{' || next == '$')) plain += '$';
    plain += text[i];
  }
  return escaped(plain);
}

std::string yaml_with_variables(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto end = text.substr(at).starts_with("${") ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[at];
      continue;
    }
    const std::string_view inside = text.substr(at + 2, end - at - 2);
    out.append("${").append(inside).append(inside.find(":-") == std::string_view::npos ? ":-}" : "}");
    at = end;
  }
  return escaped(out);
}

std::string yaml_secret(std::string_view text) {
  const bool whole = text.starts_with("${") && text.find('}') + 1 == text.size();
  const std::string_view name = whole ? text.substr(2, text.size() - 3) : std::string_view();
  if (!whole || name.find(':') != std::string_view::npos) return text.empty() ? "" : yaml_with_variables(text);
  return fmt::format("{{environment: {}}}", escaped(name));
}

std::string yaml_list(const std::vector<std::string>& scalars) {
  std::string text = "[";
  for (const std::string& scalar : scalars) text.append(text.size() > 1 ? ", " : "").append(scalar);
  return text + "]";
}

Draft::Written Draft::write() {
  Written written;
  std::vector<std::pair<std::string, std::string>> fit;  // names and blocks of alerts
  std::string unfit;                                     // those that `config check` would refuse, as comments
  std::set<std::string> alert_names;
  for (DraftAlert& alert : alerts) {
    const std::string block = block_of(alert);
    std::string why = mistake_in("alerts:\n" + block + "servers: []\n");
    if (why.empty() && !alert_names.insert(alert.name).second) why = "its name is taken";
    if (why.empty()) {
      fit.emplace_back(alert.name, block);
      continue;
    }
    unfit += comment("", "left out: " + why) + commented(block);
    ++written.notes;
  }
  std::set<std::string> heard;  // by a server with a list of its own
  bool all_are_heard = servers.empty();
  std::set<std::string> taken;
  std::string list;
  for (DraftServer& server : servers) {
    server.group = clean_text(server.group, 200, true);
    const std::string name = clean_text(server.name.empty() ? server.key : server.name, 200, true);
    for (const std::string& choice : name_choices(name, server.group, server.key)) {
      server.name = choice;
      if (!taken.contains(choice)) break;
    }
    if (server.alerts) std::erase_if(*server.alerts, [&](const auto& alert) { return !alert_names.contains(alert); });
    for (const std::string& note : server.notes) list += comment("  ", note);
    written.notes += server.notes.size();
    const std::string block = block_of(server);
    // The names of its alerts are known to be good: without them it can be looked at alone.
    DraftServer alone = server;
    alone.alerts.reset();
    std::string why = server.disabled ? "" : mistake_in("servers:\n" + block_of(alone));
    if (why.empty() && !server.disabled && !taken.insert(server.name).second) why = "its name is taken";
    if (server.disabled || !why.empty()) {
      if (!why.empty()) list += comment("  ", "left out: " + why);
      list += commented(block);
      ++written.left_out;
    } else {
      list += block;
      ++written.servers;
      all_are_heard = all_are_heard || !server.alerts;
      if (server.alerts) heard.insert(server.alerts->begin(), server.alerts->end());
    }
  }
  std::string& yaml = written.yaml;
  yaml = comment("", "Made from " + source + "; lines like this one say what has no equal, or means another thing.");
  for (const std::string& note : notes) yaml += comment("", note);
  written.notes += notes.size();
  yaml += written.servers > 0 ? "servers:\n" + list : list + "servers: []\n";
  std::string alert_list;
  for (const auto& [name, block] : fit) {
    if (all_are_heard || written.servers == 0 || heard.contains(name)) {
      alert_list += block;
      continue;
    }
    unfit += comment("", "left out: no server tells it anything") + commented(block);
    ++written.notes;
  }
  yaml += unfit + (alert_list.empty() ? "" : "alerts:\n" + alert_list);
  if (!references.empty()) {
    const std::string block = fmt::format("prober: {{references: {}}}\n", yaml_list(references));
    const std::string why = mistake_in("servers: []\n" + block);
    yaml += why.empty() ? block : comment("", "left out: " + why) + commented(block);
    written.notes += why.empty() ? 0 : 1;
  }
  return written;
}

}  // namespace nines::tools
