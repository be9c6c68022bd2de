#!/usr/bin/env python3
"""Measures whole commands, from the start of the process to its end, as somebody at a terminal waits for them.

    bench/command.py                       stores of 100 servers x 90 days and of 10,000 servers x 2 days; a few minutes
    bench/command.py --small               of 10 servers x 3 days and of 100 x 1, for a look at the script itself
    bench/command.py --rounds 21 --json F  more rounds, and the figures kept
    bench/command.py --instructions        counted by valgrind instead of timed, for a machine that does other work too

Medians of wall time and of processor time, pinned to the last processor. The stores are those of `nines demo`, made once
in build/bench-data. For a cold cache the kernel is told to drop its own before each round, which only root may; without
that the figure is left out.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, before=None):
    """Milliseconds of wall and of processor time of one command that has to succeed."""
    if before:
        before()
    cpu = children_seconds()
    begin = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    wall = time.perf_counter() - begin
    if done.returncode != 0:
        sys.exit(f"bench/command.py: {' '.join(command)} ends with {done.returncode}: {done.stderr.decode()}")
    return wall * 1e3, (children_seconds() - cpu) * 1e3


def instructions(command):
    """Millions of instructions that a command executes, the loading of its libraries included."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    counted = re.search(r"refs:\s+([0-9,]+)", done.stderr)
    if done.returncode != 0 or not counted:
        sys.exit(f"bench/command.py: {' '.join(command)} ends with {done.returncode}: {done.stderr}")
    return int(counted[1].replace(",", "")) / 1e6


def medians(command, rounds, before=None):
    run(command, before)  # what the first one loads is not measured
    times = [run(command, before) for _ in range(rounds)]
    return statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)


def drop_caches():
    subprocess.run(["sync"], check=True)
    DROP_CACHES.write_text("3\n", encoding="ascii")


def may_drop_caches():
    return os.access(DROP_CACHES, os.W_OK)


def make_store(program, path, servers, days):
    if not path.exists():
        print(f"making {path.name}", file=sys.stderr)
        temporary = path.with_suffix(".making")
        shutil.rmtree(temporary, ignore_errors=True)
        subprocess.run(
            [program, "demo", "--db", temporary, "--servers", str(servers), "--days", str(days), "-q"], check=True
        )
        subprocess.run([program, "compact", "--db", temporary, "-q"], check=True)
        temporary.rename(path)
    return str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/release/tools/nines"))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--warm", action="store_true", help="leave the page cache alone, which others use too")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    data = pathlib.Path(os.environ.get("NINES_BENCH_DIR", ROOT / "build/bench-data"))
    data.mkdir(parents=True, exist_ok=True)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    program = arguments.program

    few, days, many = (10, 3, 100) if arguments.small else (100, 90, 10_000)
    wide_days = 1 if arguments.small else 2
    deep = make_store(program, data / f"command-{few}x{days}.nines", few, days)
    wide = make_store(program, data / f"command-{many}x{wide_days}.nines", many, wide_days)
    nothing = [program, "--version"]
    figures = []

    def measure(what, command, before=None, rounds=arguments.rounds, target_ms=None):
        if arguments.instructions:
            if before is None:
                figures.append({"what": what, "instructions_m": round(instructions(command), 1)})
            return
        wall, cpu = medians(command, rounds, before)
        figures.append({"what": what, "wall_ms": round(wall, 1), "cpu_ms": round(cpu, 1), "target_ms": target_ms})

    columns = ["--db", deep]
    measure("a process that does nothing: --version", nothing)
    measure(f"status of {few} servers x {days} days", [program, "status", *columns], target_ms=40)
    if may_drop_caches() and not arguments.warm:
        rounds = max(3, arguments.rounds // 2)
        measure("the same, page cache dropped", [program, "status", *columns], drop_caches, rounds, target_ms=80)
    measure("status NAME, the screen of one server", [program, "status", "payments", *columns])
    measure("uptime NAME --window 90d --json", [program, "uptime", "payments", "--window", "90d", "--json", *columns])
    measure("record", [program, "record", "bench", "up", *columns], target_ms=15)
    measure(f"status of {many} servers x {wide_days} days", [program, "status", "--db", wide], target_ms=250)
    tables = sum(f.stat().st_size for f in pathlib.Path(deep).glob("*.sst"))
    # 2 GB/s of what lies on the disk.
    measure(f"verify, {tables / 1e6:.1f} MB of tables", [program, "verify", *columns], rounds=max(3, arguments.rounds // 3),
            target_ms=round(tables / 2e6, 1))
    if not arguments.instructions:
        info = json.loads(subprocess.run([program, "info", "--json", *columns], check=True, capture_output=True).stdout)
        seconds = figures[-1]["wall_ms"] / 1e3
        figures[-1]["what"] += f": {tables / 1e6 / seconds:.0f} MB/s, {info['results'] / seconds / 1e6:.1f} M results/s"

    width = max(len(f["what"]) for f in figures)
    if arguments.instructions:
        print(f"{'what':<{width}}  M instructions")
        for f in figures:
            print(f"{f['what']:<{width}}  {f['instructions_m']:14.1f}")
    else:
        print(f"{'what':<{width}}  wall ms  cpu ms")
        for f in figures:
            print(f"{f['what']:<{width}}  {f['wall_ms']:7.1f}  {f['cpu_ms']:6.1f}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
