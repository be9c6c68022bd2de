#include "convert/draft.h"

#include <fmt/format.h>

#include <algorithm>
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

/// The first thing that is wrong with one server, without its place; empty when nothing is.
std::string mistake_in(const std::string& block) {
  const auto config = parse_config("servers:\n" + block, "");
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

std::string yaml_list(const std::vector<std::string>& scalars) {
  std::string text = "[";
  for (const std::string& scalar : scalars) text.append(text.size() > 1 ? ", " : "").append(scalar);
  return text + "]";
}

Draft::Written Draft::write() {
  Written written;
  std::set<std::string> taken;
  std::string list;
  for (DraftServer& server : servers) {
    server.group = clean_text(server.group, 200, true);
    const std::string name = clean_text(server.name.empty() ? server.key : server.name, 200, true);
    for (const std::string& choice : name_choices(name, server.group, server.key)) {
      server.name = choice;
      if (!taken.contains(choice)) break;
    }
    for (const std::string& note : server.notes) list += comment("  ", note);
    written.notes += server.notes.size();
    const std::string block = block_of(server);
    std::string why = server.disabled ? "" : mistake_in(block);
    if (why.empty() && !server.disabled && !taken.insert(server.name).second) why = "its name is taken";
    if (server.disabled || !why.empty()) {
      if (!why.empty()) list += comment("  ", "left out: " + why);
      list += commented(block);
      ++written.left_out;
    } else {
      list += block;
      ++written.servers;
    }
  }
  std::string& yaml = written.yaml;
  yaml = comment("", "Made from " + source + "; lines like this one say what has no equal, or means another thing.");
  for (const std::string& note : notes) yaml += comment("", note);
  written.notes += notes.size();
  yaml += written.servers > 0 ? "servers:\n" + list : list + "servers: []\n";
  if (!alerts.empty()) {
    yaml += "alerts:\n";
    for (const std::string& alert : alerts) yaml += "  - " + alert + "\n";
  }
  return written;
}

}  // namespace nines::tools
