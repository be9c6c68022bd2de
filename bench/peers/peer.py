"""What all systems have in common that are measured beside nines: the work, the questions, and the comparison.

A peer is a program of its own in this folder: `python3 PEER.py JOB.json` does the work on the data that the job names
and prints one JSON object. It is run by harness/peers.py on one processor, its server included.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import machine  # pylint: disable=wrong-import-position

DAY_MS = 86_400_000
WINDOW_MS = DAY_MS
BARS = 48
#: No outage of the histories is longer.
LOOKBACK_MS = 2 * 3_600_000
TIMEOUT_MS = 10_000


class Job:
    """The data and how much to do with it."""

    def __init__(self, path):
        job = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        self.directory = pathlib.Path(job["directory"])
        self.csv = pathlib.Path(job["csv"])
        self.input = self.directory / "input"  # what prepare() writes; not part of disk_bytes()
        self.runs = job["runs"]
        self.tools = job.get("tools", {})
        self.expected = json.loads(pathlib.Path(job["expected"]).read_text(encoding="utf-8"))
        self.servers = len(self.expected["dashboard"])
        self.from_ms = self.expected["from_ms"]
        self.now_ms = self.expected["now_ms"]
        self.window_ms = self.now_ms - WINDOW_MS
        self.holds_ms = self.expected["interval_ms"] * 5 // 2 + TIMEOUT_MS
        self.results = sum(raw[0] for raw in self.expected["raw"])


def rows(job):
    """The CSV: (server, time, state, latency or None), as numbers."""
    with open(job.csv, encoding="utf-8") as file:
        next(file)
        for line in file:
            server, time_ms, state, latency, _ = line.split(",", 4)
            yield int(server), int(time_ms), int(state), int(latency) if latency else None


class Peer:
    """One system. Times in ms since 1970, latencies in us, states as in the CSV (1 up, 2 degraded, 3 down)."""

    name = ""
    #: What one should know to judge the figures, a sentence each.
    notes = []

    def __init__(self, job):
        self.job = job

    def missing(self):
        """Why it cannot be measured here; None when it can."""
        return None

    def version(self):
        return ""

    def settings(self):
        """What differs from its defaults."""
        return "defaults"

    def clear(self, create=True):
        """Removes what it has stored, and makes its directory anew."""
        shutil.rmtree(self.job.directory, ignore_errors=True)
        if create:
            self.job.directory.mkdir(parents=True)

    def start(self):
        """Starts it on the job's directory, until it answers."""

    def stop(self):
        """Stops it in the orderly way."""

    def prepare(self):
        """Writes the results in the form that it reads, when that is not CSV. Not measured."""

    def load(self):
        """All results of the CSV, in the fastest way its documentation tells."""
        raise NotImplementedError

    def settle(self):
        """Waits until its files are in their final form, where it has such a thing. Not measured."""

    def dashboard(self):
        """A list of dicts as in the expected answers; keys that it cannot answer are left out."""
        raise NotImplementedError

    def days(self):
        """A list of lists of bars, as in the expected answers."""
        raise NotImplementedError

    def raw(self, server):
        """All results of a server, fetched into the client, in whatever form it gives them."""
        raise NotImplementedError

    def raw_rows(self, fetched, server):  # pylint: disable=unused-argument
        """What raw() returned as (time, state, latency or None), ascending by time. Not measured."""
        return fetched

    def append_levels(self):
        """How safe single appends can be asked to be: "process" and "disk" as in nines."""
        return ["process"]

    def append(self, level, rows):
        """Appends each row of (server, time, state, latency, code, error, detail) by itself, acknowledged."""
        raise NotImplementedError

    def server_pid(self):
        """The process whose memory counts; None for this one."""
        return None

    def disk_bytes(self):
        own = self.job.input.stat().st_size if self.job.input.exists() else 0
        return machine.tree_bytes(self.job.directory) - own


def difference(answer, expected, scale=1):
    """None when equal; the greatest difference of numbers, relative to the greatest number beside them (a bar's time in
    a state to the bar, not to itself); or "differs" when the shapes do."""
    if isinstance(expected, list):
        if not isinstance(answer, (list, tuple)) or len(answer) != len(expected):
            return "differs"
        scale = max([abs(e) for e in expected if isinstance(e, (int, float))], default=1)
        found = [difference(a, e, scale) for a, e in zip(answer, expected)]
        return max_difference(found)
    if isinstance(expected, (int, float)) and isinstance(answer, (int, float)):
        return None if answer == expected else abs(answer - expected) / max(1, scale, abs(expected))
    return None if answer == expected else "differs"


def max_difference(found):
    """The worst of differences."""
    found = list(found)
    return "differs" if "differs" in found else max((one for one in found if one is not None), default=None)


def raw_sums(rows_of_server):
    """As `raw` in the expected answers: number, sum of times, sums of states and latencies by their number."""
    count = times = states = latencies = 0
    for count, (time_ms, state, latency) in enumerate(rows_of_server, 1):
        times += time_ms
        states += count * state
        latencies += count * (latency or 0)
    return [count, times, states, latencies]


def compare(answers, expected):
    """For each part of a dashboard: "equal", "within x %", "differs" or "not answered"."""
    parts = {}
    for key in expected[0]:
        if key not in answers[0]:
            parts[key] = "not answered"
            continue
        found = difference([answer[key] for answer in answers], [answer[key] for answer in expected])
        parts[key] = verdict(found)
    return parts


def verdict(found):
    """A difference in words."""
    if found is None:
        return "equal"
    if isinstance(found, str):
        return found
    percent = max(0.01, found * 100)
    return f"within {percent:.0f} %" if percent >= 10 else f"within {percent:.2g} %"


def new_rows(job, count):
    """Results that follow the history, as they would come."""
    for i in range(count):
        server = i % job.servers + 1
        yield (server, job.now_ms + (1 + i // job.servers) * 60_000 + server % 1000, 1, 80_000 + i % 1000, 200, 0, "")


def bars_from_rows(rows, job, from_ms, width_ms, count):
    """Bars from rows (server, bucket, up, degraded, down, checks, failed, latencies, sum, max); unknown is the rest."""
    servers = [[[0, 0, 0, min(width_ms, job.now_ms - from_ms - i * width_ms), 0, 0, 0, 0, 0] for i in range(count)]
               for _ in range(job.servers)]
    for server, bucket, up, degraded, down, checks, failed, latencies, total, greatest in rows:
        bar = servers[server - 1][bucket]
        bar[:3] = [int(up), int(degraded), int(down)]
        bar[3] -= sum(bar[:3])
        bar[4:] = [int(checks), int(failed), int(latencies), int(total or 0), int(greatest or 0)]
    return servers


def dashboard_from_parts(job, bars, percentiles, incidents, last):
    """Whole answers: sums over the bars, and rows (server, min, p50, p95, p99), (server, from, to, failed), (server,
    state)."""
    answers = []
    for server in bars:
        total = [sum(bar[i] for bar in server) for i in range(8)]
        answers.append({"checks": total[4], "failed": total[5], "time_ms": total[:4],
                        "latency": [total[6], total[7], 0, max(bar[8] for bar in server)], "percentiles": [0, 0, 0],
                        "last": None, "incidents": [], "bars": server})
    for server, least, *ranks in percentiles:
        answers[server - 1]["latency"][2] = least
        answers[server - 1]["percentiles"] = list(ranks)
    for server, begin, end, failed in incidents:
        answers[server - 1]["incidents"].append([begin, None if end >= job.now_ms else end, failed])
    for server, state in last:
        answers[server - 1]["last"] = {0: "unknown", 1: "up", 2: "degraded", 3: "down"}[state]
    return answers


class Http:
    """Requests to a server on the loopback interface over one connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, method, path, body=None, headers=None):
        """The body of the answer; Failed unless the status is 2xx."""
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        text = response.read()
        if response.status // 100 != 2:
            raise machine.Failed(f"{path.split('?')[0]}: {response.status} {text[:300].decode(errors='replace')}")
        return text

    def answers(self, path):
        """Whether a request is answered at all; for Server.wait_until()."""
        try:
            self.ask("GET", path)
        except (machine.Failed, http.client.HTTPException):
            self.connection.close()
            return False
        except OSError:
            self.connection.close()
            raise
        return True

    def post_file(self, path, file, part_bytes=32 << 20):
        """Posts a file of lines in parts of whole lines."""
        with open(file, "rb") as lines:
            while part := lines.read(part_bytes):
                self.ask("POST", path, part + lines.readline())


class Server:
    """A server process on the loopback interface, stopped by its process id."""

    def __init__(self, command, log, **options):
        self.log = open(log, "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([*map(str, command)], stdout=self.log, stderr=self.log,  # pylint: disable=consider-using-with
                                        stdin=subprocess.DEVNULL, **options)

    def wait_until(self, ready, seconds=60):
        """Polls `ready()`, which may raise OSError, until it is true."""
        for _ in range(seconds * 200):
            if self.process.poll() is not None:
                raise machine.Failed(f"it ended with {self.process.returncode}; see {self.log.name}")
            with contextlib.suppress(OSError):
                if ready():
                    return
            time.sleep(0.005)
        raise machine.Failed(f"it did not answer within {seconds} s; see {self.log.name}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def wait_for_rest(path, seconds=120):
    """Returns when the size of a directory has not changed for three seconds."""
    before, since = -1, time.monotonic()
    end = since + seconds
    while time.monotonic() < end:
        now = machine.tree_bytes(path)
        if now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since > 3:
            return
        time.sleep(0.2)


def free_port():
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measured_reads(peer, job, figures):
    """The three questions, each compared with the right answers."""
    answers = []
    figures["dashboard"], answers = machine.repeat(peer.dashboard, job.runs)
    figures["dashboard_answers"] = compare(answers, job.expected["dashboard"])
    if type(peer).days is not Peer.days:
        figures["days"], answers = machine.repeat(peer.days, max(1, job.runs // 2))
        figures["days_answers"] = verdict(difference(answers, job.expected["days"]))
    if type(peer).raw is not Peer.raw:
        figures["raw"], _ = machine.repeat(lambda: peer.raw(1), job.runs)
        some = sorted({1, (job.servers + 1) // 2, job.servers})
        answers = [raw_sums(peer.raw_rows(peer.raw(server), server)) for server in some]
        # Each sum is compared by itself: beside one of times every other would look small.
        figures["raw_answers"] = verdict(max_difference(
            difference(mine, right) for answer, server in zip(answers, some)
            for mine, right in zip(answer, job.expected["raw"][server - 1])))


def measured_appends(peer, job, figures):
    """Single acknowledged appends a second, at each level: five times about a third of a second."""
    figures["append"] = {}
    rows = new_rows(job, 10_000_000)

    def rate(level, count):
        batch = [next(rows) for _ in range(count)]
        return count / machine.timed(lambda: peer.append(level, batch))[0] * 1e3

    for level in peer.append_levels():
        rate(level, 50)
        count = max(50, min(20_000, round(rate(level, 100) / 3)))
        figures["append"][level] = machine.spread([rate(level, count) for _ in range(5)])


def work(peer, job):
    """Everything that is measured of a peer."""
    figures = {"name": peer.name, "version": peer.version(), "settings": peer.settings(), "notes": peer.notes}
    peer.clear()
    try:
        peer.prepare()
        peer.start()
        elapsed, _ = machine.timed(peer.load)
        figures["load_a_second"] = job.results / elapsed * 1e3
        peer.settle()
        peer.stop()
        figures["bytes_a_check"] = peer.disk_bytes() / job.results
        figures["start_ms"], _ = machine.timed(peer.start)
        measured_reads(peer, job, figures)
        figures["resident_bytes"] = machine.resident_bytes(peer.server_pid() or os.getpid())
        if type(peer).append is not Peer.append:
            measured_appends(peer, job, figures)
    finally:
        peer.stop()
        peer.clear(create=False)
    return figures


def main(kind):
    """Runs a peer on the job that the command line names. Asked to stop, it stops its server first."""
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    job = Job(sys.argv[1])
    peer = kind(job)
    reason = peer.missing()
    figures = {"name": peer.name, "missing": reason} if reason else work(peer, job)
    print(json.dumps(figures))
