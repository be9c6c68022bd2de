#!/usr/bin/env python3
"""Fails when the work of a fixed task has grown: counts instructions, which do not depend on what else the machine does.

    bench/regress.py            compare with bench/baseline.json: status 1 when anything grew by more than 3 %, 2 when
                                there is nothing to compare with
    bench/regress.py --update   write the counts of this tree into bench/baseline.json

Each task is run twice under callgrind, with less and with more of the work; the difference is the work, and starting,
opening and closing cancel out. Counts are those of one build: another compiler has another baseline.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from harness import machine

BASELINE = pathlib.Path(__file__).resolve().parent / "baseline.json"
#: Background work of RocksDB falls in one half or the other: half a percent from run to run.
TOLERANCE = 0.03

#: name: (measurement, argument that sets how much, less, more, other arguments, what it is counted per)
READS = {"shape": "T1"}
TASKS = {
    "dashboard from the head": ("dashboard", "runs", 5, 55, READS, 50),
    "dashboard from chunks": ("dashboard", "runs", 5, 55, {**READS, "head": 0}, 50),
    "daily bars from summaries": ("bars", "runs", 5, 35, READS, 30),
    "daily bars from chunks": ("bars", "runs", 2, 12, {**READS, "from": "results"}, 10),
    "raw history of a server": ("raw", "runs", 2, 20, READS, 18),
    "append one result": ("append", "count", 2000, 6000, {"shape": "T1", "batch": 1}, 4000),
    "append a batch of 100": ("append", "count", 20_000, 60_000, {"shape": "T1", "batch": 100}, 400),
    "load a day of a server": ("build", "days", 3, 6, {"servers": 20}, 60),
}


def instructions(what, directory, **arguments):
    """Instructions that nines_measure executes, all threads."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", machine.BUILD / "bench" / "nines_measure",
               what, f"dir={directory}", *(f"{key}={value}" for key, value in arguments.items())]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise machine.Failed(f"{what} under callgrind: {done.stderr.strip().splitlines()[-1:]}")
    return int(found.group(1))


def count(name):
    """Instructions a unit of a task."""
    what, argument, less, more, others, units = TASKS[name]
    place = machine.data_dir() / f"regress-{name.replace(' ', '-')}"
    totals = []
    for amount in (less, more):
        shutil.rmtree(place, ignore_errors=True)
        if others is not None and what in ("dashboard", "bars", "raw"):
            machine.measure("build", shape="T1", dir=place)
        totals.append(instructions(what, place, **{**others, argument: amount}))
    shutil.rmtree(place)
    return (totals[1] - totals[0]) / units


def compare(counts, before):
    """A line for each task, and whether any grew by more than the tolerance. `before` are the baseline's counts."""
    lines, grew = [], False
    for name, now in counts.items():
        if name not in before:
            lines.append(f"{name:32} {now:14,.0f} instructions  not in the baseline")
            continue
        change = now / before[name] - 1
        grew |= change > TOLERANCE
        lines.append(f"{name:32} {now:14,.0f} instructions  {change:+7.2%}{'  GREW' if change > TOLERANCE else ''}")
    return lines, grew


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=machine.BUILD, help="build directory, Release")
    parser.add_argument("--baseline", type=pathlib.Path, default=BASELINE, help="default: bench/baseline.json")
    parser.add_argument("--update", action="store_true", help="take the counts of this tree for the baseline")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tasks at a time (default: all processors)")
    options = parser.parse_args(arguments)
    machine.BUILD = options.build.resolve()
    compiler = machine.output_of("c++", "--version")
    baseline = json.loads(options.baseline.read_text(encoding="utf-8")) if options.baseline.exists() else {}
    if not options.update and baseline.get("compiler") != compiler:
        print(f"bench/regress.py: the baseline is of '{baseline.get('compiler')}', this is '{compiler}': counts of two "
              "compilers do not compare. Check out the tree to compare with, run this with --update there, and again "
              "here.", file=sys.stderr)
        return 2
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        counts = dict(zip(TASKS, pool.map(count, TASKS)))
    if options.update:
        options.baseline.write_text(json.dumps({"compiler": compiler, "instructions": {
            name: round(now) for name, now in counts.items()}}, indent=2) + "\n", encoding="utf-8")
        return 0
    lines, grew = compare(counts, baseline["instructions"])
    print("\n".join(lines))
    return 1 if grew else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except machine.Failed as error:
        sys.exit(f"bench/regress.py: {error}")
