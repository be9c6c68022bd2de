#!/usr/bin/env python3
"""Measures the page of `nines serve` over a store of the history's size T3, as its clients see it.

    bench/page.py                            1,000 servers x 30 days, in build/bench-data/page.nines
    bench/page.py --servers 20 --days 14     a small one
    bench/page.py --seconds 2                a short look

Prints a table for people and, with --json FILE, keeps the figures. Every request offers `br, gzip`, as browsers do. The
server is pinned to the first processor and the clients to the last, so a machine with one processor measures both.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENCODINGS = {"Accept-Encoding": "br, gzip"}


class Serve:
    """A `nines serve` on a free port."""

    def __init__(self, program, store):
        self.process = subprocess.Popen(
            [program, "serve", "--db", store, "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
        )
        line = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if not found:
            sys.exit(f"bench/page.py: nines serve does not start: {line}{self.process.stderr.read()}")
        self.port = int(found[1])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def ask(connection, path):
    """How long a whole answer takes, in ms, and its bytes."""
    begin = time.perf_counter()
    connection.request("GET", path, headers=ENCODINGS)
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - begin) * 1e3
    if answer.status != 200:
        sys.exit(f"bench/page.py: {path} is answered {answer.status}: {body[:200]!r}")
    return took, len(body)


def fresh(serve, path, rounds):
    """The median of answers that are worked out anew: further apart than the second that one is kept. With it their
    bytes, and the processor time that the server took for each, which means something on a busy machine too.
    """
    connection = serve.connect()
    times = []
    before = serve.cpu_seconds()
    for _ in range(rounds):
        took, size = ask(connection, path)
        times.append(took)
        time.sleep(1.1)
    return statistics.median(times), size, (serve.cpu_seconds() - before) * 1e3 / rounds


def kept(serve, path, rounds):
    """The median of answers that are there already."""
    connection = serve.connect()
    ask(connection, path)
    return statistics.median(ask(connection, path)[0] for _ in range(rounds))


def load(serve, path, seconds, clients):
    """Answers a second to so many connections that ask without a pause, and what of the processor the server took.

    The answers are read as bytes, without HTTP's library, which would be what is measured.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: br, gzip\r\n\r\n".encode()
    end = time.monotonic() + seconds
    counts = [0] * clients

    def run(index):
        with socket.create_connection(("127.0.0.1", serve.port)) as plain:
            buffer = bytearray(1 << 20)
            while time.monotonic() < end:
                plain.sendall(request)
                got = plain.recv_into(buffer)
                head = bytes(buffer[:got]).split(b"\r\n\r\n", 1)
                length = int(re.search(rb"Content-Length: (\d+)", head[0])[1])
                left = length - len(head[1])
                while left > 0:
                    left -= plain.recv_into(buffer)
                counts[index] += 1

    before = serve.cpu_seconds()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, (serve.cpu_seconds() - before) / seconds


def crowd(serve, idle, slow):
    """The slowest of a hundred answers while connections idle and others send a byte now and then."""
    held = []
    refused = 0
    for i in range(idle + slow):
        try:
            each = socket.create_connection(("127.0.0.1", serve.port), timeout=5)
        except OSError:
            refused += 1
            continue
        if i >= idle:
            each.sendall(b"GET / HTTP/1.1\r\n")
        held.append(each)
    times = []
    for round_ in range(100):
        for each in held[-slow:] if round_ % 10 == 0 else []:
            try:
                each.sendall(b"X")
            except OSError:
                pass  # its place was given to another
        connection = serve.connect()
        times.append(ask(connection, "/-/healthy")[0])
        times.append(ask(connection, "/")[0])
        connection.close()
        time.sleep(0.02)
    for each in held:
        each.close()
    return max(times), statistics.median(times), refused


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build/release/tools/nines", type=pathlib.Path)
    parser.add_argument("--store", default=ROOT / "build/bench-data/page.nines", type=pathlib.Path)
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10, help="of each load")
    parser.add_argument("--rounds", type=int, default=7, help="of what is worked out anew")
    parser.add_argument("--idle", type=int, default=5000)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not options.store.exists():
        options.store.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [options.program, "demo", "--db", options.store, "--servers", str(options.servers), "--days", str(options.days)],
            check=True,
        )
    # A client of the crowd is a descriptor here and one there.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    serve = Serve(str(options.program), str(options.store))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = {}

    last = ""

    def say(name, value, unit, wish=""):
        nonlocal last
        last = name if not name.startswith("of it") else last
        found[name if name == last else f"{last}: {name}"] = value
        print(f"| {name} | {value:,.{0 if value >= 100 else 1}f} {unit} | {wish} |", flush=True)

    print(f"| {options.servers} servers x {options.days} days | measured | wish |\n|---|---|---|")
    try:
        say("resident when it has started", serve.resident_mb(), "MB")
        took, size = ask(serve.connect(), "/")
        say("first overview", took, "ms")
        day, size, day_cpu = fresh(serve, "/", options.rounds)
        say("overview, worked out", day, "ms", "25")
        say("of it processor time", day_cpu, "ms")
        say("overview, bytes", size / 1000, "KB", "120")
        say("overview, kept", kept(serve, "/", 50), "ms", "3")
        for window in ("30d", "90d"):
            _, _, cpu = fresh(serve, f"/?window={window}", options.rounds)
            say(f"processor time of the {window} overview, as a share of the day's", cpu / max(day_cpu, 0.1), "x", "1.5")
        for window in ("24h", "90d"):
            took, _, cpu = fresh(serve, f"/server/site-0001?window={window}", options.rounds)
            say(f"server page of {window}", took, "ms", "10")
            say("of it processor time", cpu, "ms")
        took, _, cpu = fresh(serve, "/metrics", options.rounds)
        say("metrics", took, "ms")
        say("of it processor time", cpu, "ms")
        rate, cpu = load(serve, "/", options.seconds, 4)
        say("overviews a second", rate, "", "2,000")
        say("processors that this took", cpu, "")
        worst, median, refused = crowd(serve, options.idle, options.slow)
        say(f"slowest answer beside {options.idle} idle and {options.slow} slow clients", worst, "ms", "50")
        say("the median of these", median, "ms")
        say("resident after all of this", serve.resident_mb(), "MB", "100")
    finally:
        serve.stop()
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
