#!/usr/bin/env python3
"""What the C API and the Python binding cost over the C++ API.

    bench/c/overhead.py --build build/release

Instructions of the same task through either API, counted by callgrind; each is run with less and with more of the work,
and the difference is the work. A dashboard's bars are read one by one in both, where they lie. Reading 90 days of a server as arrays is timed, in C++ and in Python with numpy: the
fastest of many, as other work on the machine only ever adds. Most of that time goes to memory for the arrays, which one
process may have kept from the read before and the other given back: look at whether Python is slower, not at how much
faster it is.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

#: task: (less, more)
TASKS = {"append": (2000, 6000), "batch": (50, 250), "dashboard": (3, 23), "read": (2, 22)}
READS = 30


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{words[0]}: {done.stderr.strip()}")
    return done


def instructions(program, api, task, template, times):
    with tempfile.TemporaryDirectory(prefix="nines-overhead-") as folder:
        store = pathlib.Path(folder) / "store"
        shutil.copytree(template, store)
        done = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, api, task, store, times)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def python_seconds(store, bindings, library):
    os.environ["NINES_LIBRARY"] = str(library)
    sys.path.insert(0, str(bindings))
    import nines  # pylint: disable=import-outside-toplevel

    if nines.numpy is None:
        sys.exit("the Python part needs numpy; './dev deps test' installs it")
    begin = 1_767_268_800_000
    best = float("inf")
    with nines.open(str(store)) as opened:
        for _ in range(READS):
            started = time.perf_counter()
            columns = opened.scan(1, (begin, begin + 90 * 86_400_000))
            best = min(best, time.perf_counter() - started)
            assert len(columns) == 90 * 1440
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    program = build / "bench" / "nines_c_overhead"
    with tempfile.TemporaryDirectory(prefix="nines-overhead-") as folder:
        template = pathlib.Path(folder) / "filled"
        run(program, "fill", "none", template, 0)
        for task, (less, more) in TASKS.items():
            count = {}
            for api in ("cpp", "c"):
                totals = [instructions(program, api, task, template, times) for times in (less, more)]
                count[api] = (totals[1] - totals[0]) / (more - less)
            print(f"{task:10} {count['cpp']:14,.0f} instructions in C++ {count['c']:14,.0f} in C "
                  f"{100 * (count['c'] / count['cpp'] - 1):+6.2f} %", flush=True)
        fastest = float(run(program, "cpp", "read", template, READS).stdout)
        python = python_seconds(template, pathlib.Path(__file__).resolve().parents[2] / "tools/bindings/python",
                                build / "tools/src/c/libnines.so")
        print(f"90 days    {fastest * 1000:8.2f} ms in C++ {python * 1000:8.2f} ms in Python  {python / fastest:.2f} times")


if __name__ == "__main__":
    main()
