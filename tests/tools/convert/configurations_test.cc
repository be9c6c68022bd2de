// How many of the configurations of real people can be moved without loss. `configurations.txt` has a line for each of
// 53 of Gatus and 39 of the blackbox exporter: the features that it uses, by name, and behind a bar what of it has no
// equal here. A configuration is made of what each feature is written as, and converted.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "convert/blackbox_config.h"
#include "convert/gatus_config.h"

namespace nines::tools {
namespace {

struct Configuration {
  std::string name;
  std::vector<std::string> features;
  bool is_lost = false;

  [[nodiscard]] bool uses(std::string_view feature) const {
    return std::find(features.begin(), features.end(), feature) != features.end();
  }
  /// What `written` says of each feature that begins with `kind` and a separator, one after the other.
  [[nodiscard]] std::vector<std::string> all(const std::string& kind,
                                             const std::map<std::string, std::string>& written) const {
    std::vector<std::string> texts;
    for (const std::string& feature : features) {
      if (!feature.starts_with(kind)) continue;
      const auto found = written.find(feature.substr(kind.size()));
      EXPECT_NE(found, written.end()) << "nobody says how this is written: " << feature;
      if (found != written.end() && !found->second.empty()) texts.push_back(found->second);
    }
    return texts;
  }
};

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::vector<Configuration> configurations(std::string_view tool) {
  std::vector<Configuration> list;
  std::ifstream in(NINES_SOURCE_DIR "/tests/tools/convert/configurations.txt");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(tool)) continue;
    Configuration configuration;
    const auto bar = line.find(" | ");
    configuration.is_lost = bar != std::string::npos;
    std::string rest = line.substr(0, bar) + "; ";
    for (auto end = rest.find("; "); end != std::string::npos; end = rest.find("; ")) {
      configuration.features.push_back(rest.substr(0, end));
      rest.erase(0, end + 2);
    }
    configuration.name = configuration.features.front();
    configuration.features.erase(configuration.features.begin());
    list.push_back(std::move(configuration));
  }
  return list;
}

/// Why a draft is not the same as what it was made from; empty when it is.
std::string loss(Draft draft) {
  // What is asked of a page or of this machine as a whole: neither a check nor an alert.
  std::erase_if(draft.notes, [](const std::string& note) { return note == "no equal: ui"; });
  const Draft::Written written = draft.write();
  const auto config = parse_config(written.yaml, "made.yaml");
  EXPECT_TRUE(config) << config.error() << written.yaml;
  if (written.servers == 0) return "no server: " + written.yaml;
  return written.notes + written.left_out == 0 ? "" : written.yaml;
}

void count(std::string_view tool, std::size_t total, std::size_t good, std::string (*convert)(const Configuration&)) {
  const auto list = configurations(tool);
  EXPECT_EQ(list.size(), total);
  std::size_t kept = 0;
  for (const Configuration& configuration : list) {
    const std::string lost = convert(configuration);
    EXPECT_EQ(!lost.empty(), configuration.is_lost) << configuration.name << "\n" << lost;
    kept += lost.empty() ? 1 : 0;
  }
  EXPECT_EQ(kept, good);
}

// --- Gatus. ---

const std::map<std::string, std::string> kConditions{{"[BODY] == whole", "'[BODY] == OK'"},
                                                     {"[BODY].path < >", "'[BODY].n > 3'"},
                                                     {"[BODY].path ==/!=", "'[BODY].status == UP', '[BODY].a != b'"},
                                                     {"[CERTIFICATE_EXPIRATION] >", "'[CERTIFICATE_EXPIRATION] > 48h'"},
                                                     {"[CONNECTED] == true", "'[CONNECTED] == true'"},
                                                     {"[DNS_RCODE] ==", ""},  // of dns endpoints, below
                                                     {"[IP]", "'[IP] == 192.0.2.1'"},
                                                     {"[RESPONSE_TIME] <", "'[RESPONSE_TIME] < 500'"},
                                                     {"[STATUS] <", "'[STATUS] < 400'"},
                                                     {"[STATUS] <=", "'[STATUS] <= 399'"},
                                                     {"[STATUS] == 200", "'[STATUS] == 200'"},
                                                     {"[STATUS] == 999", "'[STATUS] == any(200, 999)'"},
                                                     {"[STATUS] == other", "'[STATUS] == 401'"},
                                                     {"[STATUS] >=", "'[STATUS] >= 200'"},
                                                     {"any() on [STATUS]", "'[STATUS] == any(200, 401)'"},
                                                     {"has()", "'has([BODY].a) == true', 'has([BODY].b) == false'"},
                                                     {"len()", "'len([BODY].items) > 0'"},
                                                     {"pat() on [BODY] whole", "'[BODY] == pat(*ok*)'"},
                                                     {"pat() on [BODY].path", "'[BODY].name == pat(*john*)'"},
                                                     {"spelt values", R"('[BODY].on == "true"', '[BODY].n == "3"')"},
                                                     {"||", "'[STATUS] == 200 || [STATUS] == 401'"}};
const std::map<std::string, std::string> kEndpointKeys{
    {"group", "group: core"}, {"headers", "headers: {Accept: x}"}, {"method", "method: POST"}, {"body", "body: '{}'"}};
const std::map<std::string, std::string> kClientKeys{
    {"dns-resolver", "dns-resolver: 'udp://192.0.2.53:53'"},
    {"insecure", "insecure: true"},
    {"proxy-url", "proxy-url: 'http://proxy.example:3128'"},
    {"timeout", "timeout: 5s"},
    {"tls", ""}};  // certificates of our own are files, which must be there
const std::map<std::string, std::string> kAlertKeys{
    {"description", "description: it is down"},
    {"enabled", "enabled: true"},
    {"failure-threshold", "failure-threshold: 4"},
    {"send-on-resolved", "send-on-resolved: true"},
    {"success-threshold", "success-threshold: 3"},
    {"provider-override", "provider-override: {webhook-url: 'https://chat.example/2'}"}};
const std::map<std::string, std::string> kProviders{
    {"custom", "url: 'https://hook.example/', method: POST, body: 'about [ENDPOINT_NAME]'"},
    {"discord", "webhook-url: 'https://chat.example/1'"},
    {"email", "from: a@b.example, username: u, password: p, host: mail.example, port: 587, to: c@d.example"},
    {"github", "repository-url: 'https://github.com/a/b', token: t"},
    {"gotify", "server-url: 'https://gotify.example', token: t"},
    {"matrix", "server-url: 'https://matrix.example', access-token: t, internal-room-id: '!a:b'"},
    {"ntfy", "topic: t, priority: 3"},
    {"ntfy-critical", "topic: t, priority: 5"},
    {"ntfy-dns", "topic: t2"},
    {"pushover", "application-token: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, user-key: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
    {"slack", "webhook-url: 'https://chat.example/3'"},
    {"telegram", "token: '1:x', id: '-1'"}};

std::string convert_gatus(const Configuration& c) {
  std::string yaml;
  std::vector<std::string> alerts;
  for (const std::string& feature : c.features) {
    if (!feature.starts_with("provider ")) continue;
    const std::string name = feature.substr(9);
    std::string keys = kProviders.at(name);
    if (c.uses("default-alert")) keys += ", default-alert: {failure-threshold: 3, send-on-resolved: true}";
    if (c.uses("alert-overrides")) keys += ", overrides: [{group: core, topic: other}]";
    yaml += fmt::format("{}  {}: {{{}}}\n", yaml.empty() ? "alerting:\n" : "", name, keys);
    std::vector<std::string> alert{"type: " + name};
    for (const std::string& key : c.all("alertkey ", kAlertKeys)) alert.push_back(key);
    alerts.push_back("{" + joined(alert) + "}");
  }
  if (c.uses("maintenance")) yaml += "maintenance: {start: '02:00', duration: 1h, timezone: Europe/Berlin}\n";
  if (c.uses("connectivity")) yaml += "connectivity: {checker: {target: '192.0.2.53:53', interval: 60s}}\n";
  yaml += "ui: {title: x}\nendpoints:\n";
  int number = 0;
  const auto endpoint = [&](const std::string& url, const std::string& conditions, const std::string& keys = "") {
    yaml += fmt::format("  - {{name: e{}, url: '{}', alerts: [{}], conditions: [{}]{}{}}}\n", ++number, url,
                        joined(alerts), conditions, keys.empty() ? "" : ", ", keys);
  };
  std::vector<std::string> keys = c.all("ep ", kEndpointKeys);
  if (const auto client = c.all("client ", kClientKeys); !client.empty())
    keys.push_back("client: {" + joined(client) + "}");
  for (const std::string& condition : c.all("cond ", kConditions)) {
    const bool open = condition == kConditions.at("[CONNECTED] == true");
    endpoint(open ? "tcp://a.example:443" : "https://a.example/", condition, open ? "" : joined(keys));
  }
  const std::map<std::string, std::string> urls{{"http", "http://a.example/"},
                                                {"http(s) from a variable", "${SCHEME}://a.example/"},
                                                {"https", "https://a.example/"},
                                                {"icmp", "icmp://a.example"},
                                                {"tcp", "tcp://a.example:22"},
                                                {"tls", "tls://a.example:993"},
                                                {"starttls", "starttls://a.example:587"},
                                                {"dns", "dns"}};
  for (const std::string& url : c.all("proto ", urls)) {
    if (url == "dns") {
      endpoint(c.uses("dns server by name") ? "dns.example" : "192.0.2.53",
               "'[DNS_RCODE] == NOERROR', '[BODY] == 192.0.2.1'", "dns: {query-name: a.example, query-type: A}");
    } else if (!url.starts_with("$")) {
      endpoint(url, url.starts_with("http") ? "'[STATUS] == 200'" : "'[CONNECTED] == true'");
    }
  }
  if (c.uses("same name twice")) {
    yaml +=
        "  - {name: same, group: a, url: 'http://a.example/', conditions: ['[STATUS] == 200']}\n"
        "  - {name: same, group: b, url: 'http://b.example/', conditions: ['[STATUS] == 200']}\n";
  }
  if (c.uses("timeout of the interval")) {
    yaml +=
        "  - {name: late, interval: 10s, url: 'http://a.example/', client: {timeout: 10s}, conditions: ['[STATUS] == "
        "200']}\n";
  }
  if (c.uses("external-endpoints")) {
    yaml +=
        "external-endpoints: [{name: job, token: t, heartbeat: {interval: 30m}, alerts: [" + joined(alerts) + "]}]\n";
  }
  const std::string lost = loss(read_gatus_config(YAML::Load(yaml)));
  return lost.empty() ? "" : yaml + "\n" + lost;
}

TEST(Moving, ConfigurationsOfGatusConvertWithoutLossButForTheNamedOnes) {
  count("gatus", 53, 40, convert_gatus);
}

// --- The blackbox exporter. ---

const std::map<std::string, std::string> kHttpKeys{
    {"basic_auth", "basic_auth: {username: u, password: p}"},
    {"body", "body: x"},
    {"fail_if_body_matches_regexp", "fail_if_body_matches_regexp: ['Could not.*db']"},
    {"fail_if_body_not_matches_regexp", "fail_if_body_not_matches_regexp: ['ok.*x']"},
    {"fail_if_header_matches", "fail_if_header_matches: [{header: X, regexp: 'a.*'}]"},
    {"fail_if_header_not_matches", "fail_if_header_not_matches: [{header: X, regexp: 'a.*'}]"},
    {"fail_if_not_ssl", "fail_if_not_ssl: true"},
    {"fail_if_ssl", ""},
    {"follow_redirects", "follow_redirects: true"},
    {"headers", "headers: {Accept: x}"},
    {"ip_protocol_fallback", "ip_protocol_fallback: false"},
    {"method", "method: GET"},
    {"no_follow_redirects", "no_follow_redirects: true"},
    {"preferred_ip_protocol=ip4", "preferred_ip_protocol: ip4"},
    {"preferred_ip_protocol=ipv4", "preferred_ip_protocol: ipv4"},
    {"tls_config.ca_file", ""},
    {"tls_config.insecure_skip_verify", "tls_config: {insecure_skip_verify: true}"},
    {"tls_config.max_version", ""},
    {"tls_config.min_version", ""},
    {"valid_http_versions", "valid_http_versions: ['HTTP/1.1', 'HTTP/2.0']"},
    {"valid_status_codes list", "valid_status_codes: [200, 301]"}};
const std::map<std::string, std::string> kIcmpKeys{{"dont_fragment", "dont_fragment: true"},
                                                   {"ip_protocol_fallback", "ip_protocol_fallback: false"},
                                                   {"payload_size", "payload_size: 1400"},
                                                   {"preferred_ip_protocol=ip4", "preferred_ip_protocol: ip4"},
                                                   {"preferred_ip_protocol=ip6", ""},
                                                   {"preferred_ip_protocol=ipv4", "preferred_ip_protocol: ipv4"},
                                                   {"source_ip_address", "source_ip_address: 192.0.2.9"},
                                                   {"ttl", "ttl: 5"}};
const std::map<std::string, std::string> kTcpKeys{
    {"ip_protocol_fallback", "ip_protocol_fallback: false"},
    {"preferred_ip_protocol=ip4", "preferred_ip_protocol: ip4"},
    {"preferred_ip_protocol=ipv4", "preferred_ip_protocol: ipv4"},
    {"query_response one expect only", ""},
    {"query_response send+expect dialog of 1-2 steps", ""},
    {"query_response send+expect dialog of 3+ steps", ""},
    {"query_response with starttls", ""},
    {"tls", "tls: true"},
    {"tls_config.insecure_skip_verify", "tls_config: {insecure_skip_verify: true}"},
    {"tls_config.max_version", ""},
    {"tls_config.min_version", ""}};
const std::map<std::string, std::string> kDnsKeys{
    {"preferred_ip_protocol=ip4", "preferred_ip_protocol: ip4"},
    {"query_name", "query_name: a.example"},
    {"query_type", "query_type: A"},
    {"transport_protocol", "transport_protocol: tcp"},
    {"valid_rcodes", "valid_rcodes: [NOERROR]"},
    {"validate_additional_rrs", "validate_additional_rrs: {fail_if_matches_regexp: ['.*127.*']}"},
    {"validate_answer_rrs", "validate_answer_rrs: {fail_if_matches_regexp: ['.*127.*']}"},
    {"validate_authority_rrs", "validate_authority_rrs: {fail_if_matches_regexp: ['.*127.*']}"}};
const std::map<std::string, std::string> kDialogs{
    {"one expect only", "[{expect: '^SSH-2.0-'}]"},
    {"send+expect dialog of 1-2 steps", "[{send: x}, {expect: '^y'}]"},
    {"send+expect dialog of 3+ steps", "[{expect: '^220'}, {send: 'EHLO x'}, {expect: '^250'}, {send: QUIT}]"},
    {"with starttls", "[{expect: '^220'}, {send: STARTTLS}, {expect: '^220'}, {starttls: true}]"}};

std::string convert_blackbox(const Configuration& c) {
  std::string modules = "modules:\n";
  std::string jobs = "scrape_configs:\n";
  int number = 0;
  const auto module = [&](const std::string& prober, const std::string& keys, const std::string& target) {
    modules += fmt::format("  m{}: {{prober: {}, {}: {{{}}}}}\n", ++number, prober, prober, keys);
    jobs += fmt::format("  - {{job_name: j{0}, params: {{module: [m{0}]}}, static_configs: [{{targets: ['{1}']}}]}}\n",
                        number, target);
  };
  const std::string versions = "tls_config: {min_version: TLS12, max_version: TLS13}";
  if (c.uses("prober:http")) {
    module("http", joined(c.all("http.", kHttpKeys)), "https://a.example/");
    if (c.uses("http.fail_if_ssl")) module("http", "fail_if_ssl: true", "http://b.example/");
    if (c.uses("http.tls_config.min_version")) module("http", versions, "https://c.example/");
    if (c.uses("http.tls_config.ca_file"))
      module("http", "tls_config: {ca_file: " NINES_EXAMPLE "}", "https://d.example/");
  }
  if (c.uses("prober:icmp")) {
    module("icmp", joined(c.all("icmp.", kIcmpKeys)), "a.example");
    if (c.uses("icmp.preferred_ip_protocol=ip6")) {
      module("icmp", "preferred_ip_protocol: ip6, ip_protocol_fallback: false", "b.example");
    }
  }
  if (c.uses("prober:tcp")) {
    module("tcp", joined(c.all("tcp.", kTcpKeys)), "a.example:443");
    if (c.uses("tcp.tls_config.min_version")) module("tcp", "tls: true, " + versions, "b.example:443");
    for (const auto& [dialog, steps] : kDialogs) {
      if (c.uses("tcp.query_response " + dialog)) module("tcp", "query_response: " + steps, "c.example:25");
    }
  }
  if (c.uses("prober:dns")) module("dns", joined(c.all("dns.", kDnsKeys)), "192.0.2.53");
  if (c.uses("prober:grpc")) module("grpc", "service: x, tls: true", "a.example:50051");
  const std::string lost = loss(read_blackbox_config(YAML::Load(modules), YAML::Load(jobs)));
  return lost.empty() ? "" : modules + jobs + "\n" + lost;
}

TEST(Moving, ConfigurationsOfTheBlackboxExporterConvertWithoutLossButForTheNamedOnes) {
  count("blackbox", 39, 33, convert_blackbox);
}

}  // namespace
}  // namespace nines::tools
