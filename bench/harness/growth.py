"""How cost grows: with the number of servers, with the length of the history, and with the interval.

The dashboard must not cost more for a longer history: it is a range scan of a day, whatever lies before it.
"""

import shutil

from . import machine
from .machine import measure, spread

#: What grows, over which values, and what stays. Of each series one measure: x, and the shape's other numbers.
SERIES = [
    ("servers", [10, 100, 1000, 10_000], {"days": 7, "interval_s": 60}),  # the last one is T4
    ("days", [1, 2, 7, 30, 90, 365], {"servers": 100, "interval_s": 60}),
    ("interval_s", [1, 10, 60, 600], {"servers": 20, "days": 3}),
]
QUICK = {"servers": [10, 100], "days": [2, 7, 30], "interval_s": [10, 60, 600]}
RUNS = 3


def point(shape):
    """Everything that is measured of one shape, on a store of its own."""
    path = machine.data_dir() / "growth.nines"
    shutil.rmtree(path, ignore_errors=True)
    built = measure("build", dir=path, **shape)
    results = built["loaded"] + built["appended"]
    boards = [measure("dashboard", dir=path, runs=9, verify=int(run == 0), **shape) for run in range(RUNS)]
    chunks = [measure("dashboard", dir=path, runs=9, head=0, **shape) for _ in range(RUNS)]
    days = [measure("bars", dir=path, runs=5, **shape) for _ in range(RUNS)]
    answer = {
        "results": results,
        "disk_bytes": built["disk_bytes"],
        "dashboard_ms": spread([spread(board["values_ms"])["median"] for board in boards]),
        "dashboard_from_chunks_ms": spread([spread(board["values_ms"])["median"] for board in chunks]),
        "days_ms": spread([spread(bars["values_ms"])["median"] for bars in days]),
        "open_ms": spread([board["open_ms"] for board in boards]),
        "resident_bytes": spread([board["resident_bytes"] for board in boards]),
        "head_bytes": boards[-1]["head_bytes"],
    }
    shutil.rmtree(path)
    return answer


def run(options):
    """Every series: what grows, what stays, and the points; each point is kept as soon as it is there."""
    series = []
    for what, values, fixed in SERIES:
        points = []
        series.append({"what": what, "fixed": fixed, "points": points})
        for value in QUICK[what] if options.quick else values:
            options.say(f"{what} = {value}")
            points.append({"x": value, **point({**fixed, what: value})})
            options.found["growth"] = series
            options.keep()
    return series
