"""The part of RESULTS.md about the other systems: the table, how far ahead nines is, what their answers are worth."""

from . import words
from .text import number, scatter, size, table

#: How far ahead of the best peer nines has to be, by what: text, key, how many times, whether more is better.
DEMANDS = [
    ("dashboard", "dashboard", 10, False),
    ("90 daily bars, against those that compute from results", "days", 30, False),
    ("bytes a check", "bytes_a_check", 1.05, False),
    ("bulk ingest", "load_a_second", 1.0, True),
    ("single acknowledged appends that the process's death may take", "append.buffered", 2, True),
    ("single acknowledged appends that survive the process", "append.process", 2, True),
    ("single acknowledged appends that survive a power cut, of the same minute", "append.disk", 2, True),
]


def metric(system, key):
    """The number that is compared; None when the system has none."""
    key, _, level = key.partition(".")
    value = system.get(key)
    if level:
        value = value.get(level) if value else None
    return value["median"] if isinstance(value, dict) else value


def cell(system, key, show):
    value = system.get(key)
    return show(value) if value is not None else "–"


def appends(levels):
    return ", ".join(f"{number(value['median'])} ({level})" for level, value in levels.items())


def section(found):
    """The table, how far ahead nines is, what the answers are worth, and who was skipped."""
    measured = [system for system in found["systems"] if "start_ms" in system and "dashboard" in system]
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
    parts = [f"## Beside other systems, at {found['size']}\n\n{words.PEERS}", table(heads, rows)]
    if measured and measured[0]["name"] == "nines":
        parts += [ahead(measured), synced(measured)]
    parts.append("### What they answer\n\n" + table(["", "settings", "answers", "remarks"], [
        (system["name"], system["settings"], answers(system), " ".join(system["notes"])) for system in measured], left=4))
    runs = {system.get("run", "") for system in measured}
    if len(runs) > 1:
        parts.insert(1, f"Not all of one run ({', '.join(sorted(runs))} UTC): ratios hold as far as the machine was as quiet.")
    skipped = [f"- {system['name']}: {system.get('missing') or system.get('failed')}" for system in found["systems"]
               if system not in measured]
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


def mine_beside(nines, peer, key):
    """What nines does: syncs depend on the moment more than on the system, so those of the peer's own minute count."""
    if key == "append.disk" and "beside" in peer:
        return peer["beside"]["nines"]["median"]
    return metric(nines, key)


def lead(nines, peer, key, more):
    """How many times better than a peer nines is."""
    ratio = mine_beside(nines, peer, key) / metric(peer, key)
    return ratio if more else 1 / ratio


def synced(measured):
    """Appends that survive a power cut, each system beside nines and a plain file of the same minute."""
    rows = [(peer["name"], scatter(peer["append"]["disk"]), scatter(peer["beside"]["nines"]), scatter(peer["beside"]["file"]),
             f"{number(lead(measured[0], peer, 'append.disk', True))} ×") for peer in measured[1:] if "beside" in peer]
    if not rows:
        return ""
    heads = ["", "its appends, /s", "nines at `disk`, /s", "plain file, /s", "nines to it"]
    return "### Appends that survive a power cut\n\n" + words.SYNCED + "\n\n" + table(heads, rows)


def ahead(measured):
    """For each demand: the best peer, the ratio, and where nines is not ahead."""
    nines, peers = measured[0], measured[1:]
    rows = []
    for what, key, demand, more in DEMANDS:
        ratios = {peer["name"]: lead(nines, peer, key, more) for peer in peers if metric(peer, key) is not None}
        if not ratios:
            continue
        best = min(ratios, key=ratios.get)
        ratio = ratios[best]
        missed = demand is not None and ratio < demand
        rows.append((what, best, f"{demand:g} ×" if demand else "", f"**{number(ratio)} ×**" + (" ✗" if missed else "")))
    text = "### How far ahead\n\n" + table(["", "best of the others", "wanted", "measured"], rows, left=2)
    if any("✗" in row[3] for row in rows):
        text += "\n\n" + words.NOT_AHEAD
    return text + "\n\n" + better_elsewhere(nines, peers)


def milliseconds(value):
    return f"{number(value)} ms"


#: How figures are written in a sentence; what is not here is so many a second.
SHOWN = {"resident_bytes": size, "bytes_a_check": lambda value: f"{number(value)} B", "raw": milliseconds,
         "start_ms": milliseconds, "dashboard": milliseconds, "days": milliseconds}


def better_elsewhere(nines, peers):
    """Where a peer is better, by name, and why."""
    lines = []
    for what, key, more in (("raw history", "raw", False), ("memory", "resident_bytes", False), ("start", "start_ms", False),
                            *((what, key, more) for what, key, _, more in DEMANDS)):
        show = SHOWN.get(key, lambda value: f"{number(value)} /s")
        for peer in peers:
            mine, theirs = mine_beside(nines, peer, key), metric(peer, key)
            if theirs is None or mine is None or (theirs <= mine if more else theirs >= mine):
                continue
            reason = words.WHY.get((peer["name"].split(",")[0], key)) or words.WHY.get(key, "")
            lines.append(f"- {what}: {peer['name']} is better ({show(theirs)} to {show(mine)}). {reason}".rstrip())
    return "### Where another is better\n\n" + ("\n".join(lines) if lines else "Nowhere in this table.")
