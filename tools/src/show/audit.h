// A figure taken apart, as JSON and in words. Pure functions; any thread.
#pragma once

#include <nines/audit.h>
#include <nines/calendar.h>
#include <nines/server.h>

#include <string>
#include <vector>

#include "show/output.h"

namespace nines::tools {

/// The object that `nines uptime NAME --why --json` prints.
[[nodiscard]] Json audit_json(const Server& server, const AuditAnswer& answer);

/// Why a stretch has its state: the entry of the catalog that decides, or the runs that hold in it.
[[nodiscard]] std::string audit_reason(const AuditStretch& stretch, const AuditAnswer& answer, const Server& server);

/// The sum of the stretches, and how the ratio comes out of it, a line each.
[[nodiscard]] std::vector<std::string> audit_sum(const AuditAnswer& answer, const Query& query);

/// "every 1m, timeout 10s, 2 failures confirm, 1 success ends, of more than half of the places".
[[nodiscard]] std::string rules_text(const Rules& rules);

}  // namespace nines::tools
