"""What one would use instead, on the same data and the same questions; nines itself is the first of them.

Each system is a program in bench/peers/ and runs alone, on one processor, its server included. What is not installed
is skipped by name.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time

from . import machine
from .machine import measure, spread

PEERS = ["rocksdb_rows", "sqlite", "postgresql", "duckdb", "clickhouse", "prometheus", "victoria_metrics", "influxdb",
         "rrdtool"]
FOLDER = pathlib.Path(__file__).resolve().parents[1] / "peers"


def python():
    """The interpreter that Debian's packages are for, when it is there."""
    return "/usr/bin/python3" if pathlib.Path("/usr/bin/python3").exists() else sys.executable


def data(size):
    """The CSV and the right answers of a size; written when they are not there."""
    csv = machine.data_dir() / f"{size}.csv"
    expected = machine.data_dir() / f"{size}.expected.json"
    if not csv.exists():
        measure("csv", shape=size, out=csv.with_suffix(".unfinished"))
        csv.with_suffix(".unfinished").rename(csv)
    if not expected.exists():
        measure("expected", shape=size, out=expected.with_suffix(".unfinished"))
        expected.with_suffix(".unfinished").rename(expected)
    return csv, expected


def run_script(name, size, runs, **more):
    """Runs one program of bench/peers/ on a job; returns what it printed."""
    csv, expected = data(size)
    job = machine.data_dir() / f"{name}.job.json"
    tools = {"build": str(machine.BUILD), "node_modules": str(machine.ROOT / "build" / "npm" / "node_modules")}
    job.write_text(json.dumps({"directory": str(machine.data_dir() / f"peer-{name}"), "csv": str(csv), "runs": runs,
                               "expected": str(expected), "size": size, "tools": tools, **more}))
    command = machine.pinned([python(), FOLDER / f"{name}.py", job])
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=machine.end_with_parent)
    if done.returncode != 0:
        return {"name": name, "failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout)


def rocksdb_rows(size, runs):
    """The one peer that is a program of C++."""
    program = machine.BUILD / "bench" / "nines_peer_rocksdb_rows"
    command = machine.pinned([program, f"shape={size}", f"dir={machine.data_dir() / 'peer-rocksdb_rows'}", f"runs={runs}"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"name": "RocksDB, a row a check", "failed": done.stderr.strip()}
    figures = json.loads(done.stdout)
    for what in ("dashboard", "days", "raw"):
        figures[what] = spread(figures.pop(f"{what}_ms"))
    return {**figures, "dashboard_answers": {}, "days_answers": "equal", "raw_answers": "equal"}


def nines(size, runs):
    """The same figures of nines, by nines_measure."""
    directory = machine.data_dir() / "peer-nines"
    shutil.rmtree(directory, ignore_errors=True)
    built = measure("build", shape=size, dir=directory)
    settled = measure("settle", shape=size, dir=directory)
    opened = measure("open", shape=size, dir=directory)
    board = measure("dashboard", shape=size, dir=directory, runs=runs, verify=1)
    days = measure("bars", shape=size, dir=directory, runs=runs, verify=1)
    from_results = measure("bars", shape=size, dir=directory, runs=runs, verify=1, **{"from": "results"})
    raw = measure("raw", shape=size, dir=directory, runs=runs)
    shutil.rmtree(directory)
    append = {}
    for level, count in (("process", 100_000), ("disk", 500)):
        answer = measure("append", shape=size, dir=directory, count=count, durability=level)
        append[level] = answer["results"] / answer["ms"] * 1e3
        shutil.rmtree(directory)
    return {"name": "nines", "version": "this tree", "settings": "defaults", "notes": [],
            "dashboard": spread(board["values_ms"]), "dashboard_answers": {},
            "days": spread(days["values_ms"]), "days_from_results": spread(from_results["values_ms"]),
            "days_answers": "equal", "raw": spread(raw["values_ms"]), "raw_answers": "equal", "append": append,
            "load_a_second": built["loaded"] / built["load_seconds"],
            "bytes_a_check": settled["disk_bytes"] / measure("count", shape=size)["results"],
            "resident_bytes": board["resident_bytes"], "start_ms": opened["open_ms"]}


def run(options):
    """Figures of nines and of every peer; with options.only nines and these, in place of what was there of them."""
    runs = 2 if options.quick else 7
    before = options.found.get("peers", {})
    found = {}
    if options.only and before.get("size") == options.size:
        found = {system["name"]: system for system in before["systems"]}
    run_at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    options.say("nines")
    first = {**nines(options.size, runs), "run": run_at}
    found = {first["name"]: first, **{name: system for name, system in found.items() if name != first["name"]}}
    for name in options.only.split(",") if options.only else PEERS:
        options.say(name)
        system = rocksdb_rows(options.size, runs) if name == "rocksdb_rows" else run_script(name, options.size, runs)
        found[system["name"]] = {**system, "run": run_at}
        options.found["peers"] = {"size": options.size, "systems": list(found.values())}
        options.keep()
    return options.found["peers"]
