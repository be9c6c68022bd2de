#!/usr/bin/env python3
"""A thousand servers down at once: when the alerts leave, and whom a slow receiver delays.

    bench/alerts.py [--build DIR] [--servers N] [--slow-s SECONDS]

`nines run` checks N servers on one port every two seconds; then the port is closed. Two receivers are told: one that
answers at once, and one that takes its time. Prints one JSON object; seconds are from the begin of the check that
confirmed an outage, as the message has it, to the arrival of the message.
"""

import argparse
import asyncio
import datetime
import json
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from harness import machine


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def parse_time(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


class Receiver:
    """Takes alerts, `pause_s` each; `delays` has the seconds from the confirming check to the arrival."""

    def __init__(self, pause_s):
        self.pause_s, self.delays, self.arrived = pause_s, [], []

    async def serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            body = json.loads(await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0])))
            if body["event"] == "down":
                self.arrived.append(time.time())
                self.delays.append(self.arrived[-1] - parse_time(body["time"]))
            await asyncio.sleep(self.pause_s)
            writer.write(b"HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side hung up, or all is over
        finally:
            writer.close()


async def answer(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def wait_until(done, seconds):
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        await asyncio.sleep(0.05)
    return done()


async def measure(options, folder):
    site = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    receivers = {"quick": Receiver(0), "slow": Receiver(options.slow_s)}
    ports = {}
    for name, receiver in receivers.items():
        ports[name] = (await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=4096)).sockets[0].getsockname()[1]
    port, page = site.sockets[0].getsockname()[1], free_port()
    configuration = {
        "servers": [{"name": f"server {i}", "url": f"http://127.0.0.1:{port}/{i}", "interval": "2s", "timeout": "1s",
                     "confirm": {"failures": 2}} for i in range(options.servers)],
        "alerts": [{"name": name, "webhook": f"http://127.0.0.1:{ports[name]}/", "timeout": "30s"} for name in ports],
        "prober": {"start-rate": 1000, "max-in-flight-per-host": 2000},
        "store": {"path": str(folder / "db")}, "web": {"listen": f"127.0.0.1:{page}"}}
    (folder / "nines.yaml").write_text(json.dumps(configuration), encoding="ascii")  # JSON is YAML
    with open(folder / "log", "wb") as log:
        nines = subprocess.Popen([machine.BUILD / "tools" / "nines", "run", "--config", folder / "nines.yaml"], stderr=log,
                                 preexec_fn=machine.end_with_parent)
    try:
        up = lambda: (folder / "log").read_text(encoding="utf-8").count(" is up since") >= options.servers
        if not await wait_until(up, 60):
            raise machine.Failed("not every server came up")
        site.close()
        quick = receivers["quick"]
        if not await wait_until(lambda: len(quick.delays) >= options.servers, 120):
            raise machine.Failed(f"{len(quick.delays)} of {options.servers} alerts came")
        told_by_the_slow = len(receivers["slow"].delays)
    finally:
        nines.send_signal(signal.SIGKILL)
        nines.wait()
    delays = sorted(quick.delays)
    return {"servers": options.servers, "slow_s": options.slow_s, "told_to_the_slow_one": told_by_the_slow,
            "median_s": statistics.median(delays), "p99_s": delays[int(len(delays) * 0.99)], "max_s": delays[-1],
            "over_1_s": sum(delay > 1 for delay in delays), "spread_s": max(quick.arrived) - min(quick.arrived)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=machine.BUILD, help="build directory, Release")
    parser.add_argument("--servers", type=int, default=1000)
    parser.add_argument("--slow-s", type=float, default=2)
    options = parser.parse_args()
    machine.BUILD = options.build.resolve()
    with tempfile.TemporaryDirectory(prefix="nines-alerts-") as folder:
        print(json.dumps(asyncio.run(measure(options, pathlib.Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
