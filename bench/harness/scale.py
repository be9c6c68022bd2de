"""What many servers cost, and what disorder does: bytes written a day, memory, opening after a kill, dropping a day,
appends that share a sync, and results that are swapped, repeated or ahead.
"""

import shutil
import signal

from . import machine
from .machine import measure, spread

#: Servers, seconds between checks, whole days before the day that is measured, and the hours of it.
LIVE = [
    {"servers": 10_000, "interval_s": 60, "behind": 20, "hours": 24},
    {"servers": 10_000, "interval_s": 10, "behind": 0, "hours": 24},
    {"servers": 100_000, "interval_s": 60, "behind": 0, "hours": 24},
]
QUICK = [{"servers": 1_000, "interval_s": 60, "behind": 2, "hours": 2}]
RUNS = 3


def live(shape):
    """A day of checks, the memory and a dashboard's scan after it; then opening what the kill has left."""
    path = machine.data_dir() / "scale.nines"
    shutil.rmtree(path, ignore_errors=True)
    day = measure("live", ends=-signal.SIGKILL, dir=path, **shape)
    opened = []
    for _ in range(RUNS):
        copy = machine.copy_tree(path, machine.data_dir() / "scale-killed.nines")
        opened.append(measure("reopen", dir=copy, now_ms=day["now_ms"])["open_ms"])
        shutil.rmtree(copy)
    shutil.rmtree(path)
    return {**shape, "written_bytes_a_day": day["written_bytes_a_day"], "resident_bytes": day["resident_bytes"],
            "scan_ms": day["scan_ms"], "open_ms": spread(opened)}


def in_new_store(what, **how):
    """One measurement on a store of its own."""
    path = machine.data_dir() / "scale.nines"
    shutil.rmtree(path, ignore_errors=True)
    found = measure(what, dir=path, **how)
    shutil.rmtree(path)
    return found


def disorder():
    """Microseconds and bytes of one append, by the order in which results come, each beside the straight one."""
    orders = ["straight", "swapped", "twice", "ahead"]
    runs = {order: [] for order in orders}
    for _ in range(RUNS):
        for order in orders:
            runs[order].append(in_new_store("disorder", order=order))
    return {order: {"us_each": spread([run["us_each"] for run in runs[order]]),
                    "bytes_each": spread([run["bytes_each"] for run in runs[order]])} for order in orders}


def run(options):
    """All of it."""
    found = options.found["scale"] = {"live": []}
    for shape in QUICK if options.quick else LIVE:
        options.say(f"{shape['servers']} servers x {shape['interval_s']} s")
        found["live"].append(live(shape))
        options.keep()
    options.say("dropping a day")
    found["drop"] = in_new_store("drop", **({"servers": 20, "days": 10} if options.quick else {}))
    options.say("shared syncs")
    found["syncs"] = {batches: in_new_store("shared_syncs", batches=batches)["appends_a_sync"]
                      for batches in ("one", "overlapping")}
    options.say("disorder")
    found["disorder"] = disorder()
    return found
