// The section `web`: where the page listens and who may see it.
#include <fmt/format.h>
#include <nines/composed.h>
#include <nines/host_name.h>

#include <array>
#include <set>
#include <utility>

#include "config/config.h"
#include "config/keys.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kMostEntries = 1'000;

std::optional<Role> parse_role(std::string_view text) {
  constexpr std::array kRoles{std::pair{"none", Role::none}, std::pair{"view", Role::view},
                              std::pair{"push", Role::push}, std::pair{"admin", Role::admin}};
  for (const auto& [name, role] : kRoles) {
    if (text == name) return role;
  }
  return std::nullopt;
}

Role read_role(const MapReader& map, Problems& problems) {
  const auto node = map.get("role");
  if (!node) return Role::view;
  const auto text = read_text(*node, "role", problems);
  const auto role = text ? parse_role(*text) : std::nullopt;
  if (text && (!role || *role == Role::none)) problems.add(*node, "role takes view, push or admin");
  return role.value_or(Role::view);
}

void read_listen(const YAML::Node& node, Config& config, Problems& problems) {
  const auto text = read_text(node, "listen", problems);
  if (!text) return;
  if (*text == "off" || *text == "false") {
    config.listen.reset();
    return;
  }
  config.listen = parse_listen(*text);
  if (!config.listen) {
    problems.add(node, fmt::format("listen `{}` is not an address and port like 127.0.0.1:8080 or unix:/run/nines.sock",
                                   printable(*text)));
  }
}

void read_base(const YAML::Node& node, Config& config, Problems& problems) {
  auto text = read_text(node, "base", problems);
  if (!text) return;
  while (text->ends_with('/')) text->pop_back();
  const bool plain = text->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/") ==
                     std::string::npos;
  if (!text->empty() && (!text->starts_with('/') || !plain || text->find("//") != std::string::npos))
    problems.add(node, "base is a path like /status, of letters, digits and -._~/");
  config.access.base = std::move(*text);
}

// Calls `read` with each entry of a list of mappings.
template <class Read>
void read_list(const YAML::Node& node, const char* what, std::span<const std::string_view> keys, Problems& problems,
               Read read) {
  if (!node.IsSequence() || node.size() > kMostEntries) {
    problems.add(
        node, fmt::format("{} must be a list of at most {}, each entry beginning with `- name:`", what, kMostEntries));
    return;
  }
  std::set<std::string> names;
  for (const auto& item : node) {
    const MapReader map(item, what, keys, problems);
    std::string name;
    if (const auto given = map.get("name")) name = read_text(*given, "name", problems).value_or("");
    if (name.empty() || name.find(':') != std::string::npos) {
      problems.add(item, fmt::format("an entry of {} needs a name, without a colon", what));
    } else if (!names.insert(name).second) {
      problems.add(item, fmt::format("{} names `{}` twice", what, printable(name)));
    }
    read(map, std::move(name));
  }
}

// A catalog in which every name is a server's: servers may come by `nines record`, without the configuration.
class EveryName final : public Catalog {
 public:
  [[nodiscard]] std::span<const Server> servers() const noexcept override { return {&server_, 1}; }
  [[nodiscard]] const Server* find(ServerId) const noexcept override { return &server_; }
  [[nodiscard]] const Server* find(std::string_view) const noexcept override { return &server_; }

 private:
  Server server_;
};

Service read_service(const MapReader& map, std::string name, Problems& problems) {
  Service service{.name = std::move(name), .of = {}, .objective = {}};
  const auto of = map.get("of");
  if (of) service.of = read_text(*of, "of", problems).value_or("");
  if (service.of.empty()) {
    problems.add(map.node(), "an entry of web.services needs `of`, like all(web, any(db1, db2))");
  } else if (const auto tree = parse_component(service.of, EveryName()); !tree) {
    problems.add(*of, printable(tree.error().message));
  }
  if (const auto objective = map.get("objective")) service.objective = read_ratio(*objective, "objective", problems);
  return service;
}

// As browsers send them.
std::vector<std::string> read_hosts(const YAML::Node& node, Problems& problems) {
  auto hosts = read_texts(node, "hosts", problems);
  for (std::string& name : hosts) {
    const auto ascii = ascii_host(name);
    if (!ascii) problems.add(node, fmt::format("hosts: `{}` is no name of a host", printable(name)));
    if (ascii) name = *ascii;
  }
  return hosts;
}

std::vector<std::string> read_proxies(const YAML::Node& node, Problems& problems) {
  auto proxies = read_texts(node, "trusted-proxies", problems);
  for (const std::string& proxy : proxies) {
    if (is_proxy(proxy)) continue;
    problems.add(
        node, "trusted-proxies takes addresses, networks like 10.0.0.0/8, and unix; not \"" + printable(proxy) + "\"");
  }
  return proxies;
}

std::optional<TlsFiles> read_tls(const YAML::Node& node, Problems& problems) {
  const MapReader map(node, "web.tls", key_names("web tls"), problems);
  TlsFiles files;
  for (const auto& [key, value] : {std::pair{"certificate", &files.certificate}, std::pair{"key", &files.key}}) {
    if (const auto given = map.get(key)) *value = read_text(*given, key, problems).value_or("");
    if (!value->empty()) continue;
    problems.add(node, fmt::format("web.tls needs `{}`, the path of a PEM file", key));
    return std::nullopt;
  }
  if (const auto tls = load_tls(files); !tls) problems.add(node, tls.error().message);
  return files;
}

}  // namespace

void read_web(const YAML::Node& node, Config& config, Problems& problems) {
  const MapReader map(node, "web", key_names("web"), problems);
  AccessOptions& access = config.access;
  if (const auto listen = map.get("listen")) read_listen(*listen, config, problems);
  if (const auto tls = map.get("tls")) config.tls = read_tls(*tls, problems);
  if (const auto hosts = map.get("hosts")) access.hosts = read_hosts(*hosts, problems);
  if (const auto base = map.get("base")) read_base(*base, config, problems);
  if (const auto proxies = map.get("trusted-proxies")) access.trusted_proxies = read_proxies(*proxies, problems);
  if (const auto timezone = map.get("timezone")) {
    access.timezone = read_text(*timezone, "timezone", problems).value_or("");
    if (const auto zone = Zone::find(access.timezone); !zone) problems.add(*timezone, printable(zone.error().message));
  }
  if (const auto insecure = map.get("insecure")) {
    const auto text = read_text(*insecure, "insecure", problems);
    if (text && *text != "true" && *text != "false") problems.add(*insecure, "insecure takes true or false");
    access.insecure = text == "true";
  }
  if (const auto anonymous = map.get("anonymous")) {
    const auto text = read_text(*anonymous, "anonymous", problems);
    if (text) access.anonymous = parse_role(*text);
    if (text && !access.anonymous) problems.add(*anonymous, "anonymous takes none, view, push or admin");
  }
  if (const auto users = map.get("users")) {
    read_list(*users, "web.users", key_names("web user"), problems, [&](const MapReader& entry, std::string name) {
      AccessOptions::User user{.name = std::move(name), .password = {}, .role = read_role(entry, problems)};
      if (const auto hash = entry.get("password")) user.password = read_text(*hash, "password", problems).value_or("");
      if (!is_password_hash(user.password)) {
        problems.add(entry.node(),
                     "password takes a hash that begins with $argon2id$, as `argon2 SALT -id -e` prints it");
      }
      access.users.push_back(std::move(user));
    });
  }
  if (const auto tokens = map.get("tokens")) {
    read_list(*tokens, "web.tokens", key_names("web token"), problems, [&](const MapReader& entry, std::string name) {
      AccessOptions::Token token{.name = std::move(name), .sha256 = {}, .role = read_role(entry, problems)};
      if (const auto digest = entry.get("sha256")) token.sha256 = read_text(*digest, "sha256", problems).value_or("");
      if (!is_sha256(token.sha256)) {
        problems.add(entry.node(), "sha256 takes the 64 lower-case digits that `printf %s TOKEN | sha256sum` prints");
      }
      access.tokens.push_back(std::move(token));
    });
  }
  if (const auto cors = map.get("cors")) access.cors = read_origins(*cors, "cors", problems);
  if (const auto status = map.get("status")) access.status_pages = read_status_pages(*status, problems);
  if (const auto services = map.get("services")) {
    read_list(*services, "web.services", key_names("web service"), problems,
              [&](const MapReader& entry, std::string name) {
                access.services.push_back(read_service(entry, std::move(name), problems));
              });
  }
  if (config.listen) access.loopback = is_loopback(*config.listen);
}

}  // namespace nines::tools
