// nines serve | push: the page without a prober, and a report to a running nines.
#include <fmt/format.h>
#include <nines/push.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/command/session.h"
#include "cli/watching/commands.h"
#include "cli/watching/log_option.h"
#include "config/config.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "show/text.h"
#include "web/routes.h"

namespace nines::tools {
Outcome serve(const Call& call) {
  const auto format = read_log_format(call);
  if (!format) return tl::unexpected(format.error());
  Console console(false, *format);
  const std::string text = call.text("listen").value_or("127.0.0.1:8080");
  const auto address = parse_listen(text);
  if (!address)
    return usage(fmt::format("--listen {}: it takes an address and port like 127.0.0.1:8080", printable(text)));
  AccessOptions access;
  access.loopback = is_loopback(*address);
  access.insecure = call.has("insecure");
  access.hosts = call.texts("host");
  if (auto safe = check_exposure(access); !safe) return refused(console, safe.error().message);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  auto store = open_for_reading(call);
  if (!store) return refused(console, store.error().message);
  Site site(**store, {}, true, std::move(access));
  auto http = HttpServer::start(
      *address, [&site](const WebRequest& request) { return site.answer(request); }, site.http_options());
  if (!http) return refused(console, http.error().message);
  if (!call.quiet) {
    console.say(fmt::format("page at {}; Ctrl-C stops", printable(shown_address(*address, (*http)->port()))));
  }
  int number = 0;
  sigwait(&set, &number);
  return kExitDone;
}

namespace {

Outcome push_by_http(const Call& call, const std::string& base, const std::map<std::string, std::string>& parameters) {
  std::string path = "/api/v1/push/" + url_encode(call.words[0]);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    path += fmt::format("{}{}={}", separator, name, url_encode(value));
    separator = '&';
  }
  const auto reply = http_post(base, path, call.text("log").value_or(""));
  if (!reply && reply.error().code == ErrorCode::invalid_argument) return usage(reply.error().message);
  if (!reply) return failed(reply.error().message);
  if (reply->status == 200) return kExitDone;
  const Json json = Json::parse(reply->body, nullptr, false);
  const Json& error = json.is_object() && json.contains("error") ? json["error"] : Json();
  const std::string why = error.is_object() ? error.value("message", std::string()) : std::string();
  return failed(
      fmt::format("{} refused it: {}", printable(base), why.empty() ? fmt::to_string(reply->status) : printable(why)));
}

}  // namespace

Outcome push(const Call& call) {
  std::map<std::string, std::string> parameters;
  for (const char* const option : {"state", "exit-code", "duration"}) {
    if (const auto value = call.text(option)) parameters[option] = *value;
  }
  const std::vector<std::pair<std::string, std::string>> asked(parameters.begin(), parameters.end());
  if (const auto report = parse_push_report("", asked, call.text("log").value_or("")); !report) {
    return usage(printable(report.error().message));
  }
  if (call.owner != nullptr) {
    const auto pushed = call.owner->push(call.words[0], parameters, call.text("log").value_or(""));
    return pushed ? Outcome(kExitDone) : failed(printable(pushed.error().message));
  }
  const char* const named = std::getenv("NINES_URL");
  if (call.has("url") || (named != nullptr && !call.has("db"))) {
    return push_by_http(call, call.text("url").value_or(named != nullptr ? named : ""), parameters);
  }
  const auto wait = read_wait(call);
  if (!wait) return tl::unexpected(wait.error());
  const auto handed = hand_over(call, *wait, {});
  if (!handed) return tl::unexpected(handed.error());
  if (*handed) return **handed;
  if (call.has("db")) {
    return failed(
        fmt::format("no `nines run` holds the store `{}`, and a job reports to one", printable(call.db_path())));
  }
  return push_by_http(call, "http://127.0.0.1:8080", parameters);
}

}  // namespace nines::tools
