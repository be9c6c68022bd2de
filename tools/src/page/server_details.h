// The part of a server's page that goes beyond its figures: the period before, what down time was due to and where it
// was seen, service hours, and response times beside what was promised and what is usual. Pure but for
// look_at_details(); any thread.
#pragma once

#include <nines/baseline.h>
#include <nines/comparison.h>
#include <nines/latency.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/service_hours.h>
#include <nines/store.h>
#include <nines/uptime.h>

#include <cstdint>
#include <optional>
#include <string>

#include "page/live_question.h"
#include "page/markup.h"

namespace nines::tools {

struct ServerDetails {
  Comparison comparison;
  std::optional<ServiceHoursAnswer> hours;  ///< of a server that has some
  std::optional<LatencyTarget> target;      ///< likewise
  BaselineAnswer usual;
};

/// Errors as compare(), uptime_in_hours(), latency() and latency_baseline().
[[nodiscard]] Result<ServerDetails> look_at_details(const Store& store, const Server& server,
                                                    const LiveQuestion& question);

/// `figures` are of the same question, with places. Empty where there is nothing to tell.
[[nodiscard]] Html details_html(const Server& server, const Figures& figures, const ServerDetails& details);

/// cause_text() for people: "http status 503".
[[nodiscard]] std::string cause_words(ErrorClass error, std::uint16_t code);

}  // namespace nines::tools
