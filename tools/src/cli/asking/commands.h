// The commands that ask what the store holds.
#pragma once

#include <string_view>
#include <vector>

#include "cli/command/command.h"

namespace nines::tools {

// points.cc, tail.cc, scan.cc: what lies in the store; explain.cc: what reading it costs.
void points_options(OptionList& options);
Outcome points(const Call& call);
void tail_options(OptionList& options);
Outcome tail(const Call& call);
void scan_options(OptionList& options);
Outcome scan(const Call& call);
void explain_options(OptionList& options);
Outcome explain(const Call& call);
/// What `explain` can be asked about.
[[nodiscard]] std::vector<std::string_view> explained_questions();

// uptime.cc, figures.cc, slo.cc, service.cc, report.cc: answers.
void uptime_options(OptionList& options);
Outcome uptime_command(const Call& call);
Outcome incidents_command(const Call& call);
void latency_options(OptionList& options);
Outcome latency_command(const Call& call);
void bars_options(OptionList& options);
Outcome bars_command(const Call& call);
void slo_options(OptionList& options);
Outcome slo_command(const Call& call);
void service_options(OptionList& options);
Outcome service_command(const Call& call);
void report_options(OptionList& options);
Outcome report_command(const Call& call);

// badge.cc: an answer as a picture.
void badge_options(OptionList& options);
Outcome badge(const Call& call);

}  // namespace nines::tools
