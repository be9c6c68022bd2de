// nines_measure_prober: what probing costs, against servers that it starts itself on loopback.
//
// `nines_measure_prober WHAT KEY=VALUE...` prints one line of JSON on stdout, like nines_measure. The prober with its
// writer and its store has the machine's last processor for itself and the servers the first (pin=0 leaves all to the
// system). What it costs is this process's own: user and system time, resident memory.
#include <cstdio>
#include <filesystem>
#include <string>

#include "measure/prober_measure.h"
#include "measure/prober_servers.h"

namespace nines::bench {
namespace {

const std::map<std::string, Measurement>& measurements() {
  static const std::map<std::string, Measurement> all = {
      {"load", measure_load}, {"burst", measure_burst}, {"bare", measure_bare}, {"list", measure_list}};
  return all;
}

int run(int argc, char** argv) {
  const auto found = argc < 2 ? measurements().end() : measurements().find(argv[1]);
  if (found == measurements().end()) {
    std::fputs("usage: nines_measure_prober WHAT KEY=VALUE...; WHAT is one of\n", stderr);
    for (const auto& [name, unused] : measurements()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  const Arguments arguments = parse_arguments(argc, argv, 2);
  if (arguments.number("pin", 1) != 0) pin_to(last_processor());
  const Result<Json> answer = found->second(arguments);
  if (!answer) {
    std::fprintf(stderr, "nines_measure_prober %s: %s (%s)\n", argv[1], answer.error().message.c_str(),
                 std::string(to_string(answer.error().code)).c_str());
    return 1;
  }
  std::printf("%s\n", answer->dump().c_str());
  return 0;
}

}  // namespace
}  // namespace nines::bench

int main(int argc, char** argv) {
  return nines::bench::run(argc, argv);
}
