"""The Google Benchmark programs, one a room: medians of interleaved repetitions."""

import json
import os
import subprocess

from . import machine

SUITES = ["codec", "engine", "query", "prober", "tools"]
#: Before each repetition the answers of the query room are compared with the right ones, which takes longer than they do.
REPETITIONS = {"query": 3}
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def run_suite(name, repetitions):
    """Name, nanoseconds, items a second or None of each benchmark, medians, or why one failed; {"failed": why} for the
    whole, None when the program is not built."""
    program = machine.BUILD / "bench" / f"nines_{name}_bench"
    if not program.exists():
        return None
    command = machine.pinned([program, "--benchmark_format=json", "--benchmark_min_time=0.05",
                              f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true"])
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "NINES_BENCH_DIR": str(machine.data_dir())},
                          preexec_fn=machine.end_with_parent)
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    by_name = {}
    # Interleaving shuffles; the source's order is by family and instance.
    runs = [one for one in json.loads(done.stdout)["benchmarks"] if one["run_type"] == "iteration"]
    for one in sorted(runs, key=lambda run: (run["family_index"], run["per_family_instance_index"])):
        by_name.setdefault(one["run_name"], []).append(one)
    return [summary(run_name, runs) for run_name, runs in by_name.items()]


def summary(name, runs):
    """The repetitions of one benchmark as one entry."""
    if failed := [one["error_message"] for one in runs if one.get("error_occurred")]:
        return {"name": name, "failed": failed[0]}
    rates = [one["items_per_second"] for one in runs if "items_per_second" in one]
    return {"name": name, "ns": machine.spread([one["real_time"] * NANOSECONDS[one["time_unit"]] for one in runs]),
            "items_a_second": machine.spread(rates) if rates else None}


def run(options):
    """All suites that are built."""
    found = options.found["suites"] = {}
    for name in SUITES:
        options.say(name)
        if suite := run_suite(name, 1 if options.quick else REPETITIONS.get(name, 5)):
            found[name] = suite
            options.keep()
    return found
