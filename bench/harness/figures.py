"""The figures that the engine is held to: one row each, with its target and what was measured.

Each is the median of several runs, on one processor. Reads are measured in a process of their own each; what is called
warm was asked once before.
"""

import shutil
import time

from . import machine
from .machine import measure, spread

RUNS = 5


class NoiseGate:
    """Tells a machine's slow moments, by a plain loop over arrays that takes a fixed time on a quiet one."""

    #: How much longer than at its fastest the loop may take.
    CALM = 1.1

    def __init__(self, budget_s):
        self.fastest_ms = min(self.look() for _ in range(5))
        self.budget_s = budget_s  # that may still be spent on measuring again
        self.repeated = 0
        self.kept_slow = 0

    @staticmethod
    def look():
        """The loop's time now, in milliseconds."""
        return spread(measure("plain", shape="T2", runs=15)["values_ms"])["median"]

    def measure(self, work):
        """What `work()` returns, done again while the loop before or behind it is slow; at last, the calmest. It is the
        loop alone that decides, not what was measured."""
        calmest = None
        while True:
            begin = time.monotonic()
            before_ms = self.look()
            answer = work()
            slowest_ms = max(before_ms, self.look())
            self.fastest_ms = min(self.fastest_ms, slowest_ms)
            if calmest is None or slowest_ms < calmest[0]:
                calmest = (slowest_ms, answer)
            is_calm = slowest_ms <= self.CALM * self.fastest_ms
            if is_calm or self.budget_s <= 0:
                self.kept_slow += not is_calm
                return calmest[1]
            self.repeated += 1
            self.budget_s -= time.monotonic() - begin


class OpenGate:
    """Takes every measurement as it comes."""

    @staticmethod
    def measure(work):
        """What `work()` returns."""
        return work()


def row(what, target, unit, values, better="lower", **more):
    """One row of the table."""
    return {"what": what, "target": target, "unit": unit, "better": better, **spread(values), **more}


def store(shape):
    """The built store of a shape; builds it when it is not there."""
    path = machine.data_dir() / f"{shape}.nines"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        measure("build", shape=shape, dir=unfinished)
        unfinished.rename(path)
    return path


def warm(gate, what, shape, runs, **arguments):
    """Medians of a question of `runs` processes, in milliseconds."""
    measure(what, shape=shape, dir=store(shape), runs=1, verify=1, **arguments)
    answers = [gate.measure(lambda: measure(what, shape=shape, dir=store(shape), runs=15, **arguments))
               for _ in range(runs)]
    return [spread(answer["values_ms"])["median"] for answer in answers]


def cold(gate, shape, runs):
    """Opening and one dashboard, with no page of the store in memory; the program itself is read before."""
    def once():
        machine.drop_page_cache()
        measure("memory", mib=1)
        answer = measure("dashboard", shape=shape, dir=store(shape), runs=0)
        return answer["open_ms"] + answer["first_ms"]

    return [gate.measure(once) for _ in range(runs)]


def settled_bytes(shape):
    """Bytes a check of a compacted copy of the store."""
    copy = machine.copy_tree(store(shape), machine.data_dir() / "settled.nines")
    settled = measure("settle", shape=shape, dir=copy)
    results = measure("count", shape=shape)["results"]
    shutil.rmtree(copy)
    return settled["disk_bytes"] / results


def appended_a_second(gate, runs, count, **arguments):
    """Results a second into a new store, of 100 servers in turn."""
    path = machine.data_dir() / "appended.nines"

    def once():
        shutil.rmtree(path, ignore_errors=True)
        answer = measure("append", shape="T2", dir=path, count=count, **arguments)
        return answer["results"] / answer["ms"] * 1e3

    values = [gate.measure(once) for _ in range(runs)]
    shutil.rmtree(path)
    return values


def loaded_a_second(gate, shape, runs):
    """Results a second by load() into a new store."""
    path = machine.data_dir() / "loaded.nines"

    def once():
        shutil.rmtree(path, ignore_errors=True)
        answer = measure("build", shape=shape, dir=path)
        return answer["loaded"] / answer["load_seconds"]

    values = [gate.measure(once) for _ in range(runs)]
    shutil.rmtree(path)
    return values


def opened_after_kill(shape, runs):
    """Milliseconds to open a store whose writer was killed after an hour of appends."""
    values = []
    for _ in range(runs):
        copy = machine.copy_tree(store(shape), machine.data_dir() / "killed.nines")
        measure("crash", check=False, shape=shape, dir=copy, minutes=60)
        answer = measure("open", shape=shape, dir=copy)
        if not answer["recovered"]:
            raise machine.Failed("the killed store was closed after all")
        values.append(answer["open_ms"])
    shutil.rmtree(copy)
    return values


def longest_wait(shape, runs):
    """Milliseconds that one append waited at most while retention dropped two thirds of the store and compacted it."""
    values = []
    for _ in range(runs):
        copy = machine.copy_tree(store(shape), machine.data_dir() / "waited.nines")
        values.append(measure("wait", shape=shape, dir=copy, keep=10)["longest_ms"])
    shutil.rmtree(copy)
    return values


def opened(gate, shape, runs):
    """Milliseconds to open a store that was closed."""
    return [gate.measure(lambda: measure("open", shape=shape, dir=store(shape)))["open_ms"] for _ in range(runs)]


def resident(shape, runs):
    """Resident bytes of a process that has the store open and a day in the head."""
    return [measure("dashboard", shape=shape, dir=store(shape), runs=3)["resident_bytes"] for _ in range(runs)]


#: What is measured, in the order of the table: text, target, unit, how, and whether more is better.
FIGURES = [
    ("dashboard of the last 24 h, warm, T2", 0.6, "ms", lambda gate, n: warm(gate, "dashboard", "T2", n), "lower"),
    ("dashboard of the last 24 h, warm, T3", 7, "ms", lambda gate, n: warm(gate, "dashboard", "T3", n), "lower"),
    ("the same from chunks only, T2", 1.0, "ms", lambda gate, n: warm(gate, "dashboard", "T2", n, head=0), "lower"),
    ("the same from chunks only, T3", 13, "ms", lambda gate, n: warm(gate, "dashboard", "T3", n, head=0), "lower"),
    ("fresh process, page cache dropped, opening included, T2", 60, "ms", lambda gate, n: cold(gate, "T2", n), "lower"),
    ("90 daily bars of all servers from summaries, T2", 3, "ms", lambda gate, n: warm(gate, "bars", "T2", n), "lower"),
    ("90 daily bars of all servers from chunks, T2", 40, "ms",
     lambda gate, n: warm(gate, "bars", "T2", n, **{"from": "results"}), "lower"),
    ("one server's 90 days of raw results, warm", 2, "ms", lambda gate, n: warm(gate, "raw", "T2", n), "lower"),
    ("bytes on disk a check, settled, T2", 3.4, "B", lambda _, n: [settled_bytes("T2")], "lower"),
    ("append one result, `process`", 100_000, "/s", lambda gate, n: appended_a_second(gate, n, 100_000, batch=1),
     "higher"),
    ("append in batches of 100, `process`", 200_000, "/s",
     lambda gate, n: appended_a_second(gate, n, 400_000, batch=100),
     "higher"),
    ("bulk load of sorted history, T2", 4e6, "/s", lambda gate, n: loaded_a_second(gate, "T2", n), "higher"),
    ("longest wait of an append while two thirds of the store are dropped and compacted, T3", 50, "ms",
     lambda _, n: longest_wait("T3", n), "lower"),
    ("open after a clean close, T3", 250, "ms", lambda gate, n: opened(gate, "T3", n), "lower"),
    ("open after kill -9, T3", 1000, "ms", lambda _, n: opened_after_kill("T3", n), "lower"),
    ("resident memory, T3 open, a day in the head", 200e6, "B", lambda _, n: resident("T3", n), "lower"),
]


def run(options):
    """All rows. With options.quick one run each and only of T2."""
    gate = OpenGate() if options.quick else NoiseGate(budget_s=300)
    rows = options.found["figures"] = []
    for what, target, unit, how, better in FIGURES:
        if options.quick and "T3" in what:
            continue
        options.say(what)
        try:
            rows.append(row(what, target, unit, how(gate, 1 if options.quick else RUNS), better))
        except machine.Failed as error:
            rows.append({"what": what, "target": target, "unit": unit, "better": better, "failed": str(error)})
        options.keep()
    if not options.quick:
        options.found["witness"] = {"fastest_ms": gate.fastest_ms, "repeated": gate.repeated,
                                    "kept_slow": gate.kept_slow}
    return rows
