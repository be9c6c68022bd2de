"""Servers of ours that the program checks, which keep a log of who asked them when; and the comparison with what is stored.

What was asked for and answered must be stored once, and nothing else may be stored as an answer, but for times in which the
program was killed, stood still, had a wrong clock, or had nothing to check with: there it may know nothing, and no more.
"""

import bisect
import datetime
import random
import socket
import threading
import time

from site_under_test import FAILURES, Site, Target

INTERVAL_MS, TIMEOUT_MS = 1000, 900
STEADY, CHANGING = 8, 3
#: From a request until its result is in the program's queue, on a machine that is busy.
EDGE_S = 1.0


class Asked(Target):
    def __init__(self, site, name):
        self.asked = []
        super().__init__(site, name, 0.05)

    async def _serve(self, reader, writer):
        if self.behaviour in ("good", "slow"):
            self.asked.append(time.time())
        await super()._serve(reader, writer)

    def behaviour_near(self, moment):
        """Whether it changed about then: what it did may have been of either kind."""
        return any(abs(when - moment) < TIMEOUT_MS / 1000 for when, _ in self.history[1:])


class Probed:
    def __init__(self, machine, wrong):
        self.machine, self.wrong = machine, wrong
        self.site = Site()
        self.targets = [Asked(self.site, f"steady-{i}") for i in range(STEADY)]
        self.targets += [Asked(self.site, f"changing-{i}") for i in range(CHANGING)]
        self.reference_target = Target(self.site, "reference", 0.05)
        self.began = time.time()
        self.clouded = []  # (begin, end) in which results may be missing
        self.open_since = None
        self.figures = {"asked": 0, "stored": 0, "excused": 0, "starved": 0}
        threading.Thread(target=self._change, daemon=True).start()

    @staticmethod
    def free_port():
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            return found.getsockname()[1]

    def configuration(self):
        return [{"name": target.name, "url": f"http://127.0.0.1:{target.port}/", "interval": f"{INTERVAL_MS}ms",
                 "timeout": f"{TIMEOUT_MS}ms", "expect": {"body-contains": "all ok"}} for target in self.targets]

    def reference(self):
        return f"http://127.0.0.1:{self.reference_target.port}/"

    def _change(self):
        rng = random.Random(1)
        while True:
            time.sleep(rng.uniform(0.5, 8))
            target = rng.choice(self.targets[STEADY:])
            target.become(rng.choice([one for one in FAILURES if one != "silent"]) if target.behaviour == "good" else "good")

    # What makes a time one of which nothing need be known.

    def _open(self, since):
        self.open_since = min(since, self.open_since) if self.open_since is not None else since

    def crashes(self, since):
        """It is about to be killed; what was asked since `since` may not have reached the store."""
        self._open(since)

    def starts_suffering(self):
        self._open(time.time() - EDGE_S)

    clock_changes = network_goes = starts_suffering

    def is_well_again(self):
        if self.open_since is not None:
            # What was under way when the limits went may still be counted by them.
            self.clouded.append((self.open_since - EDGE_S, time.time() + TIMEOUT_MS / 1000 + 4 * EDGE_S))
            self.open_since = None

    def _is_clouded(self, moment):
        at = bisect.bisect_right(self.clouded, (moment, float("inf"))) - 1
        # They may overlap, but each is at most as long as a misfortune; the few before are looked at.
        return any(begin <= moment <= end for begin, end in self.clouded[max(0, at - 8):at + 2])

    def compare(self, exported):
        """Of the whole history, as CSV."""
        self.clouded.sort()
        stored = {target.name: [] for target in self.targets}
        for line in exported.splitlines()[1:]:
            server, moment, state, _ = line.split(",", 3)
            if server in stored:
                when = datetime.datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
                stored[server].append((when.timestamp(), state, line))
        for target in self.targets:
            self._compare_one(target, stored[target.name])

    def _compare_one(self, target, stored):
        answered = [(moment, line) for moment, state, line in stored if state in ("up", "degraded")]
        times = [moment for moment, _ in answered]
        taken = set()
        asked = sorted(target.asked)
        self.figures["asked"] += len(asked)
        self.figures["stored"] += len(answered)
        for moment in asked:
            # The result's time is that of the check's beginning.
            first = bisect.bisect_left(times, moment - TIMEOUT_MS / 1000 - EDGE_S)
            last = bisect.bisect_right(times, moment + 0.05)
            free = [i for i in range(first, last) if i not in taken]
            if free:
                taken.add(free[-1])
            elif self._is_clouded(moment) or target.behaviour_near(moment):
                self.figures["excused"] += 1
            else:
                self.wrong.append(f"{target.name} was asked at {moment} and nothing is stored of it")
        for i, (moment, line) in enumerate(answered):
            # Results of a wrong clock stand elsewhere.
            if i not in taken and self.began <= moment <= time.time() and not self._is_clouded(moment):
                self.wrong.append(f"{target.name} was not asked, and this is stored: {line}")
        if target.name.startswith("steady"):
            for moment, state, line in stored:
                if state == "down":
                    if any(moment - 2 <= when <= moment + TIMEOUT_MS / 1000 + 2 for when, _ in self.site.lags) and "timeout" in line:
                        self.figures["starved"] += 1  # this machine's fault: our server came too late
                    else:
                        self.wrong.append(f"{target.name} was never down, and this is stored: {line}")
