#!/usr/bin/env python3
"""Makes bench/RESULTS.md and its plots of what bench/run.py measured.

    bench/report.py [RESULTS.json] [--out FOLDER]

Reads $NINES_BENCH_DIR/results.json (default build/bench-data) and writes RESULTS.md and plots/*.svg into bench/.
Sections that were not measured are left out.
"""

import argparse
import json
import pathlib
import sys

from harness import machine, plot, words

#: How far ahead of the best peer nines has to be, by what: text, key, how many times, whether more is better.
DEMANDS = [
    ("dashboard", "dashboard", 10, False),
    ("90 daily bars, against those that compute from results", "days", 30, False),
    ("bytes a check", "bytes_a_check", 1.05, False),
    ("bulk ingest", "load_a_second", 1.0, True),
    ("single acknowledged appends that survive the process", "append.process", 2, True),
    ("single acknowledged appends that survive a power cut", "append.disk", None, True),
]


def number(value):
    """Three digits that matter, and thousands apart."""
    if value >= 1000:
        return f"{round(value, 2 - len(str(int(value))) + 1):,.0f}".replace(",", " ")
    return f"{value:.3g}"


def size(value):
    """Bytes for people."""
    return f"{number(value / 1e6)} MB" if value < 1e9 else f"{number(value / 1e9)} GB"


def quantity(value, unit):
    return size(value) if unit == "B" and value > 1000 else f"{number(value)} {unit}"


def scatter(figure):
    """Median and quartiles."""
    if figure["runs"] < 3:
        return number(figure["median"])
    return f"{number(figure['median'])} ({number(figure['low'])}–{number(figure['high'])})"


def table(heads, rows, left=1):
    """A table whose first `left` columns are texts."""
    rule = [":---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [heads, rule, *rows])


def machine_section(found):
    rows = [("commit", f"`{found['commit']}`"), ("measured", found["time"]),
            ("processor", f"{found['processor']}, {found['processors']} seen, one used"),
            ("memory", f"{size(found['memory_bytes'])}, read at {number(found['read_bytes_a_second'] / 1e9)} GB/s by one "
                       f"processor"),
            ("system", f"{found['kernel']}, files on {found['file_system']}"), ("compiler", found["compiler"]),
            ("packages", ", ".join(found["packages"])),
            ("load at the beginning", ", ".join(f"{value:.2f}" for value in found["load"]))]
    return "## The machine\n\n" + table(["", ""], rows, left=2)


def figures_section(found):
    rows = []
    for figure in found:
        less = figure["better"] == "lower"
        target = ("≤ " if less else "≥ ") + quantity(figure["target"], figure["unit"])
        if "failed" in figure:
            rows.append((figure["what"], target, figure["failed"], ""))
            continue
        met = figure["median"] <= figure["target"] if less else figure["median"] >= figure["target"]
        spread = "" if figure["runs"] < 3 else f"{quantity(figure['low'], figure['unit'])} – {quantity(figure['high'], figure['unit'])}"
        rows.append((figure["what"], target, f"**{quantity(figure['median'], figure['unit'])}**" + ("" if met else " ✗"), spread))
    return "## The figures\n\n" + words.FIGURES + "\n\n" + table(["what", "target", "measured", "quartiles"], rows)


def story_section(found):
    reference = min(run["ms"] for told in found["told"] if told["database"] == "nines" for run in told["runs"])
    rows = []
    for told in found["told"]:
        if "missing" in told:
            rows.append((told["database"], f"skipped: {told['missing']}", "", "", "", ""))
            continue
        if not told["runs"]:
            rows.append((told["database"], told["form"], "did not finish", "", "", ""))
            continue
        spread = machine.spread([run["ms"] for run in told["runs"]])
        last = told["runs"][-1]
        wrong = f" (wrong: {'; '.join(last['wrong'])})" if last["wrong"] else ""
        rows.append((told["database"], told["form"] + wrong, scatter(spread), size(last["peak_bytes"]), f"{last['rows']:,}".replace(",", " "),
                     f"{number(spread['median'] / reference)} ×"))
    heads = ["", "the dashboard by", "ms", "memory", "rows to the caller", "to nines"]
    return (f"## The story, at {found['size']}\n\n" + words.STORY.format(sqlalchemy=found["sqlalchemy"]) + "\n\n"
            + table(heads, rows, left=2))


def metric(system, key):
    """The number that is compared; None when the system has none."""
    key, _, level = key.partition(".")
    value = system.get(key)
    if level:
        return value.get(level) if value else None
    return value["median"] if isinstance(value, dict) else value


def cell(system, key, show):
    value = system.get(key)
    return show(value) if value is not None else "–"


def appends(levels):
    return ", ".join(f"{number(value)} ({level})" for level, value in levels.items())


def peers_section(found):
    """The table, how far ahead nines is, what the answers are worth, and who was skipped."""
    measured = [system for system in found["systems"] if "dashboard" in system]
    heads = ["", "dashboard, ms", "daily bars, ms", "raw history, ms", "bulk load, /s", "single append, /s", "B a check",
             "memory", "start, ms"]
    rows = []
    for system in measured:
        rows.append((f"{system['name']} {system['version']}", cell(system, "dashboard", scatter), cell(system, "days", scatter),
                     cell(system, "raw", scatter), cell(system, "load_a_second", number), cell(system, "append", appends),
                     cell(system, "bytes_a_check", number), cell(system, "resident_bytes", size),
                     cell(system, "start_ms", number)))
        if "days_from_results" in system:
            rows.append(("nines, daily bars from results", "", scatter(system["days_from_results"]), "", "", "", "", "", ""))
    parts = [f"## Beside other systems, at {found['size']}\n\n{words.PEERS}", table(heads, rows), ahead(measured)]
    parts.append("### What they answer\n\n" + table(["", "settings", "answers", "remarks"], [
        (system["name"], system["settings"], answers(system), " ".join(system["notes"])) for system in measured], left=4))
    runs = {system.get("run", "") for system in measured}
    if len(runs) > 1:
        parts.insert(1, f"Not all of one run ({', '.join(sorted(runs))} UTC): ratios hold as far as the machine was as quiet.")
    skipped = [f"- {system['name']}: {system.get('missing') or system.get('failed')}" for system in found["systems"]
               if "dashboard" not in system]
    if skipped:
        parts.append("Not measured:\n\n" + "\n".join(skipped))
    return "\n\n".join(parts)


def answers(system):
    """Equal, or what is not."""
    dashboard = system["dashboard_answers"]
    unequal = [f"{part} {verdict}" for part, verdict in dashboard.items() if verdict != "equal"]
    for part, key in (("daily bars", "days_answers"), ("raw history", "raw_answers")):
        if system.get(key, "not answered") != "equal":
            unequal.append(f"{part} {system.get(key, 'not answered')}")
    return "all equal" if not unequal else "; ".join(unequal)


def ahead(measured):
    """For each demand: the best peer, the ratio, and where nines is not ahead."""
    nines, peers = measured[0], measured[1:]
    rows = []
    for what, key, demand, more in DEMANDS:
        values = {peer["name"]: metric(peer, key) for peer in peers if metric(peer, key) is not None}
        if not values:
            continue
        best = (max if more else min)(values, key=values.get)
        ratio = metric(nines, key) / values[best] if more else values[best] / metric(nines, key)
        missed = demand is not None and ratio < demand
        rows.append((what, best, f"{demand:g} ×" if demand else "", f"**{number(ratio)} ×**" + (" ✗" if missed else "")))
    text = "### How far ahead\n\n" + table(["", "best of the others", "wanted", "measured"], rows, left=2)
    return text + "\n\n" + better_elsewhere(nines, peers)


def better_elsewhere(nines, peers):
    """Where a peer is better, by name, and why."""
    lines = []
    for what, key, more in (("raw history", "raw", False), ("memory", "resident_bytes", False), ("start", "start_ms", False),
                            *((what, key, more) for what, key, _, more in DEMANDS)):
        mine = metric(nines, key)
        for peer in peers:
            theirs = metric(peer, key)
            if theirs is None or mine is None or (theirs <= mine if more else theirs >= mine):
                continue
            reason = words.WHY.get((peer["name"].split(",")[0], key)) or words.WHY.get(key, "")
            lines.append(f"- {what}: {peer['name']} is better ({number(theirs)} to {number(mine)}). {reason}".rstrip())
    return "### Where another is better\n\n" + ("\n".join(lines) if lines else "Nowhere in this table.")


def growth_section(found, folder):
    parts = ["## How cost grows\n\n" + words.GROWTH]
    for series in found:
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
        heads = [axis, "results", "dashboard, ms", "from chunks only, ms", "daily bars, ms", "open, ms", "memory", "B a check"]
        parts.append(f"By {axis}; {fixed}.\n\n" + table(heads, [
            (number(point["x"]), number(point["results"]), scatter(point["dashboard_ms"]),
             scatter(point["dashboard_from_chunks_ms"]), scatter(point["days_ms"]), scatter(point["open_ms"]),
             size(point["resident_bytes"]["median"]), number(point["disk_bytes"] / point["results"]))
            for point in series["points"]]))
    return "\n\n".join(parts)


def duration(nanoseconds):
    """In the unit that leaves one to three digits before the point."""
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= factor:
            return f"{number(nanoseconds / factor)} {unit}"
    return f"{number(nanoseconds)} ns"


def suites_section(found):
    parts = ["## The suites\n\n" + words.SUITES]
    for name, suite in found.items():
        rows = [(f"`{one['name']}`", duration(one["ns"]["median"]), f"{duration(one['ns']['low'])} – {duration(one['ns']['high'])}",
                 number(one["items_a_second"]["median"]) if one["items_a_second"] else "") for one in suite]
        parts.append(f"### {name}\n\n" + table(["", "median", "quartiles", "items a second"], rows))
    return "\n\n".join(parts)


def limits_section(found):
    rows = []
    for one in found["distances"]:
        how = {"head": "chunks only", "from": "from chunks"}.get(next(iter(one["how"]), ""), "from the head")
        question = {"dashboard": "dashboard", "bars": "daily bars"}[one["question"]]
        rows.append((f"{question}, {how}, {one['shape']}", scatter(one["nines_ms"]), scatter(one["plain_ms"]),
                     f"{scatter(one['ratio'])} ×"))
    streamed_ms = found["dashboard_bytes"] / found["read_bytes_a_second"] * 1e3
    bits = found["bits_a_latency"]
    more = [
        ("information of a latency", f"{bits:.2f} bits = {bits / 8:.2f} B"),
        ("information of a time (±50 ms, 101 values)", "6.66 bits = 0.83 B"),
        ("both together", f"{bits / 8 + 0.83:.2f} B"),
        (f"stored a check, everything included, {found['size']}", f"{found['bytes_a_check']:.2f} B"),
        (f"reading the dashboard's {number(found['dashboard_results'])} results once from memory, {found['size']}",
         f"{number(streamed_ms)} ms"),
    ]
    return ("## Distance to the limit\n\n" + words.LIMITS + "\n\n" + table(["", "nines, ms", "plain loop, ms", "ratio"], rows)
            + "\n\n" + table(["", ""], more))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=pathlib.Path, default=machine.data_dir() / "results.json")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent)
    options = parser.parse_args()
    if not options.results.exists():
        sys.exit(f"bench/report.py: {options.results} is missing; bench/run.py writes it")
    found = json.loads(options.results.read_text(encoding="utf-8"))
    sections = [("machine", machine_section), ("figures", figures_section), ("story", story_section),
                ("peers", peers_section), ("growth", lambda series: growth_section(series, options.out)),
                ("limits", limits_section), ("suites", suites_section)]
    parts = [words.TITLE] + [make(found[name]) for name, make in sections if name in found] + [words.MEANING]
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "RESULTS.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
