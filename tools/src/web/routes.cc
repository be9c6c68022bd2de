#include "web/routes.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "web/api.h"
#include "web/html.h"
#include "web/metrics.h"
#include "web/pages.h"

namespace nines::tools {
namespace {

constexpr std::string_view kPushPath = "/api/v1/push/";

WebResponse not_found(const WebRequest& request) {
  if (request.path.starts_with("/api/")) return error_response(404, "not_found", "there is nothing at this path");
  return html_response(message_page("Not found", "There is nothing at this path."), 404);
}

}  // namespace

Site::Site(Store& store, Hooks hooks, bool follow) : store_(store), hooks_(std::move(hooks)), follow_(follow) {}

WebResponse Site::answer(const WebRequest& request) {
  try {
    if (request.method == "POST") return post(request);
    if (request.method == "GET" || request.method == "HEAD") return get(request);
    return error_response(405, "invalid_argument", "only GET, HEAD and POST are answered");
  } catch (const std::bad_alloc&) {
    return error_response(503, "unavailable", "out of memory");
  } catch (const std::exception&) {
    return error_response(500, "internal", "the request could not be answered");
  }
}

void Site::refresh() {
  if (!follow_) return;
  const std::lock_guard lock(refresh_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - refreshed_ < std::chrono::seconds{1}) return;
  refreshed_ = now;
  // What cannot be refreshed now answers from what it has; the next second tries again.
  (void)store_.refresh();
}

WebResponse Site::get(const WebRequest& request) {
  const std::string_view path = request.path;
  if (path == "/-/healthy") return text_response("ok\n");
  if (path == "/-/ready") {
    const bool ready = !hooks_.ready || hooks_.ready();
    return text_response(ready ? "ready\n" : "not ready\n", ready ? 200 : 503);
  }
  refresh();
  if (path == "/metrics") return metrics_response(store_, hooks_.metrics);
  if (path.starts_with("/api/v1/")) {
    if (auto answer = api_answer(store_, request)) return std::move(*answer);
    return not_found(request);
  }
  if (auto answer = page_answer(store_, request)) return std::move(*answer);
  return not_found(request);
}

WebResponse Site::post(const WebRequest& request) {
  if (request.cross_site) return error_response(403, "invalid_argument", "a page of another site may not do this");
  const auto done = [](const Result<void>& result) {
    if (result) return json_response({{"ok", true}});
    const ErrorCode code = result.error().code;
    const int status = code == ErrorCode::not_found ? 404 : code == ErrorCode::invalid_argument ? 400 : 503;
    return error_response(status, to_string(code), result.error().message);
  };
  if (request.path == "/-/reload" && hooks_.reload) return done(hooks_.reload());
  if (request.path.starts_with(kPushPath) && hooks_.push) {
    return done(hooks_.push(request, request.path.substr(kPushPath.size())));
  }
  return error_response(404, "not_found", "there is nothing to POST to at this path");
}

}  // namespace nines::tools
