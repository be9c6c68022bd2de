"""The machine: where programs and data are, how a program is pinned, and what all figures depend on."""

import ctypes
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Where the programs were built; `bench/run.py --build` changes it.
BUILD = ROOT / "build" / "release"


class Failed(Exception):
    """A measurement that could not be made; the message says why."""


def data_dir():
    """Where stores and other systems keep their data. Nothing in it is needed by anything but benchmarks."""
    path = pathlib.Path(os.environ.get("NINES_BENCH_DIR") or ROOT / "build" / "bench-data")
    path.mkdir(parents=True, exist_ok=True)
    return path


def core():
    """The processor that everything measured is pinned to: the last one, which interrupts visit least."""
    return max(os.sched_getaffinity(0))


def pinned(command):
    """`command` on one processor."""
    return ["taskset", "-c", str(core()), *map(str, command)]


def measure(what, check=True, ends=0, **arguments):
    """Runs nines_measure in a fresh process on one processor, which ends by `ends`; returns what it printed."""
    program = BUILD / "bench" / "nines_measure"
    if not program.exists():
        raise Failed(f"{program} is missing; build it first (./dev build)")
    command = pinned([program, what, *(f"{key}={value}" for key, value in arguments.items())])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not check:
        return None
    if done.returncode != ends:
        raise Failed(done.stderr.strip() or f"{what} ended with {done.returncode}")
    return json.loads(done.stdout)


def drop_page_cache():
    """Makes the system forget every file. Needs root; raises Failed without it."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")
    except OSError as error:
        raise Failed(f"the page cache cannot be dropped: {error}") from error


def copy_tree(source, target):
    """A fresh copy of a directory, in place of what was there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def tree_bytes(path):
    """Bytes of the files below a directory."""
    return sum(file.stat().st_size for file in pathlib.Path(path).rglob("*") if file.is_file())


def resident_bytes(pid):
    """Resident memory of a process and its children, shared pages counted once by /proc's proportional size."""
    total = 0
    for process in [pid, *children(pid)]:
        try:
            rollup = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def end_with_parent():
    """For a child before it runs: it is asked to stop when this process is gone, however that came about."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def children(pid):
    """Process ids of all descendants."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += [int(child), *children(int(child))]
    return found


def spread(values):
    """Median, quartiles and number of values."""
    ordered = sorted(values)
    quartiles = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    return {"median": statistics.median(ordered), "low": quartiles[0], "high": quartiles[2], "runs": len(ordered)}


def timed(work):
    """Milliseconds that `work()` takes, and what it returned."""
    begin = time.perf_counter()
    answer = work()
    return (time.perf_counter() - begin) * 1e3, answer


def repeat(work, runs):
    """The spread of the milliseconds of `runs` calls, after one that is not counted; and the last answer. What takes
    two seconds is called three times at most, what takes ten two times more, and then the first call counts too."""
    first, answer = timed(work)
    values = [first] if first >= 10_000 else []
    for _ in range(runs if first < 2000 else min(runs, 2 if values else 3)):
        elapsed, answer = timed(work)
        values.append(elapsed)
    return spread(values), answer


def output_of(*command):
    """The first line that a command prints; "" when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().splitlines()[0] if (done.stdout or done.stderr).strip() else ""


def commit():
    """What is checked out, with "-dirty" where something was changed since."""
    return output_of("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12")


def describe():
    """What the figures depend on: processor, memory, versions, load."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")), "?")
    memory_kb = int(pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()[1])
    packages = ["librocksdb-dev", "g++", "libbenchmark-dev"]
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True,
                           text=True, check=False).stdout
    bandwidth = measure("memory")
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "commit": commit(),
        "processor": model,
        "processors": os.cpu_count(),
        "memory_bytes": memory_kb * 1024,
        "kernel": f"{platform.system()} {platform.release()}",
        "file_system": output_of("stat", "-f", "-c", "%T", str(data_dir())),
        "compiler": output_of("c++", "--version"),
        "packages": query.split("\n")[:-1],
        "load": os.getloadavg(),
        "read_bytes_a_second": bandwidth["read_bytes_a_second"],
        "copy_bytes_a_second": bandwidth["copy_bytes_a_second"],
    }
