// A report as one page that needs nothing else: to read on a screen, to print, to hand to a customer.
//
// The page says nothing of when it was made: the same data make the same bytes.
#pragma once

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/report.h>
#include <nines/service_hours.h>
#include <nines/store.h>

#include <map>
#include <string>

#include "report/digest.h"

namespace nines::tools {

struct ReportPage {
  const Report* report = nullptr;
  const Catalog* catalog = nullptr;
  Query query;  ///< as it was asked
  Zone zone;
  std::string command;  ///< that makes the same page again
  std::string title;    ///< what stands on top; empty: "Uptime report"
  Digest digest;
  GroupRule group_rule = GroupRule::worst_of;      ///< of the report's groups
  std::map<ServerId, ServiceHoursAnswer> hours{};  ///< of the servers that are promised for service hours
};

/// HTML. Pure. Errors: those of overlay_entries().
[[nodiscard]] Result<std::string> report_page(const ReportPage& page);

}  // namespace nines::tools
