#include "web/report_path.h"

#include <string>

#include "base/ascii_case.h"

namespace nines::tools {
namespace {

constexpr std::string_view kKumaPath = "/api/push/";
constexpr std::string_view kGatusPath = "/api/v1/endpoints/";
constexpr std::string_view kGatusEnd = "/external";

}  // namespace

bool is_report(std::string_view path) noexcept {
  if (path.find(kPushPath) != std::string_view::npos || path.find(kKumaPath) != std::string_view::npos) return true;
  return path.find(kGatusPath) != std::string_view::npos && path.ends_with(kGatusEnd);
}

Result<void> translate_report(WebRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";  // in letters of either case (RFC 9110, 11.1)
  if (request.path.starts_with(kKumaPath)) {
    request.path = std::string(kPushPath) + request.path.substr(kKumaPath.size());
  } else if (request.path.starts_with(kGatusPath) && request.path.ends_with(kGatusEnd) &&
             engine::equal_ignoring_case(std::string_view(request.authorization).substr(0, kBearer.size()), kBearer)) {
    request.path = std::string(kPushPath) + request.authorization.substr(kBearer.size());
    request.authorization.clear();
    if (!request.query.contains("success"))
      return fail(ErrorCode::invalid_argument, "success is missing: it must be true or false");
  }
  return {};
}

}  // namespace nines::tools
