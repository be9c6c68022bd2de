#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "measure/measure.h"

namespace nines::bench {

Arguments parse_arguments(int argc, char** argv, int first) {
  std::map<std::string, std::string> values;
  for (int i = first; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "%s: '%s' is not KEY=VALUE\n", argv[0], argv[i]);
      std::exit(2);
    }
    values[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  return Arguments(std::move(values));
}

int run_measurement(const Measurements& measurements, int argc, char** argv,
                    const std::function<void(const Arguments&)>& prepare) {
  const auto found = argc < 2 ? measurements.end() : measurements.find(argv[1]);
  if (found == measurements.end()) {
    std::fprintf(stderr, "usage: %s WHAT KEY=VALUE...; WHAT is one of\n", argv[0]);
    for (const auto& [name, unused] : measurements) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  const Arguments arguments = parse_arguments(argc, argv, 2);
  prepare(arguments);
  const Result<Json> answer = found->second(arguments);
  if (!answer) {
    std::fprintf(stderr, "%s %s: %s (%s)\n", argv[0], argv[1], answer.error().message.c_str(),
                 std::string(to_string(answer.error().code)).c_str());
    return 1;
  }
  std::printf("%s\n", answer->dump().c_str());
  return 0;
}

std::string Arguments::text(const std::string& key, const std::string& otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? otherwise : found->second;
}

std::uint64_t Arguments::number(const std::string& key, std::uint64_t otherwise) const {
  const std::string value = text(key);
  return value.empty() ? otherwise : std::stoull(value);
}

history::Shape Arguments::shape() const {
  history::Shape shape = history::find_shape(text("shape")).value_or(history::kT1);
  shape.servers = static_cast<std::uint32_t>(number("servers", shape.servers));
  shape.days = static_cast<std::uint32_t>(number("days", shape.days));
  shape.interval_ms = static_cast<std::uint32_t>(number("interval_s", shape.interval_ms / 1000) * 1000);
  return shape;
}

Memory memory() {
  Memory answer;
  std::ifstream status("/proc/self/status");
  std::string key;
  std::uint64_t kilobytes = 0;
  for (std::string line; std::getline(status, line);) {
    std::istringstream in(line);
    if (!(in >> key >> kilobytes)) continue;
    if (key == "VmRSS:") answer.resident = kilobytes * 1024;
    if (key == "VmHWM:") answer.peak = kilobytes * 1024;
  }
  return answer;
}

}  // namespace nines::bench
