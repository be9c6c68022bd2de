// The configuration of `nines run`: what the YAML file says, checked as a whole before anything is done with it.
//
// A Config is a plain value. Loading reports every mistake with its place and changes nothing. One thread.
#pragma once

#include <nines/alert.h>
#include <nines/check_spec.h>
#include <nines/prober.h>
#include <nines/push.h>
#include <nines/server.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/reader.h"
#include "http/tls_context.h"
#include "show/listen_address.h"
#include "web/access.h"

namespace nines::tools {

/// One entry of `servers`.
struct ServerConfig {
  /// As it goes into the catalog; `rules` holds one entry, effective from ever. id and created_at are not set.
  Server server;
  CheckSpec check;
  std::optional<PushSpec> push;                    ///< for the push kind
  std::optional<std::vector<std::string>> alerts;  ///< names of the targets that hear of it; nothing: all
  bool enabled = true;
  int line = 0;
};

struct StoreConfig {
  std::string path = "nines.db";   ///< relative to the working directory
  std::chrono::days retention{0};  ///< of check results; 0 is forever
  std::chrono::days summary_retention{0};
  std::uint64_t max_size_bytes = 0;           ///< oldest days of all servers go when the store is larger; 0 is no cap
  std::optional<std::uint64_t> memory_bytes;  ///< for the newest results; none is the engine's default
};

/// Backups that a running nines makes by itself.
struct BackupConfig {
  std::string to;  ///< the folder of generations
  std::chrono::milliseconds every = std::chrono::hours{24};
  std::size_t keep = 7;
  std::string server;  ///< with push, which hears of each; empty: none does

  friend bool operator==(const BackupConfig&, const BackupConfig&) = default;
};

struct Config {
  std::vector<ServerConfig> servers;
  StoreConfig store;
  std::optional<BackupConfig> backup;
  std::optional<ListenAddress> listen = ListenAddress{};  ///< nothing: `listen: off`
  std::optional<TlsFiles> tls;                            ///< of the page; nothing: plain HTTP
  AccessOptions access;                                   ///< `loopback` is set by who listens
  std::vector<AlertTarget> alerts;
  ProberOptions prober;  ///< only what the section `prober` sets
};

/// Reads `path`. On error: all mistakes, a line each, as `file:line:column: message`.
[[nodiscard]] tl::expected<Config, std::string> load_config(const std::string& path);
/// The same for a text; `file` names it in messages.
[[nodiscard]] tl::expected<Config, std::string> parse_config(const std::string& text, const std::string& file);

/// What is no mistake in `config` and may surprise all the same, a sentence each.
[[nodiscard]] std::vector<std::string> notes_on(const Config& config);

// The parts of the file that have a source file of their own: maintenance.cc, prober.cc, status_page.cc,
// web.cc.

/// The `maintenance` list of a server.
[[nodiscard]] std::vector<Maintenance> read_maintenance(const YAML::Node& node, Problems& problems);
/// Whether those that recur leave no moment free.
[[nodiscard]] bool is_always(const std::vector<Maintenance>& maintenance);
/// The `push` mapping of a server.
[[nodiscard]] PushSpec read_push(const YAML::Node& node, Problems& problems);
/// The `alerts` list.
[[nodiscard]] std::vector<AlertTarget> read_alerts(const YAML::Node& node, Problems& problems);
/// The `web` mapping.
void read_web(const YAML::Node& node, Config& config, Problems& problems);
/// The list `web.status`.
[[nodiscard]] std::vector<StatusPage> read_status_pages(const YAML::Node& node, Problems& problems);
/// A list of origins like https://example.org.
[[nodiscard]] std::vector<std::string> read_origins(const YAML::Node& node, std::string_view what, Problems& problems);
/// The `prober` mapping.
void read_prober(const YAML::Node& node, ProberOptions& options, Problems& problems);

}  // namespace nines::tools
