// nines_measure_prober: what probing costs, against servers that it starts itself on loopback.
//
// `nines_measure_prober WHAT KEY=VALUE...` prints one line of JSON on stdout, like nines_measure. The prober with its
// writer and its store has the machine's last processor for itself and the servers the first (pin=0 leaves all to the
// system). What it costs is this process's own: user and system time, resident memory.
#include "measure/prober_measure.h"
#include "measure/prober_servers.h"

int main(int argc, char** argv) {
  using namespace nines::bench;
  const Measurements measurements = {
      {"load", measure_load}, {"burst", measure_burst}, {"bare", measure_bare}, {"list", measure_list}};
  return run_measurement(measurements, argc, argv, [](const Arguments& arguments) {
    if (arguments.number("pin", 1) != 0) pin_to(last_processor());
  });
}
