// A report as one HTML file that needs nothing else. Pure; any thread.
#pragma once

#include <nines/calendar.h>
#include <nines/report.h>

#include <string>

namespace nines::tools {

[[nodiscard]] std::string report_page(const Report& report, const Zone& zone);

}  // namespace nines::tools
