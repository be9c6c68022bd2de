// Configurations with what users of Gatus, the blackbox exporter and Uptime Kuma have in theirs: each is turned into
// one of ours, which must be good, and its checks must say of a site what the other tool says of it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <nines/check_runner.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <thread>

#include "config/config.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

/// What is checked: pages that are good and bad in every way that the configurations ask about, and a mail server's
/// greeting on a port of its own.
class Site {
 public:
  Site() {
    const auto page = [this](const char* path, int status, const char* body, const char* type = "text/plain") {
      const auto answer = [status, body, type](const httplib::Request&, httplib::Response& response) {
        response.status = status;
        response.set_content(body, type);
      };
      server_.Get(path, answer);
      server_.Post(path, answer);
    };
    page("/ok", 200, "All systems operational");
    page("/json", 200,
         R"({"status":"UP","n":3,"live":true,"items":[{"name":"db"},{"name":"web"}],"user":{"name":"johnny"}})",
         "application/json");
    page("/sick", 200, R"({"status":"DOWN","n":0,"live":false,"items":[],"error":"disk"})", "application/json");
    page("/unauthorized", 401, "no");
    page("/missing", 404, "no");
    page("/broken", 503, "no");
    page("/teapot", 418, "no");
    server_.Get("/moved", [](const httplib::Request&, httplib::Response& r) { r.set_redirect("/ok", 302); });
    server_.Get("/slow", [](const httplib::Request&, httplib::Response& r) {
      std::this_thread::sleep_for(std::chrono::milliseconds{400});
      r.set_content("ok", "text/plain");
    });
    server_.Get("/private", [](const httplib::Request& request, httplib::Response& r) {
      const std::string given = request.get_header_value("Authorization");
      r.status = given == "Bearer t" || given == "Basic dTpw" ? 200 : 401;
      r.set_header("X-Version", "7");
    });
    server_.Post("/echo", [](const httplib::Request& request, httplib::Response& r) {
      r.set_content(request.body + "|" + request.get_header_value("Content-Type"), "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    mail_port_ = ntohs(address.sin_port);
    mail_ = std::thread([this] { greet(); });
  }
  ~Site() {
    server_.stop();
    thread_.join();
    ::shutdown(listener_, SHUT_RDWR);
    mail_.join();
    ::close(listener_);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// `text` with the addresses in it: @ is the site's, % the mail server's, # one where nobody listens.
  [[nodiscard]] std::string placed(const std::string& text) const {
    std::string out;
    for (const char c : text) {
      if (c == '@') {
        out += "127.0.0.1:" + std::to_string(port_);
      } else if (c == '%') {
        out += "127.0.0.1:" + std::to_string(mail_port_);
      } else if (c == '#') {
        out += "127.0.0.1:1";
      } else {
        out += c;
      }
    }
    return out;
  }
  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  void greet() const {
    while (true) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      const auto say = [peer](const std::string& line) {
        static_cast<void>(::send(peer, line.data(), line.size(), MSG_NOSIGNAL));
      };
      say("220 mail.example ESMTP\r\n");
      std::string heard;
      char byte = 0;
      while (::recv(peer, &byte, 1, 0) == 1) {
        heard += byte;
        if (byte != '\n') continue;
        say(heard.starts_with("EHLO")   ? "250-mail.example\r\n250 SIZE\r\n"
            : heard.starts_with("QUIT") ? "221 bye\r\n"
                                        : "502 what\r\n");
        if (heard.starts_with("QUIT")) break;
        heard.clear();
      }
      ::close(peer);
    }
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  int listener_ = -1;
  int mail_port_ = 0;
  std::thread mail_;
};

struct Port {
  const char* label;
  const char* text;
  const char* targets;   ///< of a blackbox configuration; null for the others
  const char* verdicts;  ///< "name=state", by words; a state of - is not asked for
  int left_out = 0;      ///< servers that stay comments
};

void PrintTo(const Port& port, std::ostream* out) {
  *out << port.label;
}

class PortedConfig : public ::testing::TestWithParam<Port> {};

TEST_P(PortedConfig, SaysWhatTheOtherToolSays) {
  const Port& port = GetParam();
  const Site site;
  const TempDir dir;
  std::vector<std::string> words{"config", "import", dir.write("theirs", site.placed(port.text))};
  if (port.targets != nullptr) words.push_back(dir.write("targets", site.placed(port.targets)));
  const Finished made = nines(words);
  ASSERT_EQ(made.code, 0) << made.err << made.out;
  const std::string file = dir.write("ours.yaml", made.out);
  const Finished checked = nines({"config", "check", file});
  ASSERT_EQ(checked.code, 0) << checked.err << made.out;
  EXPECT_THAT(made.err, ::testing::HasSubstr(std::to_string(port.left_out) + " left out")) << made.out;

  const auto config = load_config(file);
  ASSERT_TRUE(config) << config.error();
  std::map<std::string, const ServerConfig*> servers;
  for (const ServerConfig& server : config->servers) servers[server.server.name] = &server;
  std::istringstream list(site.placed(port.verdicts));
  std::size_t expected = 0;
  for (std::string word; list >> word; ++expected) {
    const std::string name = word.substr(0, word.rfind('='));
    const std::string state = word.substr(word.rfind('=') + 1);
    const auto found = servers.find(name);
    ASSERT_NE(found, servers.end()) << name << "\n" << made.out;
    if (state == "-") continue;
    const auto check = compile(found->second->check);
    ASSERT_TRUE(check) << check.error().message;
    const CheckOutcome outcome = check_once(*check);
    EXPECT_EQ(to_string(outcome.state), state) << name << ": " << outcome.detail << "\n" << made.out;
  }
  EXPECT_EQ(servers.size(), expected) << made.out;
}

// --- Gatus. ---

INSTANTIATE_TEST_SUITE_P(
    Gatus, PortedConfig,
    ::testing::Values(
        Port{"one page and nothing else",
             "endpoints: [{name: a, url: 'http://@/ok', conditions: ['[STATUS] == 200']}, {name: b, url: "
             "'http://@/broken', conditions: ['[STATUS] == 200']}]",
             nullptr, "a=up b=down"},
        Port{"the time that an answer takes",
             "endpoints: [{name: fast, url: 'http://@/ok', conditions: ['[STATUS] == 200', '[RESPONSE_TIME] < 5000']}, "
             "{name: slow, url: 'http://@/slow', conditions: ['[STATUS] == 200', '[RESPONSE_TIME] < 100']}]",
             nullptr, "fast=up slow=down"},
        Port{"several codes are good",
             "endpoints: [{name: any, url: 'http://@/unauthorized', conditions: ['[STATUS] == any(200, 401)']}, {name: "
             "none, url: 'http://@/missing', conditions: ['[STATUS] == any(200, 401)']}]",
             nullptr, "any=up none=down"},
        Port{"a range of codes",
             "endpoints: [{name: low, url: 'http://@/ok', conditions: ['[STATUS] >= 200', '[STATUS] < 400']}, {name: "
             "high, url: 'http://@/teapot', conditions: ['[STATUS] < 400']}, {name: other, url: 'http://@/teapot', "
             "conditions: ['[STATUS] != 503']}]",
             nullptr, "low=up high=down other=up"},
        Port{"only whether it answers",
             "endpoints: [{name: open, url: 'tcp://@', conditions: ['[CONNECTED] == true']}, {name: shut, url: "
             "'tcp://#', conditions: ['[CONNECTED] == true']}, {name: guarded, url: 'tcp://#', conditions: "
             "['[CONNECTED] == false']}, {name: page, url: 'http://@/broken', conditions: ['[CONNECTED] == true']}]",
             nullptr, "open=up shut=down guarded=up page=up"},
        Port{"a text in the page",
             "endpoints: [{name: has, url: 'http://@/ok', conditions: ['[BODY] == pat(*operational*)']}, {name: lacks, "
             "url: 'http://@/ok', conditions: ['[BODY] == pat(*outage*)']}, {name: whole, url: 'http://@/ok', "
             "conditions: ['[BODY] == All systems operational']}, {name: without, url: 'http://@/ok', conditions: "
             "['[BODY] != pat(*outage*)']}]",
             nullptr, "has=up lacks=down whole=up without=up"},
        Port{"a member of JSON",
             "endpoints: [{name: well, url: 'http://@/json', conditions: ['[STATUS] == 200', '[BODY].status == UP']}, "
             "{name: ill, url: 'http://@/sick', conditions: ['[BODY].status == UP']}, {name: deep, url: "
             "'http://@/json', conditions: ['[BODY].items[0].name == db', '[BODY].n > 2', '[BODY].live == true']}]",
             nullptr, "well=up ill=down deep=up"},
        Port{
            "lengths, existence and patterns in JSON",
            "endpoints: [{name: some, url: 'http://@/json', conditions: ['len([BODY].items) > 1', 'has([BODY].user) == "
            "true', '[BODY].user.name == pat(*john*)']}, {name: none, url: 'http://@/sick', conditions: "
            "['len([BODY].items) > 0']}]",
            nullptr, "some=up none=down"},
        Port{"redirects that are not followed",
             "endpoints: [{name: there, url: 'http://@/moved', conditions: ['[STATUS] == 200']}, {name: here, url: "
             "'http://@/moved', client: {ignore-redirect: true}, conditions: ['[STATUS] == 302']}]",
             nullptr, "there=up here=up"},
        Port{
            "headers with a token, and a body",
            "endpoints: [{name: in, url: 'http://@/private', headers: {Authorization: 'Bearer t'}, conditions: "
            "['[STATUS] == 200']}, {name: out, url: 'http://@/private', conditions: ['[STATUS] == 200']}, {name: post, "
            "url: 'http://@/echo', method: POST, body: 'x=1', headers: {Content-Type: text/csv}, conditions: ['[BODY] "
            "== x=1|text/csv']}]",
            nullptr, "in=up out=down post=up"},
        Port{"merged defaults, groups with the same name and what is switched off",
             "x: &usual {interval: 30s, client: {timeout: 5s}, conditions: ['[STATUS] == 200']}\nendpoints:\n  - {<<: "
             "*usual, name: web, group: a, url: 'http://@/ok'}\n  - {<<: *usual, name: web, group: b, url: "
             "'http://@/missing'}\n  - {<<: *usual, name: gone, enabled: false, url: 'http://@/ok'}\n",
             nullptr, "web=up b/web=down"},
        Port{"people are told by discord and ntfy, at night not at all",
             "alerting: {discord: {webhook-url: 'https://discord.example/api/webhooks/1/x', default-alert: "
             "{failure-threshold: 3, send-on-resolved: true}}, ntfy: {topic: t, priority: 4}}\nmaintenance: {start: "
             "'23:00', duration: 1h, timezone: Europe/Amsterdam}\nendpoints: [{name: a, url: 'http://@/ok', alerts: "
             "[{type: discord}, {type: ntfy}], conditions: ['[STATUS] == 200']}, {name: b, url: 'http://@/ok', "
             "conditions: ['[STATUS] == 200']}]",
             nullptr, "a=up b=up"},
        Port{"jobs that report, beside pages",
             "external-endpoints: [{name: backup, group: jobs, token: t, heartbeat: {interval: 1h}}]\nendpoints: "
             "[{name: a, url: 'http://@/ok', conditions: ['[STATUS] == 200']}]",
             nullptr, "backup=- a=up"},
        Port{"names in the DNS, and pings",
             "endpoints: [{name: dns, url: 192.0.2.53, dns: {query-name: a.example, query-type: A}, conditions: "
             "['[DNS_RCODE] == NOERROR', '[BODY] == pat(192.0.2.*)']}, {name: ping, url: 'icmp://127.0.0.1', "
             "conditions: "
             "['[CONNECTED] == true']}, {name: web, url: 'http://@/ok', conditions: ['[STATUS] == 200']}]",
             nullptr, "dns=- ping=- web=up"},
        Port{"kinds that have no equal stay comments",
             "endpoints: [{name: rpc, url: 'grpc://#', conditions: ['[CONNECTED] == true']}, {name: shell, url: "
             "'ssh://#', ssh: {username: u, password: p}, body: '{\"command\": \"uptime\"}', conditions: "
             "['[CONNECTED] == true']}, {name: web, url: 'http://@/ok', conditions: ['[STATUS] == 200']}]",
             nullptr, "web=up", 2},
        Port{"servers of SSH that nobody logs in to",
             "endpoints: [{name: mail, url: 'ssh://%', ssh: {username: '', password: ''}, conditions: ['[CONNECTED] == "
             "true', '[STATUS] == 0']}, {name: gone, url: 'ssh://#', conditions: ['[CONNECTED] == true']}]",
             nullptr, "mail=down gone=down"},
        Port{"an address that the name must have is left out and said",
             "endpoints: [{name: a, url: 'http://@/ok', conditions: ['[STATUS] == 200', '[IP] == 127.0.0.1']}]",
             nullptr, "a=up"}));

// --- The blackbox exporter. ---

INSTANTIATE_TEST_SUITE_P(
    Blackbox, PortedConfig,
    ::testing::Values(
        Port{
            "2xx is good", "modules: {http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}}",
            "scrape_configs: [{job_name: web, params: {module: [http_2xx]}, static_configs: [{targets: ['http://@/ok', "
            "'http://@/missing', '@/ok']}]}]",
            "http://@/ok=up http://@/missing=down @/ok=up"},
        Port{"own codes, and none followed",
             "modules: {m: {prober: http, http: {valid_status_codes: [302, 401], no_follow_redirects: true}}}",
             "scrape_configs: [{job_name: web, params: {module: [m]}, static_configs: [{targets: ['http://@/moved', "
             "'http://@/unauthorized', 'http://@/ok']}]}]",
             "http://@/moved=up http://@/unauthorized=up http://@/ok=down"},
        Port{"follow_redirects as it is called now",
             "modules: {m: {prober: http, http: {follow_redirects: false, valid_http_versions: ['HTTP/1.1', "
             "'HTTP/2.0']}}}",
             "scrape_configs: [{job_name: web, params: {module: [m]}, static_configs: [{targets: ['http://@/moved', "
             "'http://@/ok']}]}]",
             "http://@/moved=down http://@/ok=up"},
        Port{"a body that must and must not match",
             "modules: {m: {prober: http, http: {fail_if_body_not_matches_regexp: ['oper.tional'], "
             "fail_if_body_matches_regexp: ['outage']}}}",
             "scrape_configs: [{job_name: web, params: {module: [m]}, static_configs: [{targets: ['http://@/ok', "
             "'http://@/json']}]}]",
             "http://@/ok=up http://@/json=down"},
        Port{
            "a POST with headers, and a login",
            "modules: {post: {prober: http, http: {method: POST, headers: {Content-Type: text/csv}, body: 'x', "
            "fail_if_body_not_matches_regexp: ['x.text/csv']}}, in: {prober: http, http: {basic_auth: {username: u, "
            "password: p}}}, token: {prober: http, http: {bearer_token: t}}}",
            "scrape_configs: [{job_name: a, params: {module: [post]}, static_configs: [{targets: ['http://@/echo']}]}, "
            "{job_name: b, params: {module: [in]}, static_configs: [{targets: ['http://@/private']}]}, {job_name: c, "
            "params: {module: [token]}, static_configs: [{targets: ['http://@/private?2']}]}]",
            "http://@/echo=up http://@/private=up http://@/private?2=up"},
        Port{"a port is open", "modules: {tcp: {prober: tcp, timeout: 2s}}",
             "scrape_configs: [{job_name: t, params: {module: [tcp]}, static_configs: [{targets: ['@', '#'], labels: "
             "{team: net}}]}]",
             "@=up #=down"},
        Port{"a banner",
             "modules: {b: {prober: tcp, tcp: {query_response: [{expect: '^220 '}]}}, s: {prober: tcp, "
             "timeout: 1s, tcp: {query_response: [{expect: '^SSH-2.0-'}]}}}",
             "scrape_configs: [{job_name: t, params: {module: [b]}, static_configs: [{targets: ['%']}]}, {job_name: u, "
             "params: {module: [s]}, static_configs: [{targets: ['tcp://%']}]}]",
             "%=up tcp://%=down"},
        Port{
            "a dialog of several steps, in its order",
            "modules: {m: {prober: tcp, timeout: 1s, tcp: {query_response: [{expect: '^220 ([a-z.]+) '}, {send: \"EHLO "
            "${1}\\r\"}, {expect: '^250[ -]'}, {send: QUIT}, {expect: '^221 '}]}}, wrong: {prober: tcp, timeout: 1s, "
            "tcp: "
            "{query_response: [{expect: '^220 '}, {send: HELP}, {expect: '^250 '}]}}}",
            "scrape_configs: [{job_name: t, params: {module: [m]}, static_configs: [{targets: ['%']}]}, {job_name: u, "
            "params: {module: [wrong]}, static_configs: [{targets: ['tcp://%']}]}]",
            "%=up tcp://%=down"},
        Port{"a dialog that changes to TLS",
             "modules: {m: {prober: tcp, timeout: 1s, tcp: {query_response: [{expect: '^220 '}, {send: STARTTLS}, "
             "{expect: "
             "'^220 '}, {starttls: true}, {send: QUIT}]}}}",
             "scrape_configs: [{job_name: t, params: {module: [m]}, static_configs: [{targets: ['%']}]}]", "%=down"},
        Port{"pings with their header",
             "modules: {icmp: {prober: icmp, icmp: {preferred_ip_protocol: ip4, ip_protocol_fallback: false, ttl: 5, "
             "source_ip_address: 127.0.0.1}}}",
             "scrape_configs: [{job_name: p, params: {module: [icmp]}, static_configs: [{targets: [127.0.0.1]}]}]",
             "127.0.0.1=-"},
        Port{"a name in the DNS",
             "modules: {d: {prober: dns, dns: {query_name: a.example, query_type: A, valid_rcodes: [NXDOMAIN]}}}",
             "scrape_configs: [{job_name: d, params: {module: [d]}, static_configs: [{targets: [192.0.2.53]}]}]",
             "192.0.2.53=-"}));

// --- Uptime Kuma. ---

INSTANTIATE_TEST_SUITE_P(
    Kuma, PortedConfig,
    ::testing::Values(
        Port{
            "pages with retries, and a group",
            R"({"version":"1.23.17","notificationList":[],"monitorList":[{"id":1,"name":"Home","type":"group","parent":null,"active":true},)"
            R"({"id":2,"name":"Web","type":"http","parent":1,"url":"http://@/ok","method":"GET","interval":60,"timeout":48,"maxretries":2,)"
            R"("maxredirects":10,"accepted_statuscodes":["200-299"],"active":true},)"
            R"({"id":3,"name":"Gone","type":"http","url":"http://@/missing","method":"GET","interval":60,"timeout":48,"maxretries":0,)"
            R"("maxredirects":10,"accepted_statuscodes":["200-299"],"active":true}]})",
            nullptr, "Web=up Gone=down"},
        Port{
            "keywords, their absence and codes",
            R"({"version":"1.23.17","monitorList":[{"id":1,"name":"has","type":"keyword","url":"http://@/ok","keyword":"operational","interval":60,)"
            R"("timeout":48,"maxretries":0,"maxredirects":10,"accepted_statuscodes":["200-299"],"active":true},)"
            R"({"id":2,"name":"lacks","type":"keyword","url":"http://@/ok","keyword":"operational","invertKeyword":true,"interval":60,)"
            R"("timeout":48,"maxretries":0,"maxredirects":10,"accepted_statuscodes":["200-299"],"active":true},)"
            R"({"id":3,"name":"codes","type":"http","url":"http://@/unauthorized","interval":60,"timeout":48,"maxretries":0,)"
            R"("maxredirects":0,"accepted_statuscodes":["200-299","401"],"active":true}]})",
            nullptr, "has=up lacks=down codes=up"},
        Port{
            "ports, upside down, and what is paused",
            R"({"version":"1.23.17","monitorList":[{"id":1,"name":"shut","type":"port","hostname":"127.0.0.1","port":1,"upsideDown":true,)"
            R"("interval":60,"timeout":48,"maxretries":0,"active":true},{"id":2,"name":"ping","type":"ping","hostname":"127.0.0.1",)"
            R"("interval":60,"timeout":48,"maxretries":0,"active":true},{"id":3,"name":"paused","type":"http","url":"http://@/ok",)"
            R"("interval":60,"timeout":48,"maxretries":0,"accepted_statuscodes":["200-299"],"active":false}]})",
            nullptr, "shut=up ping=-"},
        Port{
            "values in JSON",
            R"({"version":"1.23.17","monitorList":[{"id":1,"name":"well","type":"json-query","url":"http://@/json","jsonPath":"status",)"
            R"("expectedValue":"UP","interval":60,"timeout":48,"maxretries":0,"accepted_statuscodes":["200-299"],"active":true},)"
            R"({"id":2,"name":"ill","type":"json-query","url":"http://@/sick","jsonPath":"$.status","expectedValue":"UP","interval":60,)"
            R"("timeout":48,"maxretries":0,"accepted_statuscodes":["200-299"],"active":true}]})",
            nullptr, "well=up ill=down"},
        Port{
            "jobs, and those who are told",
            R"({"version":"1.23.17","notificationList":[{"id":1,"name":"Phone","config":"{\"type\":\"ntfy\",\"ntfyserverurl\":\"https://ntfy.example\",)"
            R"(\"ntfytopic\":\"a\",\"ntfyPriority\":5}"},{"id":2,"name":"Bot","config":"{\"type\":\"telegram\",\"telegramBotToken\":\"1:x\",\"telegramChatID\":\"-1\"}"}],)"
            R"("monitorList":[{"id":1,"name":"job","type":"push","pushToken":"tok","interval":300,"maxretries":0,"active":true,)"
            R"("notificationIDList":{"1":true,"2":true}}]})",
            nullptr, "job=-"}));

}  // namespace
}  // namespace nines::tools::testing
