// Where jobs report to over HTTP: at our own path, and at those that other tools' jobs know. Any thread.
#pragma once

#include <nines/result.h>

#include <string_view>

#include "http/message.h"

namespace nines::tools {

/// Behind it stands the token.
inline constexpr std::string_view kPushPath = "/api/v1/push/";

/// Whether a job reports there, whatever base stands before it.
[[nodiscard]] bool is_report(std::string_view path) noexcept;

/// Makes a report that comes as other tools' jobs send it one of ours: /api/push/TOKEN, and
/// /api/v1/endpoints/KEY/external with the token as a bearer's, which is no login here. The key says nothing that the
/// token does not. The path is without a base. `invalid_argument` for one of the latter without `success`, which is
/// where that tool says how the job went: silence about it is no success.
[[nodiscard]] Result<void> translate_report(WebRequest& request);

}  // namespace nines::tools
