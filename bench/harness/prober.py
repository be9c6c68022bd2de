"""What probing costs: checks on a schedule against servers on the loopback interface, and beside blackbox_exporter.

The prober, its writer and its store have the last processor, the servers the first: see measure/prober.cc.
"""

import json
import subprocess

from . import machine
from .peers import FOLDER, python

PROGRAM = "nines_measure_prober"


def measure(what, **arguments):
    """Runs nines_measure_prober, which binds itself to a processor; what it printed, or why there is nothing."""
    command = [machine.BUILD / "bench" / PROGRAM, what, *(f"{key}={value}" for key, value in arguments.items())]
    return printed(command)


def printed(command):
    """The JSON that a program prints; {"failed": why} when it does not."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=300,
                              preexec_fn=machine.end_with_parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    return json.loads(done.stdout)


def run(options):
    """Load, load beside silent targets, a burst, libcurl alone, alerts, and the other prober."""
    if not (machine.BUILD / "bench" / PROGRAM).exists():
        raise machine.Failed(f"{PROGRAM} is not built")
    seconds = 5 if options.quick else 60
    found = {"seconds": seconds}
    for name, what, arguments in (
            ("load", "load", {"servers": 1000, "interval_s": 1, "seconds": seconds}),
            ("hanging", "load", {"servers": 1000, "interval_s": 1, "seconds": seconds, "hang": 500}),
            ("burst", "burst", {"checks": 1000}),
            ("bare", "bare", {"a_second": 1000, "seconds": min(seconds, 20)})):
        options.say(name)
        found[name] = measure(what, **arguments)
        options.found["prober"] = found
        options.keep()
    options.say("alerts")
    found["alerts"] = printed([python(), FOLDER.parent / "alerts.py", "--build", machine.BUILD])
    options.say("blackbox_exporter")
    found["blackbox"] = printed([python(), FOLDER / "blackbox.py", "--build", machine.BUILD,
                                 *(["--rounds", "1", "--probes", "1000"] if options.quick else [])])
    return found
