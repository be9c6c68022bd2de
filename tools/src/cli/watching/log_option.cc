#include "cli/watching/log_option.h"

#include <fmt/format.h>

#include "show/text.h"

namespace nines::tools {

Expected<LogFormat> read_log_format(const Call& call) {
  const auto text = call.text("log-format");
  if (!text) return usual_log_format();
  const auto format = parse_log_format(*text);
  if (!format) return usage(fmt::format("--log-format {}: it takes text, logfmt or json", printable(*text)));
  return *format;
}

tl::unexpected<Failure> refused(Console& console, const std::string& message) {
  console.say(LogLevel::error, message);
  return failed(std::string());
}

}  // namespace nines::tools
