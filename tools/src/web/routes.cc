#include "web/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/ascii_case.h"
#include "http/target.h"
#include "page/assets.h"
#include "page/frame.h"
#include "page/live_question.h"
#include "page/pages.h"
#include "page/service_page.h"
#include "show/text.h"
#include "show/times.h"
#include "web/api.h"
#include "web/report_path.h"

namespace nines::tools {
namespace {

constexpr std::string_view kServersPath = "/api/v1/servers/";
constexpr std::size_t kLongestChange = sizeof "maintenance/end";

// "/api/v1/servers/a name/maintenance/end": a name may have slashes of its own, so that the end is looked for first.
std::optional<ChangePath> change_path(std::string_view path) {
  if (!path.starts_with(kServersPath)) return std::nullopt;
  path.remove_prefix(kServersPath.size());
  std::optional<ChangePath> found;
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const auto kind = parse_change(path.substr(slash + 1));
    if (kind) found = ChangePath{std::string(path.substr(0, slash)), *kind};
    if (path.size() - slash > kLongestChange) break;
  }
  return found;
}

bool is_form(const WebRequest& request) {
  return engine::to_lower(request.content_type).starts_with("application/x-www-form-urlencoded");
}

// The fields of a form, or the members of an object, which are texts.
Result<std::map<std::string, std::string>> fields_of(const WebRequest& request) {
  if (is_form(request)) return parse_form(request.body);
  const auto bad = [](std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); };
  std::map<std::string, std::string> fields;
  if (request.body.empty()) return fields;
  const Json object = Json::parse(request.body, nullptr, false);
  if (!object.is_object()) return bad("the body is not a JSON object");
  for (const auto& [key, value] : object.items()) {
    if (value.is_null()) continue;
    if (!value.is_string()) return bad(fmt::format("`{}` is not a text", printable(fit(key, 40))));
    fields.emplace(key, value.get<std::string>());
  }
  return fields;
}

constexpr std::string_view kAssets = "/assets/";
// What a client sees is at most this old.
constexpr std::chrono::seconds kAge{1};
// Compressed pages of a thousand servers take a tenth of a megabyte; what is larger than all of this is not kept.
constexpr std::size_t kCacheBytes = 16U << 20U;

WebResponse not_found(const WebRequest& request, const Frame& frame) {
  if (request.path.starts_with("/api/")) return error_response(404, "not_found", "there is nothing at this path");
  return html_response(message_page("Not found", "There is nothing at this path.", frame).text(), 404);
}

WebResponse asset_answer(const WebRequest& request, const Frame& frame) {
  const std::string_view name = std::string_view(request.path).substr(kAssets.size());
  for (const Asset& asset : assets()) {
    if (asset.name != name) continue;
    WebResponse response = text_response(std::string(asset.content));
    response.type = name.ends_with(".css")    ? "text/css; charset=utf-8"
                    : name.ends_with(".js")   ? "text/javascript; charset=utf-8"
                    : name.ends_with(".json") ? "application/json"
                                              : "image/svg+xml";
    if (request.query.contains(std::string(asset.version))) response.cache = "public, max-age=31536000, immutable";
    return response;
  }
  return not_found(request, frame);
}

WebResponse events_answer() {
  WebResponse response = text_response("retry: 5000\n\n");
  response.type = "text/event-stream";
  response.cache = "no-store";
  response.events = true;
  // Proxies of nginx's kind hold answers back unless told so.
  response.headers.emplace_back("X-Accel-Buffering", "no");
  return response;
}

// What is asked, in the configuration's zone where it is a page that shows times and no other zone is asked for.
WebRequest with_zone(const WebRequest& asked, const std::string& zone) {
  WebRequest request = asked;
  const std::string_view path = request.path;
  const bool shows_times =
      path == "/" || path == "/rows" || path.starts_with("/server/") || path.starts_with("/service");
  if (shows_times && !zone.empty()) request.query.try_emplace("tz", zone);
  return request;
}

bool takes_no_parameters(std::string_view path) {
  return path == "/-/healthy" || path == "/-/ready" || path == "/metrics" || path == "/api/v1/events" ||
         path == "/api/v1/openapi.json";
}

// Everything that the answer depends on besides the store and the time.
std::string cache_key(const WebRequest& request, const Frame& frame) {
  std::string key = request.path;
  const auto add = [&](std::string_view part) {
    key += '\0';
    key += part;
  };
  add(frame.base);
  add(frame.logged_in ? "1" : "0");
  add(frame.may_change ? "1" : "0");
  // Whether something is wrong, not what: the sentence has counts in it that change with every check.
  add(frame.trouble.empty() ? "" : "1");
  add(chosen_coding(request.accept_encoding));
  // A feed names its own address.
  if (request.path.ends_with("/feed.atom")) {
    add(request.host);
    add(request.secure ? "https" : "http");
  }
  for (const auto& [name, value] : request.query) {
    add(name);
    add(value);
  }
  return key;
}

}  // namespace

Site::Site(Store& store, Hooks hooks, bool follow, AccessOptions access)
    : store_(store),
      hooks_(std::move(hooks)),
      access_(std::move(access)),
      follow_(follow),
      cache_(kAge, kCacheBytes),
      overview_(store),
      metrics_(store) {}

WebResponse Site::answer(WebRequest request) {
  if (auto refused = access_.judge(request)) return std::move(*refused);
  if (request.method == "OPTIONS") return preflight(request);
  WebResponse response = request.method == "POST" ? post(request) : get(request);
  if (request.method != "POST") share(request, response);
  return response;
}

// What pages of listed origins may read: the interface for programs, and nothing by a session's cookie.
void Site::share(const WebRequest& request, WebResponse& response) const {
  if (!request.origin || !request.path.starts_with("/api/")) return;
  const auto options = access_.options();
  if (std::find(options->cors.begin(), options->cors.end(), *request.origin) == options->cors.end()) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", *request.origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "ETag, Retry-After");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "cross-origin");
}

WebResponse Site::preflight(const WebRequest& request) const {
  WebResponse response = text_response("");
  response.cache = "no-store";
  share(request, response);
  if (response.headers.empty()) {
    response = error_response(405, "invalid_argument", "nothing is asked here by OPTIONS");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
  }
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD");
  response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, If-None-Match");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

Lane Site::lane(const WebRequest& request) {
  if (request.method == "POST" || is_report(request.path)) return Lane::urgent;
  return request.path == "/-/healthy" || request.path == "/-/ready" ? Lane::at_once : Lane::usual;
}

bool Site::takes_body(const WebRequest& request) const {
  // The access rules may yet take a base off the path: its end is what counts.
  const std::string_view path = request.path;
  return path.ends_with("/login") || path.ends_with("/logout") || (path.ends_with("/-/reload") && hooks_.reload) ||
         (is_report(path) && hooks_.push) || (hooks_.change && change_path(path).has_value());
}

HttpOptions Site::http_options() {
  return {.limits = {},
          .tls = {},
          .lane = &Site::lane,
          .takes_body = [this](const WebRequest& request) { return takes_body(request); },
          // A job's log may be long, and a few hundred bytes of it are kept: no reason to lose what the job reports.
          .cuts_body = [](const WebRequest& request) { return is_report(request.path); },
          .events = [this] { return changes(); }};
}

Frame Site::frame_of(const WebRequest& request) const {
  const auto options = access_.options();
  return {.base = options->base,
          .logged_in = options->authenticates() && request.role != Role::none && request.authorization.empty() &&
                       !request.cookie.empty(),
          .may_change = hooks_.change && request.role == Role::admin,
          .trouble = hooks_.trouble && request.role != Role::none ? hooks_.trouble() : std::string()};
}

void Site::refresh() {
  if (!follow_) return;
  const engine::MutexLock lock(refresh_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - refreshed_ < kAge) return;
  refreshed_ = now;
  // What cannot be refreshed now answers from what it has; the next second tries again.
  (void)store_.refresh();
}

std::optional<std::string> Site::changes() {
  refresh();
  Json changed = Json::array();
  const auto catalog = store_.catalog();
  for (const Server& server : catalog->servers()) {
    const auto last = store_.last_result(server.id);
    if (!last || !*last) continue;
    TimeMs& seen = seen_[server.id];
    if (seen == (*last)->time) continue;
    seen = (*last)->time;
    changed.push_back(static_cast<std::uint32_t>(server.id));
  }
  if (changed.empty()) return std::nullopt;
  return fmt::format("data: {}\n\n", dump(changed));
}

WebResponse Site::get(const WebRequest& request) {
  const std::string_view path = request.path;
  if (takes_no_parameters(path)) {
    if (auto known = check_names(request, {}); !known) return error_response(known.error());
  }
  if (path == "/-/healthy") return text_response("ok\n");
  if (path == "/-/ready") {
    const bool ready = !hooks_.ready || hooks_.ready();
    return text_response(ready ? "ready\n" : "not ready\n", ready ? 200 : 503);
  }
  if (path.starts_with(kPushPath) && hooks_.push) {
    const auto taken = hooks_.push(request, request.path.substr(kPushPath.size()));
    WebResponse response = taken ? json_response({{"ok", true}}) : error_response(taken.error());
    response.cache = "no-store";
    return response;
  }
  const Frame frame = frame_of(request);
  if (path.starts_with(kAssets)) return asset_answer(request, frame);
  if (path == "/favicon.ico") {
    WebRequest icon = request;
    icon.path = "/assets/icon.svg";
    return asset_answer(icon, frame);
  }
  if (path == "/api/v1/events") return events_answer();
  if (path == "/api/v1/openapi.json") {
    WebRequest description = request;
    description.path = "/assets/openapi.json";
    return asset_answer(description, frame);
  }
  if (path == "/login") {
    WebResponse response = html_response(login_page(request.parameter("next").value_or("/"), false, frame).text());
    response.cache = "no-store";
    return response;
  }
  refresh();
  const auto answer = cache_.get(cache_key(request, frame), [&] {
    WebResponse response = work_out(request, frame);
    WebRequest nobody = request;
    nobody.method = "GET";
    nobody.if_none_match.clear();
    finish_response(nobody, response);
    compress(request.accept_encoding, response);
    return response;
  });
  // A client that has it already gets none of it.
  if (answer->status == 200 && !answer->etag.empty() && matches_etag(request.if_none_match, answer->etag)) {
    WebResponse same;
    same.status = 304;
    same.etag = answer->etag;
    same.cache = answer->cache;
    return same;
  }
  return *answer;
}

WebResponse Site::work_out(const WebRequest& asked, const Frame& frame) {
  const auto options = access_.options();
  const WebRequest request = with_zone(asked, options->timezone);
  const std::string_view path = request.path;
  if (path == "/") return overview_.page(request, frame, options->services);
  if (path == "/rows") return overview_.rows(request, frame, options->services);
  if (path == "/metrics") return metrics_.response(hooks_.metrics);
  if (path.starts_with("/api/v1/")) {
    if (auto answer = api_answer(store_, request)) return std::move(*answer);
    return not_found(request, frame);
  }
  if (auto answer = status_answer(store_, options->status_pages, request, frame.base)) return std::move(*answer);
  if (auto answer = service_answer(store_, options->services, request, frame)) return std::move(*answer);
  if (auto answer = page_answer(store_, request, frame)) return std::move(*answer);
  return not_found(request, frame);
}

WebResponse Site::post(const WebRequest& request) {
  if (request.path == "/login") {
    WebResponse response = access_.log_in(request);
    if (response.status != 401) return response;
    // A person sees the form again.
    const auto form = parse_form(request.body);
    const std::string where = form && form->contains("next") ? form->at("next") : "/";
    WebResponse again = html_response(login_page(where, true, frame_of(request)).text(), 401);
    again.cache = "no-store";
    return again;
  }
  if (request.path == "/logout") return access_.log_out(request);
  const auto done = [](const Result<void>& result) {
    return result ? json_response({{"ok", true}}) : error_response(result.error());
  };
  if (request.path == "/-/reload" && hooks_.reload) {
    const auto result = hooks_.reload();
    cache_.clear();
    return done(result);
  }
  if (request.path.starts_with(kPushPath) && hooks_.push) {
    return done(hooks_.push(request, request.path.substr(kPushPath.size())));
  }
  if (const auto path = change_path(request.path); path && hooks_.change) return change(request, *path);
  return error_response(404, "not_found", "there is nothing to POST to at this path");
}

// A form's reader is shown the server again, or what is wrong with what it wrote.
WebResponse Site::change(const WebRequest& request, const ChangePath& path) {
  const auto fields = fields_of(request);
  auto wanted = fields ? read_change(path.kind, *fields, now()) : tl::unexpected(fields.error());
  const Result<void> made = wanted ? hooks_.change(path.server, *wanted, request.user) : tl::unexpected(wanted.error());
  if (made) cache_.clear();
  if (!is_form(request)) return made ? json_response({{"ok", true}}) : error_response(made.error());
  const Frame frame = frame_of(request);
  if (!made) {
    WebResponse refused = html_response(message_page("Nothing was changed", made.error().message, frame).text(),
                                        http_status(made.error().code));
    refused.cache = "no-store";
    return refused;
  }
  WebResponse response = text_response("done\n", 303);
  response.cache = "no-store";
  response.headers.emplace_back("Location", fmt::format("{}/server/{}", frame.base, url_encode(path.server)));
  return response;
}

}  // namespace nines::tools
