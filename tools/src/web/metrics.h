// The store as Prometheus metrics (text format 0.0.4): base units, an unknown value is left out, never 0.
#pragma once

#include <nines/store.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace nines::tools {

/// `more`, if given, appends what only a running prober knows. Thread-safe.
[[nodiscard]] WebResponse metrics_response(const Store& store, const std::function<void(std::string&)>& more);

/// Appends `# HELP` and `# TYPE` of a family.
void metric_family(std::string& out, std::string_view name, std::string_view type, std::string_view help);
/// Appends a sample. Labels' values are escaped.
using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
void metric_sample(std::string& out, std::string_view name, const Labels& labels, double value);

}  // namespace nines::tools
