#!/usr/bin/env python3
"""Makes bench/RESULTS.md and its plots of what bench/run.py measured.

    bench/report.py [RESULTS.json] [--out FOLDER]

Reads $NINES_BENCH_DIR/results.json (default build/bench-data) and writes RESULTS.md and plots/*.svg into bench/.
Sections that were not measured are left out.
"""

import argparse
import json
import math
import pathlib
import sys

from harness import machine, peers_report, plot, words
from harness.text import duration, number, quantity, scatter, size, spaced, table


def machine_section(found):
    rows = [("commit", f"`{found['commit']}`"), ("measured", found["time"]),
            ("processor", f"{found['processor']}, {found['processors']} seen, one used"),
            ("memory", f"{size(found['memory_bytes'])}, read at {number(found['read_bytes_a_second'] / 1e9)} GB/s by one "
                       f"processor"),
            ("system", f"{found['kernel']}, files on {found['file_system']}"), ("compiler", found["compiler"]),
            ("packages", ", ".join(found["packages"])),
            ("load at the beginning", ", ".join(f"{value:.2f}" for value in found["load"]))]
    return "## The machine\n\n" + table(["", ""], rows, left=2)


def parts_section(made):
    """Which parts are of another commit or moment than the machine's table; "" when it is one run."""
    others = {}
    for name, moment in made.items():
        if moment != made.get("machine", moment):
            others.setdefault(moment, []).append(name)
    lines = [f"- {', '.join(names)}: {moment}" for moment, names in others.items()]
    return "Measured again later:\n\n" + "\n".join(lines) if lines else ""


def failures_section(found):
    """What this run could not measure; "" when there is nothing."""
    if not found:
        return ""
    return "## Not measured\n\n" + "\n".join(f"- {name}: {why}" for name, why in found.items())


def figures_section(found):
    rows = []
    for figure in found:
        less = figure["better"] == "lower"
        target = ("≤ " if less else "≥ ") + quantity(figure["target"], figure["unit"])
        if "failed" in figure:
            rows.append((figure["what"], target, figure["failed"], ""))
            continue
        met = figure["median"] <= figure["target"] if less else figure["median"] >= figure["target"]
        median, low, high = (quantity(figure[key], figure["unit"]) for key in ("median", "low", "high"))
        rows.append((figure["what"], target, f"**{median}**" + ("" if met else " ✗"),
                     "" if figure["runs"] < 3 else f"{low} – {high}"))
    text = "## The figures\n\n" + words.FIGURES + "\n\n" + table(["what", "target", "measured", "quartiles"], rows)
    return text + ("\n\n" + words.MISSED if any("✗" in row[2] for row in rows) else "")


def witness_section(found):
    """How calm the machine was while the figures above were measured."""
    return (f"At its fastest the plain loop (T2, the dashboard) took {quantity(found['fastest_ms'], 'ms')}. "
            f"{found['repeated']} measurements were made again, {found['kept_slow']} are from a slow moment after all.")


def story_section(found):
    reference = min(run["ms"] for told in found["told"] if told["database"] == "nines" for run in told["runs"])
    rows = []
    for told in found["told"]:
        if "missing" in told:
            rows.append((told["database"], f"skipped: {told['missing']}", "", "", "", "", ""))
            continue
        if not told["runs"]:
            rows.append((told["database"], told["form"], "did not finish", "", "", "", ""))
            continue
        spread = machine.spread([run["ms"] for run in told["runs"]])
        last = told["runs"][-1]
        wrong = f" (wrong: {'; '.join(last['wrong'])})" if last["wrong"] else ""
        rows.append((told["database"], told["form"] + wrong, scatter(spread), size(last["peak_bytes"]),
                     spaced(last["touched"]), spaced(last["rows"]), f"{number(spread['median'] / reference)} ×"))
    heads = ["", "the dashboard by", "ms", "memory", "rows touched", "of these to the caller", "to nines"]
    return (f"## The story, at {found['size']}\n\n" + words.STORY.format(sqlalchemy=found["sqlalchemy"]) + "\n\n"
            + table(heads, rows, left=2))


def growth_section(found, folder):
    parts = ["## How cost grows\n\n" + words.GROWTH]
    for series in found:
        if len(series["points"]) < 2:
            continue
        xs = [point["x"] for point in series["points"]]
        fixed = ", ".join(f"{value} {words.AXES[key]}" for key, value in series["fixed"].items())
        lines = [(name, [point[key]["median"] for point in series["points"]]) for name, key in
                 (("dashboard", "dashboard_ms"), ("from chunks only", "dashboard_from_chunks_ms"), ("daily bars", "days_ms"),
                  ("open", "open_ms"))]
        axis = words.AXES[series["what"]]
        path = folder / "plots" / f"growth-{series['what'].removesuffix('_s')}.svg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(plot.plot(f"Cost by {axis}", axis, "ms", xs, lines), encoding="utf-8")
        parts.append(f"![Cost by {axis}](plots/{path.name})")
        heads = [axis, "results", "dashboard, ms", "from chunks only, ms", "daily bars, ms", "open, ms", "memory",
                 "B a check, log included"]
        parts.append(f"By {axis}; {fixed}.\n\n" + table(heads, [
            (number(point["x"]), number(point["results"]), scatter(point["dashboard_ms"]),
             scatter(point["dashboard_from_chunks_ms"]), scatter(point["days_ms"]), scatter(point["open_ms"]),
             size(point["resident_bytes"]["median"]), number(point["disk_bytes"] / point["results"]))
            for point in series["points"]]))
    return "\n\n".join(parts)


def scale_section(found):
    """What many servers and disorder cost, against the targets; a shape without targets is shown all the same."""
    targets = {(10_000, 60): (0.6e9, 150e6, 300, 80), (10_000, 10): (3e9, None, None, None),
               (100_000, 60): (5e9, 400e6, 2000, None)}
    rows = []

    def row(what, limit, measured, show, less=True):
        met = limit is None or (measured <= limit if less else measured >= limit)
        target = "" if limit is None else ("≤ " if less else "≥ ") + show(limit)
        rows.append((what, target, f"**{show(measured)}**" + ("" if met else " ✗")))

    def milliseconds(value):
        return f"{number(value)} ms"

    for day in found["live"]:
        written, resident, opened, scan = targets.get((day["servers"], day["interval_s"]), (None,) * 4)
        of = f"{spaced(day['servers'])} servers x {day['interval_s']} s"
        row(f"{of}: bytes written a day", written, day["written_bytes_a_day"], size)
        row(f"{of}: resident memory", resident, day["resident_bytes"], size)
        row(f"{of}: opening after a kill", opened, day["open_ms"]["median"], milliseconds)
        row(f"{of}: a scan of their last 24 hours", scan, day["scan_ms"], milliseconds)
    percent = lambda value: f"{number(value * 100)} %"
    times = lambda value: f"{number(value)} ×"
    if "drop" in found:
        row("dropping the oldest day: written, of the store", 0.02, found["drop"]["written_ratio"], percent)
        row("dropping the oldest day: space beside the store", 0.03, max(found["drop"]["extra_ratio"], 0), percent)
    for batches, appends in found.get("syncs", {}).items():
        of = {"one": "a server each", "overlapping": "batches of the same servers"}[batches]
        row(f"appends a sync, 32 threads, {of}", 12, appends, number, less=False)
    if "disorder" in found:
        straight = found["disorder"]["straight"]["us_each"]["median"]
        for order, limit, what in (("swapped", 4, "swapped in pairs"), ("twice", 4, "each repeated"),
                                   ("ahead", 1.2, "behind one that is 23 h ahead")):
            row(f"an append, {what}, to one in order", limit, found["disorder"][order]["us_each"]["median"] / straight, times)
    return "## Many servers, and disorder\n\n" + words.SCALE + "\n\n" + table(["", "target", "measured"], rows)


def suite_row(one):
    name = f"`{one['name']}`"
    if "failed" in one:
        return name, f"failed: {one['failed']}", "", ""
    rate = number(one["items_a_second"]["median"]) if one["items_a_second"] else ""
    return name, duration(one["ns"]["median"]), f"{duration(one['ns']['low'])} – {duration(one['ns']['high'])}", rate


def suites_section(found):
    parts = ["## The suites\n\n" + words.SUITES]
    for name, suite in found.items():
        if "failed" in suite:
            parts.append(f"### {name}\n\nIt failed: {suite['failed']}")
            continue
        parts.append(f"### {name}\n\n" + table(["", "median", "quartiles", "items a second"], map(suite_row, suite)))
    return "\n\n".join(parts)


def limits_section(found):
    """One table: what nines does, what would be possible, and the ratio."""
    rows = []
    for one in found["distances"]:
        how = {"head": "chunks only", "from": "from chunks"}.get(next(iter(one["how"]), ""), "from the head")
        question = {"dashboard": "dashboard", "bars": "daily bars"}[one["question"]]
        rows.append((f"{question}, {how}, {one['shape']}", "plain loop over arrays", f"{scatter(one['nines_ms'])} ms",
                     f"{scatter(one['plain_ms'])} ms", f"{scatter(one['ratio'])} ×"))
    for one in found["distances"]:
        if one["question"] != "dashboard" or one["how"]:
            continue
        results = found["dashboard_results"][one["shape"]]
        floor_ms = results * found["bytes_a_result"] / found["read_bytes_a_second"] * 1e3
        rows.append((f"dashboard, from the head, {one['shape']}", f"reading its {number(results)} results once from memory",
                     f"{number(one['nines_ms']['median'])} ms", f"{number(floor_ms)} ms",
                     f"{number(one['nines_ms']['median'] / floor_ms)} ×"))
    information = (found["bits_a_latency"] + math.log2(101)) / 8
    rows.append((f"a check stored, everything included, {found['size']}",
                 f"information of its latency ({found['bits_a_latency']:.2f} bits) and time ({math.log2(101):.2f} bits)",
                 f"{found['bytes_a_check']:.2f} B", f"{information:.2f} B", f"{found['bytes_a_check'] / information:.2f} ×"))
    return ("## Distance to the limit\n\n" + words.LIMITS + "\n\n"
            + table(["", "limit", "nines", "the limit", "ratio"], rows, left=2))


def prober_section(found):
    """The prober at work, against its targets; what failed is said in its place."""
    rows = []

    def row(part, what, target, value, show, less=True):
        figures = found.get(part, {})
        if "failed" in figures or "missing" in figures:
            rows.append((what, target, figures.get("failed") or figures["missing"]))
        elif figures:
            measured = value(figures)
            limit = float(target.split()[1]) if target else None
            met = limit is None or (measured <= limit if less else measured >= limit)
            rows.append((what, target, f"**{show(measured)}**" + ("" if met else " ✗")))

    row("load", "checks a minute asked for, one second apart each", "", lambda f: f["checks_a_minute"], number)
    row("load", "one processor's share, 60,000 a minute", "≤ 25 %", lambda f: f["core_share"] * 100, lambda v: f"{number(v)} %")
    row("load", "processor time a check", "", lambda f: f["us_a_check"], lambda v: f"{number(v)} µs")
    row("bare", "the same transfers by libcurl and epoll alone", "", lambda f: f["us_a_check"], lambda v: f"{number(v)} µs")
    if "us_a_check" in found.get("load", {}) and "us_a_check" in found.get("bare", {}):
        row("load", "the prober to those", "≤ 1 ×", lambda f: f["us_a_check"] / found["bare"]["us_a_check"],
            lambda v: f"{number(v)} ×")
    row("load", "resident memory", "≤ 150 MB", lambda f: f["resident_bytes"] / 1e6, lambda v: f"{number(v)} MB")
    row("load", "a check begins after its time, p99", "≤ 5 ms", lambda f: f["lag_p99_us"] / 1e3, lambda v: f"{number(v)} ms")
    row("hanging", "the same while 500 targets hang until their timeout", "≤ 5 ms", lambda f: f["lag_p99_us"] / 1e3,
        lambda v: f"{number(v)} ms")
    row("burst", "memory held by a burst of 1,000 checks", "≤ 200 MB", lambda f: f["peak_bytes"] / 1e6,
        lambda v: f"{number(v)} MB")
    row("alerts", "an alert arrives after the check that confirmed, 1,000 servers down at once, p99", "≤ 1 s",
        lambda f: f["p99_s"], lambda v: f"{number(v)} s")
    row("blackbox", "processor time a check of a page, to blackbox_exporter", "≤ 0.5 ×",
        lambda f: f["page_us_a_check"]["nines"] / f["page_us_a_check"]["exporter"], lambda v: f"{number(v)} ×")
    row("blackbox", "the same, of the list of targets", "≤ 0.5 ×",
        lambda f: f["list_us_a_check"]["nines"] / f["list_us_a_check"]["exporter"], lambda v: f"{number(v)} ×")
    parts = ["## The prober\n\n" + words.PROBER.format(seconds=found["seconds"]),
             table(["", "target", "measured"], rows)]
    other = found.get("blackbox", {})
    if "targets" in other:
        parts.append(words.BLACKBOX.format(**other, bad=other["targets"] - other["good"]))
        differences = [(one["name"], "good" if one["right"] else "bad", "up" if one["nines"] else "down",
                        "up" if one["exporter"] else "down", one.get("why") or one["nines_error"])
                       for one in other["differences"]]
        if differences:
            parts.append(table(["target", "it is", "nines", "exporter", "who is right, and why"], differences, left=5))
    return "\n\n".join(parts)


def command_section(found):
    """Whole commands, against their targets."""
    rows = []
    for row in found["rows"]:
        target = row.get("target_ms")
        met = target is None or row["wall_ms"] <= target
        rows.append((row["what"], "" if target is None else f"≤ {number(target)} ms",
                     f"**{number(row['wall_ms'])} ms**" + ("" if met else " ✗"), f"{number(row['cpu_ms'])} ms"))
    return words.COMMAND.format(load=found["load"]) + "\n\n" + table(["", "target", "wall", "processor"], rows)


def report(found, folder):
    """The text of RESULTS.md, of whatever was measured; writes the plots into `folder`."""
    sections = [("machine", machine_section), ("made", parts_section), ("failures", failures_section), ("figures", figures_section),
                ("witness", witness_section), ("limits", limits_section), ("story", story_section), ("peers", peers_report.section),
                ("growth", lambda series: growth_section(series, folder)), ("scale", scale_section),
                ("prober", prober_section), ("command", command_section), ("suites", suites_section)]
    parts = [words.TITLE] + [make(found[name]) for name, make in sections if name in found] + [words.MEANING]
    return "\n\n".join(part for part in parts if part) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=pathlib.Path, default=machine.data_dir() / "results.json")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent)
    options = parser.parse_args()
    if not options.results.exists():
        sys.exit(f"bench/report.py: {options.results} is missing; bench/run.py writes it")
    found = json.loads(options.results.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "RESULTS.md").write_text(report(found, options.out), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
