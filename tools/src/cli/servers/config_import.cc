// nines config import FILE [TARGETS]: another tool's configuration as one of ours, on standard output.
#include <fcntl.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "convert/blackbox_config.h"
#include "convert/gatus_config.h"
#include "convert/kuma_config.h"
#include "convert/yaml_value.h"
#include "peers/kuma_history.h"
#include "peers/recognise.h"
#include "run/socket_frame.h"
#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kMostBytes = 64U << 20U;  // a backup of Uptime Kuma 1.x may hold its history too

Expected<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed(fmt::format("`{}` cannot be read: {}", printable(path), std::strerror(errno)));
  std::string text;
  for (std::array<char, 65'536> block{}; in.read(block.data(), block.size()), in.gcount() > 0;) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMostBytes) return failed(fmt::format("`{}` is over 64 MiB", printable(path)));
  }
  if (in.bad()) return failed(fmt::format("`{}` cannot be read", printable(path)));
  return text;
}

Expected<YAML::Node> load(const std::string& text, const std::string& path) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return failed(fmt::format("{}:{}:{}: this is not YAML: {}", printable(path), error.mark.line + 1,
                              error.mark.column + 1, printable(error.msg)));
  }
}

Expected<Draft> read_store(const std::string& path, const Call& call) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(fmt::format("`{}` cannot be read: {}", printable(path), std::strerror(errno)));
  const auto refused = [&](const std::string& why) {
    return failed(fmt::format("{}: {}", printable(path), printable(why)));
  };
  const auto database = SqliteFile::open(file.get());
  if (!database) return refused(database.error().message);
  const auto kuma = is_kuma(*database);
  if (!kuma) return refused(kuma.error().message);
  if (!*kuma) return refused("it is no store of Uptime Kuma; that of Gatus has no configuration in it");
  auto draft = read_kuma_store(*database, call.text("tz").value_or("UTC"));
  if (!draft) return refused(draft.error().message);
  return *std::move(draft);
}

Expected<Draft> read_draft(const Call& call) {
  const std::string& path = call.words[0];
  const auto text = read_whole(path);
  if (!text) return tl::unexpected(text.error());
  switch (recognise(std::string_view(*text).substr(0, 4096))) {
    case FileKind::sqlite:
      return read_store(path, call);
    case FileKind::kuma_backup: {
      const Json backup = Json::parse(*text, nullptr, false);
      auto draft = read_kuma_backup(backup);
      if (!draft) return failed(fmt::format("{}: {}", printable(path), draft.error().message));
      return *std::move(draft);
    }
    default:
      break;
  }
  const auto root = load(*text, path);
  if (!root) return tl::unexpected(root.error());
  if (value_of(*root, "modules").IsDefined()) {
    if (call.words.size() < 2) return usage("the modules say how; name the prometheus.yml with the targets as well");
    const auto targets_text = read_whole(call.words[1]);
    if (!targets_text) return tl::unexpected(targets_text.error());
    const auto targets = load(*targets_text, call.words[1]);
    if (!targets) return tl::unexpected(targets.error());
    return read_blackbox_config(*root, *targets);
  }
  if (call.words.size() > 1) return usage("a second file goes with modules of the blackbox exporter");
  if (value_of(*root, "endpoints").IsDefined() || value_of(*root, "external-endpoints").IsDefined()) {
    return read_gatus_config(*root);
  }
  return failed(
      fmt::format("{}: it is no configuration of Gatus, Uptime Kuma or the blackbox exporter", printable(path)));
}

}  // namespace

Outcome config_import(const Call& call) {
  auto draft = read_draft(call);
  if (!draft) return tl::unexpected(draft.error());
  const Draft::Written written = draft->write();
  write_out(written.yaml);
  if (!call.quiet) {
    say(fmt::format("{} server{}, {} left out, {} without an equal or another meaning; all are in the comments",
                    written.servers, written.servers == 1 ? "" : "s", written.left_out, written.notes));
  }
  return written.servers == 0 && written.left_out > 0 ? kExitFailed : kExitDone;
}

}  // namespace nines::tools
