"""What one would use instead, on the same data and the same questions; nines itself is the first of them.

Each system is a program in bench/peers/ and runs alone, on one processor, its server included. What is not installed
is skipped by name.
"""

import json
import pathlib
import shutil
import subprocess
import sys

from . import machine
from .machine import measure, spread

PEERS = ["rocksdb_rows", "sqlite", "postgresql", "duckdb", "clickhouse", "prometheus", "victoria_metrics", "influxdb",
         "rrdtool"]
#: No system may take longer for everything: the whole comparison has to end some time.
LIMIT_S = 600
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


def run_program(name, command, **options):
    """What a program of bench/peers/ printed, pinned; or why there is nothing, in the key "failed". One that takes too
    long is asked to stop, and then stops its server."""
    with subprocess.Popen(machine.pinned(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          preexec_fn=machine.end_with_parent, **options) as program:
        try:
            out, errors = program.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            program.terminate()
            program.communicate()
            return {"name": name, "failed": f"took more than {LIMIT_S // 60} minutes"}
    if program.returncode != 0:
        return {"name": name, "failed": (errors.strip().splitlines() or [f"ended with {program.returncode}"])[-1]}
    return json.loads(out)


def run_script(name, size, runs, **more):
    """Runs one program of bench/peers/ on a job; returns what it printed."""
    csv, expected = data(size)
    job = machine.data_dir() / f"{name}.job.json"
    tools = {"build": str(machine.BUILD), "node_modules": str(machine.ROOT / "build" / "npm" / "node_modules")}
    job.write_text(json.dumps({"directory": str(machine.data_dir() / f"peer-{name}"), "csv": str(csv), "runs": runs,
                               "expected": str(expected), "size": size, "tools": tools, **more}))
    return run_program(name, [python(), FOLDER / f"{name}.py", job])


def rocksdb_rows(size, runs):
    """The one peer that is a program of C++. It ends when an answer is not equal."""
    program = machine.BUILD / "bench" / "nines_peer_rocksdb_rows"
    name = "RocksDB, a row a check"
    if not program.exists():
        return {"name": name, "missing": f"{program.name} is not built"}
    figures = run_program(name, [program, f"shape={size}", f"dir={machine.data_dir() / 'peer-rocksdb_rows'}", f"runs={runs}"])
    if "failed" in figures:
        return figures
    for what in ("dashboard", "days", "raw"):
        figures[what] = spread(figures.pop(f"{what}_ms"))
    figures["append"] = {level: spread(rates) for level, rates in figures["append"].items()}
    return {**figures, "dashboard_answers": {}, "days_answers": "equal", "raw_answers": "equal"}


def appended(durability, count, rounds):
    """Single results a second that nines acknowledges, into new stores."""
    directory = machine.data_dir() / "peer-nines-append"
    rates = []
    for _ in range(rounds):
        shutil.rmtree(directory, ignore_errors=True)
        answer = measure("append", shape="T2", dir=directory, count=count, durability=durability)
        rates.append(answer["results"] / answer["ms"] * 1e3)
    shutil.rmtree(directory)
    return spread(rates)


def synced_beside():
    """How fast the device is at this moment: nines at `disk`, and a plain file with a sync after each line."""
    file = machine.data_dir() / "synced"
    lines = [measure("sync", out=file, count=200) for _ in range(3)]
    return {"nines": appended("disk", 200, 3), "file": spread([one["results"] / one["ms"] * 1e3 for one in lines])}


def nines(size, runs):
    """The same figures of nines, by nines_measure. What verify=1 asks for and check_raw fail when an answer is wrong."""
    directory = machine.data_dir() / "peer-nines"
    shutil.rmtree(directory, ignore_errors=True)
    built = measure("build", shape=size, dir=directory)
    settled = measure("settle", shape=size, dir=directory)
    opened = [measure("open", shape=size, dir=directory)["open_ms"] for _ in range(3)]
    board = measure("dashboard", shape=size, dir=directory, runs=runs, verify=1)
    days = measure("bars", shape=size, dir=directory, runs=runs, verify=1)
    from_results = measure("bars", shape=size, dir=directory, runs=runs, verify=1, **{"from": "results"})
    raw = measure("raw", shape=size, dir=directory, runs=runs)
    measure("check_raw", shape=size, dir=directory)
    shutil.rmtree(directory)
    append = {level: appended(level, count, 5)
              for level, count in (("buffered", 100_000), ("process", 100_000), ("disk", 200))}
    return {"name": "nines", "version": "this tree", "settings": "defaults", "notes": [],
            "dashboard": spread(board["values_ms"]), "dashboard_answers": {},
            "days": spread(days["values_ms"]), "days_from_results": spread(from_results["values_ms"]),
            "days_answers": "equal", "raw": spread(raw["values_ms"]), "raw_answers": "equal", "append": append,
            "load_a_second": built["loaded"] / built["load_seconds"],
            "bytes_a_check": settled["disk_bytes"] / measure("count", shape=size)["results"],
            "resident_bytes": board["resident_bytes"], "start_ms": spread(opened)["median"]}


def run(options):
    """Figures of nines and of every peer; with options.only nines and these, in place of what was there of them. Each
    is kept as soon as it is there."""
    runs = 2 if options.quick else 7
    before = options.found.get("peers", {})
    found = {}
    if options.only and before.get("size") == options.size:
        found = {system["name"]: system for system in before["systems"]}
    options.say("nines")
    first = {**nines(options.size, runs), "run": options.run_at}
    found = {first["name"]: first, **{name: system for name, system in found.items() if name != first["name"]}}
    for name in options.only.split(",") if options.only else PEERS:
        options.say(name)
        system = rocksdb_rows(options.size, runs) if name == "rocksdb_rows" else run_script(name, options.size, runs)
        if "disk" in system.get("append", {}):
            system["beside"] = synced_beside()
        if "failed" in system:
            options.say(f"{name}: {system['failed']}")
        found[system["name"]] = {**system, "run": options.run_at}
        options.found["peers"] = {"size": options.size, "systems": list(found.values())}
        options.keep()
    return options.found["peers"]
