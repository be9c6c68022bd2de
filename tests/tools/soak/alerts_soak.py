#!/usr/bin/env python3
"""`nines run` with faults injected at random; its alerts are compared with those of a naive model.

    alerts_soak.py NINES [--seconds N] [--seed S] [--stalled-disk LIBRARY] [--keep FOLDER]

Servers of ours fail at random, for moments and for longer; receivers of alerts fail too; and the program itself is
killed, stopped, suspended, reloaded, left without descriptors, memory or disk. In the end everything is well again,
and these must agree: what each receiver was told, what model.py says of the stored results, what the API and the log say,
and what the servers did.
Prints one JSON object; ends with 1 when something does not agree.
"""

import argparse
import bisect
import csv
import datetime
import io
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import model
from site_under_test import FAILURES, Receiver, Site, Target

INTERVAL_MS, TIMEOUT_MS, SLOW_S = 1000, 800, 0.5
SERVERS = 24
#: By how much a crash blurs what was judged and what was stored: the results of one batch, and the rechecks behind it.
CRASH_BLUR_MS = 6000
#: What may lie between the moment that a server changes and the moment that its change is seen by a check under way.
EDGE_MS = TIMEOUT_MS + 300
DESCRIPTORS_LEFT = 0


def parse_time(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Nines:
    """The program under test, and what was done to it: `crashes` and `troubles` have (begin, end) in seconds."""

    def __init__(self, options, folder):
        self.options, self.folder, self.process = options, folder, None
        self.crashes, self.troubles, self.counts = [], [], {}
        self.page = free_port()

    def start(self):
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder)}
        if self.options.stalled_disk:
            environment |= {"LD_PRELOAD": str(self.options.stalled_disk), "STALLED_DISK": str(self.stall_file())}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.options.nines.resolve(), "run", "--config", self.folder / "nines.yaml"], stderr=log, stdout=log,
                env=environment)
        for _ in range(400):
            if self.process.poll() is not None:
                raise SystemExit(f"nines ended with {self.process.returncode}; {self.folder}/log says why")
            if self.metrics() is not None:
                return
            time.sleep(0.05)
        raise SystemExit("nines does not answer")

    def stall_file(self):
        return self.folder / "data" / "stalled"

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/metrics", timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def incidents(self, server):
        """All outages of a server as the API tells them, oldest first."""
        found, cursor = [], None
        while True:
            query = {"window": f"{int(self.options.seconds) + 3600}s", "limit": 100} | ({"cursor": cursor} if cursor else {})
            path = f"http://127.0.0.1:{self.page}/api/v1/servers/{server}/incidents?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(path, timeout=30) as answer:
                page = json.load(answer)
            found += page["incidents"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found[::-1]

    def stop(self, number):
        self.process.send_signal(number)
        code = self.process.wait(120)
        if number == signal.SIGTERM and code != 0:
            raise SystemExit(f"nines ended with {code} when it was asked to stop; {self.folder}/log says why")

    def do(self, what, rng):
        """One misfortune, from its begin to its end."""
        begin = time.time()
        length = rng.uniform(1, 6)
        if what in ("kill", "stop"):
            self.stop(signal.SIGKILL if what == "kill" else signal.SIGTERM)
            time.sleep(rng.choice([0, rng.uniform(0, 5)]))
            self.start()
        elif what == "suspend":
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(length)
            self.process.send_signal(signal.SIGCONT)
        elif what == "reload":
            self.process.send_signal(signal.SIGHUP)
        elif what == "descriptors":
            pid = self.process.pid
            former = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS_LEFT, former[1]))
            time.sleep(length)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, former)
        elif what == "memory":
            pid = self.process.pid
            former = resource.prlimit(pid, resource.RLIMIT_AS)
            pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
            resource.prlimit(pid, resource.RLIMIT_AS, (pages * resource.getpagesize(), former[1]))
            time.sleep(length)
            resource.prlimit(pid, resource.RLIMIT_AS, former)
        elif what == "disk":
            self.stall_file().touch()
            time.sleep(length)
            self.stall_file().unlink()
        self.counts[what] = self.counts.get(what, 0) + 1
        (self.crashes if what == "kill" else self.troubles).append((begin, time.time()))


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.rng = random.Random(options.seed)
        self.site = Site()
        self.targets = [Target(self.site, f"server-{i}", SLOW_S) for i in range(SERVERS)]
        self.rules = {target.name: (self.rng.choice([1, 2, 2, 3]), self.rng.choice([1, 1, 2])) for target in self.targets}
        self.receivers = {"hook": Receiver(self.site), "slow": Receiver(self.site, 0.5), "all": Receiver(self.site)}
        self.nines = Nines(options, folder)
        (folder / "data").mkdir()
        (folder / "nines.yaml").write_text(self.configuration(), encoding="ascii")
        self.wrong = []

    def configuration(self):
        servers = [
            {"name": target.name, "url": f"http://127.0.0.1:{target.port}/", "interval": f"{INTERVAL_MS}ms",
             "timeout": f"{TIMEOUT_MS}ms", "expect": {"body-contains": "all ok", "latency-below": f"{int(SLOW_S * 900)}ms"},
             "confirm": {"failures": self.rules[target.name][0], "successes": self.rules[target.name][1]}}
            for target in self.targets]
        alerts = [{"name": name, "webhook": f"http://127.0.0.1:{receiver.port}/", "timeout": "3s",
                   "on": ["down", "degraded"] if name == "all" else ["down"]}
                  for name, receiver in self.receivers.items()]
        alerts.append({"name": "command", "exec": ["/bin/sh", "-c", f"cat >> '{self.folder}/command'; echo >> '{self.folder}/command'"]})
        # JSON is YAML.
        return json.dumps({"servers": servers, "alerts": alerts, "store": {"path": str(self.folder / "data" / "db")},
                           "web": {"listen": f"127.0.0.1:{self.nines.page}"}}, indent=1)

    def misbehave(self):
        """What each server does next, second after second; and now and then a misfortune of the program or a receiver."""
        kinds = ["kill", "stop", "suspend", "reload", "descriptors", "memory"] + (["disk"] if self.options.stalled_disk else [])
        end = time.monotonic() + self.options.seconds
        next_change = {target: time.monotonic() + self.rng.uniform(0, 15) for target in self.targets}
        pace = min(40.0, self.options.seconds / 8)
        next_misfortune = time.monotonic() + self.rng.uniform(0.3, 1) * pace
        receiver_ends = []
        while time.monotonic() < end:
            time.sleep(0.05)
            now = time.monotonic()
            for target, when in next_change.items():
                if now < when:
                    continue
                if target.behaviour == "good":
                    target.become(self.rng.choice(FAILURES + ("slow", "slow")))
                    length = self.rng.choice([self.rng.uniform(0.2, 1.5), self.rng.uniform(2, 6), self.rng.uniform(6, 25)])
                else:
                    target.become("good")
                    length = self.rng.uniform(1, 40)
                next_change[target] = time.monotonic() + length
            for receiver, when in list(receiver_ends):
                if now >= when:
                    receiver.trouble = None
                    receiver_ends.remove((receiver, when))
            if now >= next_misfortune:
                if self.rng.random() < 0.3:
                    receiver = self.rng.choice(list(self.receivers.values()))
                    receiver.trouble = self.rng.choice([500, 503, 429, 408, "silent"])
                    receiver_ends.append((receiver, now + self.rng.uniform(1, 10)))
                else:
                    self.nines.do(self.rng.choice(kinds), self.rng)
                next_misfortune = time.monotonic() + self.rng.uniform(0.3, 1) * pace
        for receiver in self.receivers.values():
            receiver.trouble = None
        for target in self.targets:
            if target.behaviour != "good":
                target.become("good")

    def settle(self):
        """All is well; every message must arrive."""
        deadline = time.monotonic() + 60 + self.options.seconds / 4
        time.sleep(3 * INTERVAL_MS / 1000 + 2)
        while time.monotonic() < deadline:
            metrics = self.nines.metrics() or ""
            if "\nnines_alerts_pending 0\n" in metrics and "\nnines_alerts_open 0\n" in metrics:
                return
            time.sleep(0.5)
        self.wrong.append("messages are still owed, or incidents still open, though all has been well for long")

    def results(self):
        """The stored results of each server, in the order of time."""
        done = subprocess.run([self.options.nines.resolve(), "export", "--db", self.folder / "data" / "db", "--format", "csv"],
                              capture_output=True, text=True, check=True)
        found = {target.name: [] for target in self.targets}
        for row in csv.DictReader(io.StringIO(done.stdout)):
            moment = int(row["time_ms"]) if "time_ms" in row else parse_time(row["time"])
            found[row["server"]].append(model.Result(moment, row["state"], row["error"],
                                                     float(row["interval_s"] or 0) * 1000))
        return found

    def messages(self):
        """What each receiver has taken, without repetitions: a message that comes again has the same id."""
        taken = {name: [message for _, message in receiver.messages] for name, receiver in self.receivers.items()}
        path = self.folder / "command"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        taken["command"] = [json.loads(line) for line in lines if line]
        repeated = 0
        for name, messages in taken.items():
            unique = {}
            for message in messages:
                former = unique.setdefault(message["id"], message)
                if former != message:
                    self.wrong.append(f"{name} was told two things under the id {message['id']}")
                repeated += former is not message
            taken[name] = [unique[number] for number in sorted(unique)]
            for message in taken[name]:
                message["since_ms"], message["time_ms"] = parse_time(message["since"]), parse_time(message["time"])
        self.figures["repeated"] = repeated
        return taken

    def crashed_near(self, moment):
        return any(begin * 1000 - CRASH_BLUR_MS <= moment <= end * 1000 + CRASH_BLUR_MS
                   for begin, end in self.nines.crashes)

    def compare_alerts(self, results, messages):
        excused = due = 0
        for target in self.targets:
            failures, successes = self.rules[target.name]
            for name, mine in messages.items():
                for topic in ("down", "degraded") if name == "all" else ("down",):
                    expected = model.incidents(results[target.name], topic, failures, successes, TIMEOUT_MS)
                    got, wrong = model.told([m for m in mine if m["server"] == target.name and m["topic"] == topic])
                    strict = model.differences(expected, got, lambda _: False)
                    wrong += model.differences(expected, got, self.crashed_near)
                    self.wrong += [f"{target.name}, {topic}, {name}: {what}" for what in wrong]
                    due += len(expected)
                    excused += len(strict) - len(wrong) if len(strict) > len(wrong) else 0
        self.figures |= {"incidents_due": due, "blurred_by_crashes": excused}

    def compare_answers(self, results, answered):
        """The API and the log tell the outages that follow from the results, by the same begin."""
        log = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        for target in self.targets:
            expected = model.incidents(results[target.name], "down", *self.rules[target.name], TIMEOUT_MS)
            begins = [one.since for one in expected]
            told = [parse_time(incident["from"]) for incident in answered[target.name]]
            if told != begins:
                self.wrong.append(f"{target.name}: the API tells of {told}, the results of {begins}")
            for one, incident in zip(expected, answered[target.name]):
                if incident["end_seen"] and parse_time(incident["to"]) != one.end:
                    self.wrong.append(f"{target.name}: the API ends {one} at {incident['to']}")
            logged = [parse_time(moment) for moment in re.findall(f"nines: {target.name} is down since (\\S+Z)", log)]
            for moment in sorted(set(logged) ^ set(begins)):
                if not self.crashed_near(moment):
                    self.wrong.append(f"{target.name}: {moment} is in {'the log' if moment in logged else 'the results'} alone")
            self.figures["answers"] = self.figures.get("answers", 0) + len(told)

    def compare_truth(self, results):
        """No result says of a server what it was not; a long outage that nobody disturbed is there."""
        lags = sorted(self.site.lags)
        for target in self.targets:
            times = [moment * 1000 for moment, _ in target.history]
            words = [word for _, word in target.history]

            def seen(begin, end):
                first = max(0, bisect.bisect_right(times, begin) - 1)
                return set(words[first:bisect.bisect_right(times, end)])

            for result in results[target.name]:
                was = seen(result.time - 300, result.time + EDGE_MS)
                bad, good = was & set(FAILURES), was - set(FAILURES)
                if result.state == "down" and not bad:
                    lag = any(result.time - 1000 <= when * 1000 <= result.time + 2 * EDGE_MS for when, _ in lags)
                    if lag and "timeout" in result.error:
                        self.figures["starved"] += 1  # this machine's fault: our server came too late
                        continue
                    self.wrong.append(f"{target.name} was {was} at {result.time}, and is stored as down: {result.error}")
                if result.state in ("up", "degraded") and not good:
                    self.wrong.append(f"{target.name} was {was} at {result.time}, and is stored as {result.state}")
            failures, successes = self.rules[target.name]
            known = model.incidents(results[target.name], "down", failures, successes, TIMEOUT_MS)
            for (begin, word), (end, _) in zip(target.history[2::2], target.history[3::2]):
                needed = (failures + 1) * (INTERVAL_MS + TIMEOUT_MS) / 1000 + 1
                disturbed = any(b - 3 <= end and begin <= e + 5 for b, e in self.nines.crashes + self.nines.troubles)
                if word in FAILURES and end - begin > needed and not disturbed:
                    self.figures["long_outages"] += 1
                    if not any(one.since <= end * 1000 and begin * 1000 <= (one.end or 1e15) for one in known):
                        self.wrong.append(f"{target.name} was {word} from {begin} to {end}, and no outage is known")

    def run(self):
        self.figures = {"seed": self.options.seed, "seconds": self.options.seconds, "starved": 0, "long_outages": 0}
        self.nines.start()
        try:
            self.misbehave()
            self.settle()
            answered = {target.name: self.nines.incidents(target.name) for target in self.targets}
            self.nines.stop(signal.SIGTERM)
        finally:
            if self.nines.process.poll() is None:
                self.nines.process.kill()
                self.nines.process.wait()
        results, messages = self.results(), self.messages()
        self.compare_alerts(results, messages)
        self.compare_answers(results, answered)
        self.compare_truth(results)
        every = [result for rows in results.values() for result in rows]
        states = {state: sum(r.state == state for r in every) for state in ("up", "degraded", "down", "unknown")}
        self.figures |= {"results": len(every), "states": states, "misfortunes": self.nines.counts,
                         "messages": {name: len(taken) for name, taken in messages.items()}, "wrong": self.wrong}
        return self.figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nines", type=pathlib.Path, help="the program")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stalled-disk", type=pathlib.Path, help="library to preload, by which the disk is made to stall")
    parser.add_argument("--keep", type=pathlib.Path, help="empty folder for the store, the log and the configuration")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        figures = Soak(options, options.keep.resolve()).run()
    else:
        with tempfile.TemporaryDirectory(prefix="nines-alerts-soak-") as folder:
            figures = Soak(options, pathlib.Path(folder)).run()
    print(json.dumps(figures, indent=1))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
