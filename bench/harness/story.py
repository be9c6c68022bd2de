"""The dashboard as it is often asked, as it could be asked, and by nines: one table. See peers/story.py."""

from . import machine
from .figures import store
from .machine import measure, spread
from .peers import run_script


def nines(size, runs):
    """Each run a process of its own: opening, and the first dashboard."""
    values = []
    for _ in range(runs):
        values.append(measure("dashboard", shape=size, dir=store(size), runs=5))
    last = values[-1]
    warm = [spread(value["values_ms"])["median"] for value in values]
    return [
        {"database": "nines", "form": "the first question after opening, which is included",
         "runs": [{"ms": value["open_ms"] + value["first_ms"], "rows": last["cost"]["results"],
                   "touched": last["cost"]["results"], "peak_bytes": value["peak_bytes"], "wrong": []} for value in values]},
        {"database": "nines", "form": "any question after that",
         "runs": [{"ms": value, "rows": last["cost"]["results"], "touched": last["cost"]["results"],
                   "peak_bytes": last["peak_bytes"], "wrong": []}
                  for value in warm]},
    ]


def run(options):
    """T1 by default: all history as objects of larger sizes does not fit in memory."""
    size = "T1" if options.size == "T2" else options.size
    runs = 1 if options.quick else 3
    options.say(f"the story, {size}")
    story = run_script("story", size, runs)
    if "failed" in story:
        raise machine.Failed(f"the story: {story['failed']}")
    return {"size": size, "sqlalchemy": story["sqlalchemy"], "told": story["told"] + nines(size, runs)}
