#!/usr/bin/env python3
"""Measures this tree, and the systems one would use instead, and keeps the figures for bench/report.py.

    bench/run.py                     everything, into build/bench-data/results.json
    bench/run.py figures peers       only these sections
    bench/run.py --quick --size T1   a short look, to see that all of it works

The data lies in $NINES_BENCH_DIR (default build/bench-data). A whole run builds it anew, by this tree; a part builds
what is missing.
A quiet machine gives figures worth keeping: everything measured is pinned to one processor, and needs it alone.
"""

import argparse
import importlib
import json
import pathlib
import shutil
import sys
import time

from harness import machine

SECTIONS = ["machine", "figures", "limits", "peers", "growth", "scale", "story", "prober", "command", "suites"]


def section(name, options):
    """Measures one section."""
    if name == "machine":
        return machine.describe()
    return importlib.import_module(f"harness.{name}").run(options)


def forget_data():
    """Removes stores and files that an earlier tree may have built. Other files in the folder stay."""
    for pattern in ("*.nines", "*.csv", "*.expected.json", "*.unfinished", "peer-*"):
        for path in machine.data_dir().glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def keep(found, path):
    """Writes all figures; a run that ends here has lost none."""
    path.with_suffix(".unfinished").write_text(json.dumps(found, indent=1), encoding="utf-8")
    path.with_suffix(".unfinished").rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS) + " (default: all)")
    parser.add_argument("--build", type=pathlib.Path, default=machine.BUILD, help="build directory, Release")
    parser.add_argument("--size", default="T2", help="history that is asked of other systems: T1, T2 (default), ...")
    parser.add_argument("--only", default="", help="of the other systems only these, separated by commas")
    parser.add_argument("--quick", action="store_true", help="one run of everything; the figures mean little")
    parser.add_argument("--growth", action="store_true", help="short for the section growth")
    parser.add_argument("--keep-data", action="store_true", help="a whole run, too, uses the stores that are there")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if options.growth:
        options.sections.append("growth")
    machine.BUILD = options.build.resolve()
    if not options.sections and not options.keep_data:
        forget_data()
    begin = time.time()
    options.say = lambda text: print(f"[{time.time() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    results_path = machine.data_dir() / "results.json"
    # A whole run is a whole of its own; a part takes the place of that part.
    options.found = {}
    if options.sections and results_path.exists():
        options.found = json.loads(results_path.read_text(encoding="utf-8"))
    options.keep = lambda: keep(options.found, results_path)
    options.run_at = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    failures = 0
    for name in options.sections or SECTIONS:
        options.say(f"== {name}")
        begin_of_section = time.time()
        try:
            options.found[name] = section(name, options)
        except (machine.Failed, OSError, ValueError, KeyError) as error:
            # What was measured before stays; the report names what is missing.
            options.say(f"{name} failed: {error}")
            options.found.setdefault("failures", {})[name] = f"{type(error).__name__}: {error}"
            failures += 1
        else:
            options.found.setdefault("failures", {}).pop(name, None)
            options.found.setdefault("made", {})[name] = f"{machine.commit()}, {options.run_at} UTC"
            options.found.setdefault("seconds", {})[name] = round(time.time() - begin_of_section)
        options.keep()
    options.say(f"figures are in {results_path}; bench/report.py makes RESULTS.md of them")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except machine.Failed as error:
        sys.exit(f"bench/run.py: {error}")
