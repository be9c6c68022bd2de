#include "convert/blackbox_config.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <chrono>

#include "convert/yaml_value.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualInterval{60'000};  // of Prometheus
constexpr milliseconds kUsualTimeout{10'000};

milliseconds duration_of(const std::string& text, milliseconds usual) {
  const auto parsed = parse_duration(text);
  return parsed && parsed->count() > 0 ? std::chrono::duration_cast<milliseconds>(*parsed) : usual;
}

std::string mapping(const YAML::Node& node) {
  std::string map;
  for (const std::string& key : keys_of(node)) {
    map += fmt::format("{}{}: {}", map.empty() ? "" : ", ", yaml_text(key), yaml_text(text_of(node, key)));
  }
  return "{" + map + "}";
}

void read_tls(const YAML::Node& tls, DraftServer& server) {
  for (const std::string& key : keys_of(tls)) {
    const YAML::Node value = value_of(tls, key);
    if (key == "insecure_skip_verify") {
      if (is_true(value)) server.set("verify-tls", "false");
    } else if (key == "ca_file") {
      server.set("ca-file", yaml_text(text_of(value)));
    } else if (key == "cert_file") {
      server.set("client-certificate", yaml_text(text_of(value)));
    } else if (key == "key_file") {
      server.set("client-key", yaml_text(text_of(value)));
    } else {
      server.note("no equal: tls_config." + key);
    }
  }
}

/// Headers that must match. One that may be missing has no equal.
void read_headers(const YAML::Node& tests, DraftServer& server) {
  std::vector<std::string> conditions;
  for (const auto& test : tests.IsSequence() ? tests : YAML::Node(YAML::NodeType::Sequence)) {
    const std::string header = text_of(test, "header");
    if (is_true(value_of(test, "allow_missing"))) {
      server.note("no equal: fail_if_header_not_matches of " + header + ", which may be missing");
    } else {
      conditions.push_back(yaml_text(header + " matches " + text_of(test, "regexp")));
    }
  }
  if (!conditions.empty()) server.expect("headers", yaml_list(conditions));
}

void read_http(const YAML::Node& http, const std::string& target, DraftServer& server) {
  const bool over_tls = target.starts_with("https://");
  std::vector<std::string> matches;
  for (const std::string& key : keys_of(http)) {
    const YAML::Node value = value_of(http, key);
    const std::string text = text_of(value);
    if (key == "method") {
      server.set("method", yaml_text(text));
    } else if (key == "headers") {
      if (!keys_of(value).empty()) server.set("headers", mapping(value));
    } else if (key == "body") {
      server.set("body", yaml_text(text));
    } else if (key == "valid_status_codes") {
      if (const auto codes = texts_of(value); !codes.empty()) server.expect("status", yaml_list(codes));
    } else if (key == "no_follow_redirects") {
      if (is_true(value)) server.set("follow-redirects", "false");
    } else if (key == "follow_redirects") {
      if (!is_true(value)) server.set("follow-redirects", "false");
    } else if (key == "fail_if_ssl") {
      if (is_true(value) && over_tls) server.note("no equal: fail_if_ssl");
    } else if (key == "fail_if_not_ssl") {
      if (is_true(value) && !over_tls) server.note("no equal: fail_if_not_ssl");
    } else if (key == "fail_if_body_not_matches_regexp") {
      for (const std::string& each : texts_of(value)) matches.push_back(yaml_text(each));
    } else if (key == "fail_if_body_matches_regexp") {
      std::vector<std::string> texts;
      for (const std::string& each : texts_of(value)) {
        const bool plain = each.find_first_of(R"(\.*+?()|[]{}^$)") == std::string::npos;
        if (plain) {
          texts.push_back(yaml_text(each));
        } else {
          server.note("no equal: fail_if_body_matches_regexp: " + each);
        }
      }
      if (!texts.empty()) server.expect("body-not-contains", yaml_list(texts));
    } else if (key == "fail_if_header_not_matches") {
      read_headers(value, server);
    } else if (key == "basic_auth") {
      server.set("username", yaml_text(text_of(value, "username")));
      server.set("password", yaml_text(text_of(value, "password")));
      if (text_of(value, "password").empty())
        server.note("no equal: a password in a file; write ${NAME} for a variable");
    } else if (key == "bearer_token") {
      server.set("bearer-token", yaml_text(text));
    } else if (key == "proxy_url") {
      server.set("proxy", yaml_text(text));
    } else if (key == "tls_config") {
      read_tls(value, server);
    } else if (key == "compression") {
      server.set("compressed", "true");
    } else if (key == "valid_http_versions") {
      // HTTP/2 is used where it is offered, as there.
      if (texts_of(value).size() == 1) server.note("no equal: valid_http_versions");
    } else if (key == "preferred_ip_protocol" || key == "ip_protocol_fallback") {
      // Read by read_family().
    } else if (key != "<<") {
      server.note("no equal: http." + key);
    }
  }
  if (!matches.empty()) server.expect("body-matches", yaml_list(matches));
}

/// `${1}` and `$1` of what is sent stand for the groups of the last expectation; `$$` for a dollar.
std::string with_our_groups(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    const auto digit = [&](std::size_t i) { return i < rest.size() && rest[i] >= '1' && rest[i] <= '9'; };
    if (rest.starts_with("$$")) {
      out += '$';
      at += 1;
    } else if (rest.starts_with("${") && digit(2) && rest.substr(3).starts_with('}')) {
      out += fmt::format("{{{{{}}}}}", rest[2]);
      at += 3;
    } else if (rest.starts_with('$') && digit(1)) {
      out += fmt::format("{{{{{}}}}}", rest[1]);
      at += 1;
    } else {
      out += text[at];
    }
  }
  return out;
}

void read_dialog(const YAML::Node& steps, DraftServer& server) {
  if (!steps.IsDefined() || !steps.IsSequence()) return;
  std::vector<std::string> dialog;
  for (const auto& step : steps) {
    // Of one step first what is expected counts, then what is sent, then the change to TLS.
    if (const std::string expect = text_of(step, "expect"); !expect.empty()) {
      dialog.push_back(yaml_text("expect " + expect));
    }
    if (std::string line = text_of(step, "send"); !line.empty()) {
      if (line.ends_with('\r')) line.pop_back();
      dialog.push_back(yaml_text("send " + with_our_groups(line) + "\r\n"));
    }
    if (is_true(value_of(step, "starttls"))) dialog.emplace_back("starttls");
  }
  if (!dialog.empty()) server.set("dialog", yaml_list(dialog));
}

void read_family(const YAML::Node& prober, DraftServer& server) {
  const YAML::Node fallback = value_of(prober, "ip_protocol_fallback");
  // With a fallback it is a preference, and any address will do.
  if (!fallback.IsDefined() || is_true(fallback)) return;
  const std::string family = text_of(prober, "preferred_ip_protocol");
  server.set("family", family == "ip4" || family == "ipv4" ? "4" : "6");
}

std::string host_of(const std::string& target) {
  const auto scheme = target.find("://");
  return scheme == std::string::npos ? target : target.substr(scheme + 3);
}

void read_module(const YAML::Node& module, const std::string& target, DraftServer& server) {
  const std::string prober = text_of(module, "prober");
  const YAML::Node own = value_of(module, prober);
  read_family(own, server);
  if (prober == "http") {
    const bool has_scheme = target.find("://") != std::string::npos;
    server.set("url", yaml_text(has_scheme ? target : "http://" + target));
    read_http(own, target, server);
  } else if (prober == "tcp") {
    server.set("url", yaml_text((is_true(value_of(own, "tls")) ? "tls://" : "tcp://") + host_of(target)));
    read_tls(value_of(own, "tls_config"), server);
    read_dialog(value_of(own, "query_response"), server);
  } else if (prober == "icmp") {
    server.set("url", yaml_text("icmp://" + host_of(target)));
    if (const std::string ttl = text_of(own, "ttl"); !ttl.empty()) server.set("ttl", ttl);
    if (const std::string source = text_of(own, "source_ip_address"); !source.empty()) {
      server.set("source-address", yaml_text(source));
    }
    // How large a request is changes no verdict on a network that carries it.
    if (is_true(value_of(own, "dont_fragment"))) server.note("no equal: icmp.dont_fragment");
    if (value_of(own, "payload_size").IsDefined()) server.note("no equal: icmp.payload_size");
  } else if (prober == "dns") {
    const std::string type = text_of(own, "query_type");
    server.set("url", yaml_text(fmt::format("dns://{}/{}?type={}", host_of(target), text_of(own, "query_name"),
                                            type.empty() ? "ANY" : type)));
    const auto codes = texts_of(value_of(own, "valid_rcodes"));
    if (codes.size() == 1 && codes[0] != "NOERROR") server.expect("dns-rcode", yaml_text(codes[0]));
    if (codes.size() > 1) server.note("no equal: several valid_rcodes");
    if (text_of(own, "transport_protocol") == "tcp") server.note("no equal: dns.transport_protocol tcp");
    for (const char* const key : {"validate_answer_rrs", "validate_authority_rrs", "validate_additional_rrs",
                                  "source_ip_address", "query_class", "dns_over_tls"}) {
      if (value_of(own, key).IsDefined()) server.note(fmt::format("no equal: dns.{}", key));
    }
  } else {
    server.note("no equal: the prober " + prober);
    server.disabled = true;
  }
}

void read_job(const YAML::Node& job, const YAML::Node& modules, const YAML::Node& global, Draft& draft) {
  const YAML::Node parameters = value_of(job, "params");
  const auto names = texts_of(value_of(parameters, "module"));
  const std::string job_name = text_of(job, "job_name");
  if (names.empty()) return;
  const YAML::Node module = value_of(modules, names[0]);
  if (!module.IsDefined()) {
    draft.notes.push_back(fmt::format("left out: the job {}, whose module {} is not there", job_name, names[0]));
    return;
  }
  const auto either = [&](const char* key) {
    const std::string own = text_of(job, key);
    return own.empty() ? text_of(global, key) : own;
  };
  const milliseconds interval = duration_of(either("scrape_interval"), kUsualInterval);
  milliseconds timeout = std::min(duration_of(either("scrape_timeout"), kUsualTimeout),
                                  duration_of(text_of(module, "timeout"), std::chrono::hours{1}));
  if (timeout >= interval) timeout = interval * 9 / 10;
  const YAML::Node configs = value_of(job, "static_configs");
  for (const char* const key : {"file_sd_configs", "http_sd_configs", "kubernetes_sd_configs", "dns_sd_configs"}) {
    if (value_of(job, key).IsDefined()) draft.notes.push_back(fmt::format("no equal: {} of the job {}", key, job_name));
  }
  if (!configs.IsDefined() || !configs.IsSequence()) return;
  for (const auto& config : configs) {
    for (const std::string& target : texts_of(value_of(config, "targets"))) {
      DraftServer server;
      server.name = target;
      server.group = job_name;
      server.key = job_name;
      read_module(module, target, server);
      server.set("interval", format_duration(interval));
      server.set("timeout", format_duration(timeout));
      const YAML::Node labels = value_of(config, "labels");
      if (!keys_of(labels).empty()) server.set("tags", mapping(labels));
      draft.servers.push_back(std::move(server));
    }
  }
}

}  // namespace

Draft read_blackbox_config(const YAML::Node& modules, const YAML::Node& prometheus) {
  Draft draft;
  draft.source = "modules of the blackbox exporter and the targets of a Prometheus";
  const YAML::Node jobs = value_of(prometheus, "scrape_configs");
  if (!jobs.IsDefined() || !jobs.IsSequence()) return draft;
  for (const auto& job : jobs) read_job(job, value_of(modules, "modules"), value_of(prometheus, "global"), draft);
  return draft;
}

}  // namespace nines::tools
